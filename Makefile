.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: help setup demo check test lock clean

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/installed ## install everything into this folder (.venv, var)

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "Python's venv is missing; installing Debian's python3-venv"; \
	  $$( [ "$$(id -u)" = 0 ] || echo sudo ) sh -c 'apt-get -qq update && apt-get -qq install -y python3-venv'; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo "eStudent needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/pip check --disable-pip-version-check >/dev/null
	@touch $@

demo: setup ## 2,000 students from a feed to working accounts, here on this machine (ONCE=1: end by itself)
	$(BIN)/python -m sandbox.demo $(if $(ONCE),--once) $(if $(COUNT),--count $(COUNT))

check: setup ## the quick loop: style, types, architecture, unit and contract tests
	$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q -n 2 tests/unit tests/contract

test: check ## everything: also real servers, flows, the demo and kill -9
	$(BIN)/pytest -q --ignore=tests/unit --ignore=tests/contract

lock: ## pin requirements.lock anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --generate-hashes --no-header --no-annotate --no-emit-index-url pyproject.toml -o requirements.lock

clean: ## forget the demo's data (var) and everything installed (.venv)
	rm -rf .venv var
