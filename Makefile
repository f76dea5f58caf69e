# The verbs: setup, run, test, check, build, clean. Each sets up what it needs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp-installed
OUT := out
WHEEL_VENV := .venv-wheel
PACKAGES := executive calibration hardware sim skills sequences
RUN_FLAGS ?= --seed 1 --png $(OUT)/gearbox.png --attempts 6
PRODUCT ?= gearbox

.PHONY: help setup run test test-long check format build clean

help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Create .venv and install everything into it (done once)

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "make: '$(PYTHON)' was not found; install Python 3.11 or newer, or say PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make: Python 3.11 or newer is needed, $$($(PYTHON) --version) was found; say PYTHON=/path/to/python" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "make: Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(STAMP)

run: $(STAMP) ## Assemble the planetary gearbox in simulation (PRODUCT=..., RUN_FLAGS=...)
	@mkdir -p $(OUT)
	$(BIN)/dovetail run $(PRODUCT) $(RUN_FLAGS)

test: $(STAMP) ## Run the tests (JOBS=2 at a time, then those against the clock)
	$(BIN)/python -m pytest -n $(JOBS) -q -m "not long and not realtime"
	$(BIN)/python -m pytest -q -m realtime

test-long: $(STAMP) ## Run the tests that take minutes
	$(BIN)/python -m pytest -n $(JOBS) -q -m long

check: $(STAMP) ## Lint, format, types and the floors' imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

build: $(STAMP) ## Build the wheel, install it into a fresh venv and try it from elsewhere
	rm -rf dist $(WHEEL_VENV)
	$(BIN)/python -m build --wheel
	$(PYTHON) -m venv $(WHEEL_VENV)
	$(WHEEL_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt dist/dovetail-*.whl
	cd / && $(CURDIR)/$(WHEEL_VENV)/bin/dovetail --help >/dev/null
	cd / && $(CURDIR)/$(WHEEL_VENV)/bin/dovetail list
	rm -rf $(WHEEL_VENV)
	@ls -l dist

clean: ## Remove everything that was built (not the recorded runs)
	rm -rf $(VENV) $(WHEEL_VENV) dist build $(OUT) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find $(PACKAGES) tests -name __pycache__ -type d -prune -exec rm -rf {} +
