"""`python -m tollgate`."""

from tollgate.cli import main

raise SystemExit(main())
