"""Random lives of customers, held against what the rules want: laws 11 and 12.

    python -m tests.lives --lives 10000 --seed 0

A life is a text (`text`), drawn by a seed (`draw`), lived on the engine (`live`), and judged (`laws`) by a small
reference of its own (`reference`), which knows nothing of the code that bills.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "domain"))
