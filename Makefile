# What one does with this project. `make` alone lists it.
PYTHON ?= python3
JOBS ?= 4
VENV := .venv
BIN := $(VENV)/bin
export PYTHON

.PHONY: help demo test test-all faults fuzz lint docs bench clean
.DEFAULT_GOAL := help

help:
	@echo 'make demo      see events flow between processes on this machine (Ctrl-C ends it)'
	@echo 'make test      run the tests'
	@echo 'make test-all  run the slow tests too, on every Python and with the oldest dependencies'
	@echo 'make faults    break networks, processes and machines: is anything missed in silence? (22 minutes)'
	@echo 'make fuzz      say what nobody would say, as bytes and in order: is anybody harmed? (5 minutes)'
	@echo 'make lint      ruff and mypy'
	@echo 'make docs      build the documentation into build/docs'
	@echo 'make bench     run the benchmarks (parts of them: make bench BENCH="local one-to-one")'
	@echo 'make clean     remove what was built, and the environments'
	@echo
	@echo 'The first run makes $(VENV) with $(PYTHON) and needs a network; later runs need none.'
	@echo 'Another interpreter: make PYTHON=/path/to/python3. More test processes: make test JOBS=8.'

# One environment. The script says what is missing, and installs nothing while nothing changed.
$(VENV)/.stamp-test: setup.py pyproject.toml .ci/venv
	@.ci/venv $(VENV) test

$(VENV)/.stamp-dev: setup.py pyproject.toml .ci/venv | $(VENV)/.stamp-test
	@.ci/venv $(VENV) dev

demo: $(VENV)/.stamp-test
	@$(BIN)/pysig demo

# `python -m`, because the bare `trial` does not look in this folder first.
test: $(VENV)/.stamp-test
	$(BIN)/python -m twisted.trial -j$(JOBS) tests

test-all: $(VENV)/.stamp-test
	@.ci/test-all $(BIN)/python $(JOBS)

# Some of them: make faults FAULTS="reset stopped". All, but smaller: make faults FAULTS=--quick.
faults: $(VENV)/.stamp-test
	@$(BIN)/python -m tests.faults $(FAULTS)

# Some of it, or for another time: make fuzz FUZZ="server client seconds=60 seed=7".
# What went wrong, once more: make fuzz FUZZ="replay build/fuzz/server-1234abcd.json".
fuzz: $(VENV)/.stamp-test
	@$(BIN)/python -m tests.fuzz $(FUZZ)

lint: $(VENV)/.stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy pysig_twisted twisted/plugins/pysig_plugin.py

docs: $(VENV)/.stamp-dev
	$(BIN)/python -m sphinx -q -W --keep-going -d build/doctrees docs build/docs
	@echo 'build/docs/index.html'

$(VENV)/.stamp-bench: setup.py pyproject.toml .ci/venv | $(VENV)/.stamp-test
	@.ci/venv $(VENV) bench

bench: $(VENV)/.stamp-bench
	$(BIN)/python -m benchmarks $(BENCH)

clean:
	rm -rf build dist *.egg-info _trial_temp* .coverage .coverage.* .hypothesis .mypy_cache .ruff_cache
	rm -rf $(VENV) .venvs twisted/plugins/dropin.cache
	find pysig_twisted twisted tests -name __pycache__ -prune -exec rm -rf {} +
