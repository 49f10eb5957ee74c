# Everything needs Python >= 3.11 and git, nothing else: each target makes its own virtual environment in .venv.
# `make help` lists the targets. Set PYTHON=/path/to/python to choose the interpreter.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# A candidate counts only when it really runs (a pyenv shim may not) and can make a virtual environment.
USABLE := import sys, sqlite3, ssl, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	"$$p" -c '$(USABLE)' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

VENV := .venv
BIN := $(VENV)/bin
CORE_PYTHONS := 3.12 3.13
CORE_TESTS := tests/test_house.py $(wildcard tests/test_records.py tests/fingerprint tests/ledger tests/capture tests/lineage tests/registry)
PYTEST_ARGS ?=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.PHONY: help setup demo test lint types test-core test-front test-all browser bundle bench clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | while IFS=$$'\t' read -r name text; do \
	printf '  make %-10s %s\n' "$$name" "$$text"; done

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "nbledger needs Python >= 3.11 (with venv and sqlite3); none of python3, python3.13," \
	"python3.12, python3.11 runs here. Install one, or: make PYTHON=/path/to/python" >&2; exit 1; }
	@echo "Making $(VENV) with $$($(PYTHON) --version) ..."
	@$(PYTHON) -m venv $(VENV)

# The stamps make the second run quick; a changed pyproject.toml installs anew. `--group` needs pip >= 25.1.
$(VENV)/.installed: pyproject.toml extension/nbledger_lab/labextension/package.json | $(BIN)/python
	@echo "Installing nbledger into $(VENV) (the first time takes a minute or two) ..."
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --group dev
	@touch $@

setup: $(VENV)/.installed-dev ## make .venv with nbledger and the development tools

demo: $(VENV)/.installed ## run a real notebook with several parameter sets, compare, promote the winner
	@$(BIN)/python notebooks/demo.py

test: lint types test-front ## lint, types, front-end units, then all tests, beside the core's on every other Python found
	@$(MAKE) --no-print-directory -k -j2 test-all test-core

lint: $(VENV)/.installed-dev ## ruff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev ## mypy, strict
	@$(BIN)/mypy

# Airflow's and Kubeflow's own parsers, which read what `nbledger export pipeline` writes; they need an environment of their own.
$(VENV)-handover/.installed: | $(BIN)/python
	@echo "Installing Airflow and Kubeflow Pipelines into $(VENV)-handover (about a minute) ..."
	@$(BIN)/python -m venv $(VENV)-handover
	@$(VENV)-handover/bin/python -m pip install --quiet apache-airflow-core apache-airflow-providers-standard kfp-kubernetes || \
	echo "######## SKIPPED: Airflow and Kubeflow Pipelines do not install here; their tests do NOT run ########" >&2
	@touch $@

# The front end in TypeScript: only a rebuild and its tests need node (>= 20); what is installed is the committed bundle.
extension/node_modules/.installed: extension/package-lock.json
	@if command -v npm >/dev/null; then \
	echo "Installing the front end's build tools into extension/node_modules ..."; (cd extension && npm ci --silent) && touch $@; \
	else echo "######## SKIPPED: no node here; the front end's own tests do NOT run (install node >= 20) ########" >&2; fi

test-front: extension/node_modules/.installed ## types and unit tests of the front end (needs node)
	@if [ -e $< ]; then cd extension && npm run --silent check && npm run --silent test; fi

bundle: extension/node_modules/.installed $(VENV)/.installed ## rebuild the committed front-end bundle (needs node)
	@cd extension && rm -rf lib *.tsbuildinfo && PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build:prod

# The browser tests drive the machine's own Chromium.
browser:
	@if command -v chromium || command -v chromium-browser || command -v google-chrome; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	echo "Installing Chromium for the browser tests (a minute or two) ..."; \
	{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium; } >/dev/null 2>&1 || true; fi >/dev/null
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	echo "######## SKIPPED: no Chromium here; the browser tests do NOT run (apt-get install chromium) ########" >&2

test-all: $(VENV)/.installed-dev $(VENV)-handover/.installed extension/node_modules/.installed browser
	@$(BIN)/python -m pytest -m 'not benchmark' $(PYTEST_ARGS)

test-core: ## the core's tests on the other supported Pythons that this machine has
	@status=0; for version in $(CORE_PYTHONS); do \
	bash tests/core_on.sh "$$version" $(CORE_TESTS) 2>&1 | sed -u "s/^/[$$version] /" || status=1; done; exit $$status

bench: $(VENV)/.installed-dev ## the benchmarks, each a ratio measured in one run
	@for script in tests/benchmarks/bench_*.py; do [ ! -e "$$script" ] || $(BIN)/python "$$script"; done
	@if ls tests/benchmarks/test_*.py >/dev/null 2>&1; then $(BIN)/python -m pytest -m benchmark -s $(PYTEST_ARGS) tests/benchmarks; fi

clean: ## remove what the other targets made
	@rm -rf $(VENV) .venv-* demo build extension/node_modules extension/lib test-artifacts dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@find kernel_magics tests notebooks -name __pycache__ -type d -prune -exec rm -rf {} +
