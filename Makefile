# Every target does its own set-up; `make demo` and `make test` work on a bare clone.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo test check format bench docs clean

demo: .venv/core  ## rank example groups with what is embedded
	$(BIN)/dragoman rank examples/groups.jsonl --judge metric:chrf

test: .venv/dev  ## run every test
	$(BIN)/python -m pytest

check: .venv/dev  ## formatting, lint, types, floors, generated docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

format: .venv/dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: .venv/dev  ## write the generated pages anew
	$(BIN)/python docs/generate.py

bench: .venv/dev  ## every benchmark; each file says what it measures
	for file in benchmarks/*.py; do $(BIN)/python $$file || exit 1; done

.venv/bin/python:
	$(PYTHON) -m venv .venv

# A stamp is newer than what it was installed from.
.venv/core: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e .
	touch $@

.venv/dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) -e '.[local,transformers,parquet]' --group dev
	touch $@ .venv/core

clean:
	rm -rf .venv .bench .pytest_cache .ruff_cache .hypothesis
