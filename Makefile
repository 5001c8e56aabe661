# Two commands do all the set-up: `make demo` and `make test`. Both start from Python >= 3.11 and make, nothing else.
PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
PACKAGES := contracts chassis services/intake services/validation services/linkage services/aggregation services/publication nation cli

.PHONY: help demo test unit lint bench bench-disclosure chaos lock clean

help: ## what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 18

$(INSTALLED): requirements.lock $(PACKAGES:%=%/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit("gmsd needs Python 3.11 or newer, this is " + sys.version.split()[0]) if sys.version_info < (3, 11) else None'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "gmsd needs the venv module of Python; on Debian: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@

demo: $(INSTALLED) ## start everything, deliver a nation, publish it, keep serving
	@$(BIN)/gmsd demo $(ARGS)

# Three at a time on two cores: many tests wait for a broker that starts or a process that dies. A file stays in one worker.
test: $(INSTALLED) lint ## lint, types, architecture, and every test
	$(BIN)/python -m pytest -m "not chaos" -n 3 --dist loadfile $(ARGS)

lint: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m gmsd_contracts.generate --check

bench: $(INSTALLED) ## what the shape costs, beside a bare Polars script
	$(BIN)/python -m benchmarks $(ARGS)

bench-disclosure: $(INSTALLED) ## disclosure control against its goals, beside tau-ARGUS and CtrlRound
	$(BIN)/python -m benchmarks.disclosure $(ARGS)

chaos: $(INSTALLED) ## long fault runs
	$(BIN)/python -m pytest -m chaos $(ARGS)

lock: ## compile the locks anew (hashes, no URLs)
	$(BIN)/python deploy/lock.py

clean: ## stop nothing, remove what a run leaves
	rm -rf var $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
