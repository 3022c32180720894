.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
VENDOR := src/estudent/portal/static/vendor
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.PHONY: secrets variables help setup demo check style check-unit check-contract test test-pages test-runs-1 test-runs-2 bench messages lock release lint-hosts lab-up lab-test lab-down lab-shell clean

PIN = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url

# Installs a Debian package, as root or by sudo.
debian = $$( [ "$$(id -u)" = 0 ] || echo sudo ) sh -c 'apt-get -qq update && apt-get -qq install -y --no-install-recommends $(1)' >/dev/null

help: ## list what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: .venv/installed $(VENDOR)/.installed ## install everything into this folder (.venv, var, node_modules)

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "installing Debian's python3-venv"; $(call debian,python3-venv); }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || { \
	  echo "eStudent needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 …"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/pip check --disable-pip-version-check >/dev/null
	@touch $@

# Scripts for browsers come from npm; Node.js is needed here, while building, and nowhere else.
$(VENDOR)/.installed: package-lock.json package.json
	@command -v npm >/dev/null || { echo "npm is missing; installing Debian's"; $(call debian,npm); }
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@mkdir -p $(VENDOR)/altcha
	@cp node_modules/altcha/dist/external/altcha.min.js node_modules/altcha/dist/external/altcha.css \
	  node_modules/altcha/dist/workers/pbkdf2.js node_modules/altcha/LICENSE.txt $(VENDOR)/altcha/
	@for language in pl uk; do cp node_modules/altcha/dist/i18n/$$language.js $(VENDOR)/altcha/i18n-$$language.js; done
	@touch $@

demo: setup ## 2,000 students from a feed to working accounts, here on this machine (ONCE=1: end by itself; IRK=1: from an API)
	$(BIN)/python -m sandbox.demo $(if $(ONCE),--once) $(if $(COUNT),--count $(COUNT)) $(if $(IRK),--irk)

check: setup ## the quick loop: style, types, architecture, unit and contract tests without the dear ones, with fewer examples
	@$(MAKE) --no-print-directory --jobs=3 --output-sync=target style check-unit check-contract

style: setup
	$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

# A process for each folder: it is loaded once, and a server that several tests share is started once.
check-unit check-contract: check-%: setup
	$(BIN)/pytest -q -m "not timing and not thorough" --hypothesis-profile=quick tests/$*

test: style lint-hosts ## everything but hosts: also real servers, a browser, flows, the demo and kill -9
	@command -v chromium >/dev/null || { echo "installing Debian's chromium, for the tests of the pages"; $(call debian,chromium fonts-liberation); }
	$(BIN)/pytest -q -n 2 -m "not timing" tests/unit tests/contract
	$(BIN)/pytest -q -m timing tests/unit tests/contract
	$(BIN)/pytest -q -n 2 --dist loadfile tests/integration tests/portal
	$(MAKE) --no-print-directory --jobs=2 --output-sync=target test-pages test-runs-1 test-runs-2

# A browser waits for pages, and runs for Prefect and its workers: side by side they take little longer than alone.
test-pages:
	$(BIN)/pytest -q tests/browser

# In two halves, since the pages are done sooner.
test-runs-1:
	$(BIN)/pytest -q tests/e2e/test_[a-h]*.py

test-runs-2:
	$(BIN)/pytest -q tests/e2e/test_[!a-h]*.py

LAB = $(BIN)/python -m lab
IN_LAB = $(LAB) run -- $(BIN)

lab-up: setup ## real Debian 13 hosts on this machine, with everything deployed to them by Ansible; needs root
	$(LAB) up
	$(IN_LAB)/ansible-playbook playbooks/site.yml

lab-test: setup ## a second deployment, which may change nothing, and the tests of the hosts; once, after make lab-up
	@command -v chromium >/dev/null && command -v certutil >/dev/null && command -v testssl >/dev/null || { \
	  echo "installing Debian's chromium, libnss3-tools and testssl.sh, for the walk through the manual"; $(call debian,chromium fonts-liberation libnss3-tools testssl.sh); }
	$(IN_LAB)/python -m lab.second_run
	$(IN_LAB)/pytest -q tests/hosts

lab-down: setup ## take the lab down; nothing of it stays
	$(LAB) down

lab-shell: setup ## a shell on a host of the lab: make lab-shell HOST=web1
	@$(LAB) shell $(HOST)

lint-hosts: setup ## the playbooks' style
	$(BIN)/yamllint --strict playbooks inventories
	$(BIN)/ansible-lint --offline -q playbooks

secrets: setup ## make up the secrets that an inventory lacks: make secrets INVENTORY=staging (ROTATE='vault_cache_*': these anew)
	@$(BIN)/python -m lab.secrets $(INVENTORY) $(if $(PASSWORD_FILE),--password-file $(PASSWORD_FILE)) $(foreach name,$(ROTATE),--rotate '$(name)')

variables: setup ## write docs/inventory.md anew from the roles' argument specs
	@$(BIN)/python -m lab.variables

bench: setup ## how fast everything is, against named references: a table, and bench/RESULTS.md (ASK='--sizes 1000 --without portal')
	$(BIN)/python -m bench $(ASK)

messages: setup ## bring the catalogues in src/estudent/locale in line with templates and code; then translate what is empty
	$(BIN)/pybabel --quiet extract -F babel.cfg -k lazy_gettext --no-location --sort-output --no-wrap -o var/messages.pot .
	for language in pl uk; do $(BIN)/pybabel --quiet update -i var/messages.pot -l $$language --no-wrap --no-fuzzy-matching \
	  --ignore-obsolete --ignore-pot-creation-date -o src/estudent/locale/$$language/messages.po; done

lock: ## pin requirements.lock anew, and what hosts get of it (requirements)
	$(BIN)/pip install --quiet uv
	$(PIN) --all-extras pyproject.toml -o requirements.lock
	$(PIN) -c requirements.lock --extra flows --extra portal --extra oracle pyproject.toml -o requirements/hosts.lock
	for extra in deploy sandbox; do $(BIN)/python -c "import tomllib; \
	  print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies']['$$extra'], sep='\n')" \
	  | $(PIN) -c requirements.lock - -o requirements/$$extra.lock; done
	echo uv | $(PIN) - -o requirements/build.lock

release: $(VENDOR)/.installed ## pack the source tree for hosts (var/release); plays do it by themselves
	@$(PYTHON) playbooks/roles/release/files/pack.py

clean: ## forget the demo's data (var) and everything installed (.venv)
	rm -rf .venv var
