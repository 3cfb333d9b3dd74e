# make demo    see fieldlab at work on generated data
# make test    run every test
# make setup   only set up: .venv with the locked dependencies, dbt_utils, .venv/bin/fieldlab
# make lint    check style and types of everything, and parse the dbt project with warnings as errors
# make format  let the tools correct what they can

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint format lock clean

# The first interpreter that is new enough; `make PYTHON=… setup` names another.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin
INSTALLED := .venv/.installed
DBT_UTILS := dbt_packages/dbt_utils

help:
	@sed -n 's/^# \(make.*\)/\1/p' Makefile

setup: $(INSTALLED) $(DBT_UTILS)

demo: setup
	@$(BIN)/fieldlab demo

test: setup
	@$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/sqlfluff lint --processes 2 models seeds snapshots tests
	$(BIN)/yamllint --strict .
	FIELDLAB_PGHOST=- FIELDLAB_PGPORT=0 FIELDLAB_PGUSER=- FIELDLAB_PGPASSWORD=- FIELDLAB_PGDATABASE=- \
		$(BIN)/dbt --warn-error --no-partial-parse parse --profiles-dir runner/dbt/profiles --target-path target/lint
	$(BIN)/dbt-score lint --manifest target/lint/manifest.json

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/sqlfluff fix models seeds snapshots tests

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "fieldlab needs Python 3.11, 3.12 or 3.13; none was found on the PATH." >&2; exit 1; }
	@echo "Setting up .venv with the locked dependencies (about a minute, once) …" >&2
	@$(PYTHON) -m venv .venv || { echo "$(PYTHON) cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(INSTALLED)

# The real dbt_utils where the dbt package hub is reached, else the stand-in (docs/decisions.md).
$(DBT_UTILS): | $(INSTALLED)
	@$(BIN)/python -m runner.dbt.packages

# make lock    resolve the dependencies of pyproject.toml anew: for development, and the part of it that production needs
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-strip-extras \
	--no-emit-index-url --no-header
lock: $(INSTALLED)
	$(BIN)/python -m pip install --quiet uv
	$(COMPILE) --upgrade --extra serve --extra metrics --extra duckdb --extra dev pyproject.toml --output-file requirements.lock
	$(COMPILE) --upgrade --extra serve --constraint requirements.lock pyproject.toml --output-file requirements-run.lock

# make clean   remove what make made; the embedded database in .fieldlab stays
clean:
	rm -rf .venv dbt_packages target logs
