# Needs python3 (3.11 or newer), make and, the first time, the package index. Everything lands in .venv and .data.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Some machines set it to a folder of another Python; ours are all in the environment.
unexport PYTHONPATH PYTHONHOME

.PHONY: run test lives check bench audits schema clean help
.DEFAULT_GOAL := help

help: ## show this
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

run: $(VENV)/.run ## serve the API and its worker, with a real PostgreSQL of its own and default plans, on http://127.0.0.1:8000
	@$(BIN)/tollgate serve --seed

test: $(VENV)/.dev ## run the tests
	$(BIN)/python -m pytest -q -n auto --dist loadfile $(TESTS)

lives: $(VENV)/.dev ## draw 10,000 random lives of customers and hold each against what the rules want (LIVES, SEED)
	$(BIN)/python -m tests.lives --lives $(or $(LIVES),10000) --seed $(or $(SEED),0) --jobs $$(nproc)

check: $(VENV)/.dev ## lint, format, types, imports, migration drift, schema drift
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --config .importlinter.toml
	$(BIN)/tollgate migrate --check
	$(BIN)/tollgate export-schema --check

bench: $(VENV)/.dev ## measure against bare routes and raw SQL, side by side; prints ratios
	$(BIN)/python -m bench

audits: $(VENV)/.dev ## run the published audits of GraphQL over HTTP (npm graphql-http); needs the npm registry once
	$(BIN)/python tests/audits/run.py

schema: $(VENV)/.run ## write schema.graphql from the code
	$(BIN)/tollgate export-schema

clean: ## remove what make made, but never the data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# The stamps are newer than the lock files, so a second run asks nobody. The development environment holds all of the
# other, so making it makes both.
$(VENV)/.run: requirements.lock $(VENV)/.made
	@echo "Installing what Tollgate needs (once, about 20 s) …"
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.made
	@echo "Installing what Tollgate and its tests need (once, about 40 s) …"
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(VENV)/.run

# Where Python came without ensurepip (Debian's python3 without python3-venv), its own pip fills the environment.
$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is not here; name a Python 3.11 or newer: make PYTHON=/path/to/python3"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Tollgate needs Python 3.11 or newer, $(PYTHON) is $$($(PYTHON) -V); name another: make PYTHON=/path/to/python3"; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) -V) …"
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { $(PYTHON) -m venv --clear --without-pip $(VENV) && $(PYTHON) -m pip --python $(BIN)/python install --disable-pip-version-check -q pip; }
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/python" -m tollgate "$$@"\n' > $(BIN)/tollgate
	@chmod +x $(BIN)/tollgate
	@$(BIN)/python -c 'import pathlib, sysconfig; pathlib.Path(sysconfig.get_path("purelib"), "tollgate.pth").write_text(str(pathlib.Path.cwd()))'
	@touch $@
