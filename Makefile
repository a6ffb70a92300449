# Every target does its own set-up; `make demo` and `make test` work on a bare clone.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

.PHONY: demo base test browser check format docs bench clean help

demo: .venv/embedded  ## translate a sentence and rank three groups with the embedded model
	$(BIN)/dragoman translate "The girl bought three light suitcases." --from en --to de \
	  --engine phrasebook:base
	$(BIN)/dragoman rank examples/phrasebook-groups.jsonl --engine phrasebook:base

BASE := $(BIN)/dragoman train base phrasebook/base --resume --output

base: .models/base-4/model  ## train the phrasebook's base model and put it in its place, in three hours
	$(BIN)/python -m dragoman.phrasebook.build $< base

.models/base-1/model: | .venv/dev
	$(BASE) .models/base-1

.models/base-2/model: | .models/base-1/model
	$(BASE) .models/base-2 --set model=.models/base-1/model --set seed=2 \
	  --set base.tokens=12_000_000

.models/base-3/model: | .models/base-2/model
	$(BASE) .models/base-3 --set model=.models/base-2/model --set seed=3 \
	  --set base.tokens=8_000_000 --set base.matrix_rate=0.01 --set base.rate=1e-3 \
	  --set base.decay_share=0.9

.models/base-4/model: | .models/base-3/model
	$(BASE) .models/base-4 --set model=.models/base-3/model --set seed=4 \
	  --set base.tokens=27_000_000 --set base.matrix_rate=0.01 --set base.rate=1e-3 \
	  --set base.decay_share=0.95

test: .venv/dev  ## run every test; the first time it also makes the converter's environment
	$(BIN)/python -m pytest

browser: .venv/dev  ## our pages in a real Chromium, which is installed where there is none
	$(PIP) --group browser
	command -v chromium || $(BIN)/playwright install chromium || \
	  { apt-get update && apt-get install --yes chromium; }  # where only Debian's answers
	$(BIN)/python -m pytest tests/browser

check: .venv/dev  ## formatting, lint, types, floors, and what the pages say commands print
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

format: .venv/dev  ## mend formatting and lint
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: .venv/dev  ## write the generated pages anew
	$(BIN)/python docs/generate.py

# These want a checkout or Ray, which whoever has them says to them.
BENCHMARKS := $(filter-out %/prepare.py %/on_ray.py,$(wildcard benchmarks/*.py))

bench: .venv/dev  ## every benchmark, for hours; each file says what it measures
	for file in $(BENCHMARKS); do $(BIN)/python $$file || exit 1; done

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s%s\n", $$1, $$2}' Makefile

.venv/bin/python:
	$(PYTHON) -m venv .venv

# A stamp is newer than what it was installed from.
.venv/embedded: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) -e '.[local,langid]'
	touch $@

.venv/dev: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) --upgrade 'pip>=25.1'
	$(PIP) -e '.[local,transformers,train,parquet,files,mbr,langid,serve]' --group dev
	touch $@ .venv/embedded

clean:  ## remove what the other targets made
	rm -rf .venv .bench .models .pytest_cache .ruff_cache .hypothesis .import_linter_cache
