# Every target sets up what it needs first; `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules

PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.stamp
PIP := PIP_ROOT_USER_ACTION=ignore $(BIN)/python -m pip --quiet --disable-pip-version-check --no-input

# JOBS=2 spreads the tests over processes, each with a database server of its own: sooner done, but a busy machine
# fails tests that time a browser.
SPREAD = $(if $(JOBS),--numprocesses $(JOBS) --dist loadfile --no-loadscope-reorder)

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(STAMP) ## virtual environment with every dependency, from the hash-locked list

$(STAMP): requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed: install python3 and try again, or give PYTHON=/path/to/it." >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || PYTHON="$(PYTHON)" tests/setup-venv.sh
	@echo "Installing dependencies (once; this takes a minute) ..."
	@$(PIP) install --require-hashes --requirement requirements-dev.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: run
run: $(STAMP) ## start everything: database, migrations, demonstration data, API, worker, inbox
	@exec $(BIN)/handover up

.PHONY: serve
serve: $(STAMP) ## the API and the inbox alone
	@exec $(BIN)/handover serve

.PHONY: work
work: $(STAMP) ## the delivery worker alone
	@exec $(BIN)/handover work

.PHONY: test
test: $(STAMP) ## all tests, those in a browser included
	@tests/setup-chromium.sh
	@tests/setup-node.sh
	@tests/setup-faults.sh
	@$(BIN)/python -m pytest $(SPREAD) $(ARGS)

.PHONY: lint
lint: $(STAMP) ## style and mistakes (ruff)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

.PHONY: types
types: $(STAMP) ## types (mypy, strict)
	@$(BIN)/mypy

.PHONY: arch
arch: $(STAMP) ## who may import whom (import-linter)
	@$(BIN)/lint-imports --no-logo

.PHONY: check
check: lint types arch ## lint, types, arch, the published API descriptions, the client and the event catalogue
	@$(BIN)/handover openapi --check
	@$(BIN)/python -m tests.client.generate --check
	@$(BIN)/handover catalogue --check

.PHONY: story
story: $(STAMP) ## three clients' stories over HTTP with a moved clock, both inboxes printed at each turn
	@$(BIN)/python -m tests.story

.PHONY: mutants
mutants: $(STAMP) ## remove each rule in turn and print the test that notices (ARGS="policy walls" for those only)
	@$(BIN)/python -m tests.mutants $(ARGS)

.PHONY: faults
faults: $(STAMP) ## provoke every fault and write docs/reliability.md (ARGS=--long for the long forms)
	@tests/setup-faults.sh
	@$(BIN)/python -m tests.faults.report $(ARGS)

.PHONY: faults-disarmed
faults-disarmed: $(STAMP) ## provoke nothing: every fault test must notice that
	@tests/setup-faults.sh
	@$(BIN)/python -m tests.faults.report --disarmed $(ARGS)

.PHONY: abuse
abuse: $(STAMP) ## forged tokens, floods, malformed input, committed secrets; prints how many cells were tried
	@tests/setup-node.sh
	@$(BIN)/python -m pytest tests/abuse -s $(ARGS)

.PHONY: audit
audit: $(STAMP) ## known vulnerabilities of the releases in the lock files (needs the internet; says so without)
	@$(BIN)/python -m tests.audit

.PHONY: bench
bench: $(STAMP) ## measure, each figure beside its limit (ARGS=... for more)
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: click
click: $(STAMP) ## twenty people click on 200,000 dossiers; the times of pages into docs/performance.md
	@$(BIN)/python -m benchmarks.clicking $(ARGS)

.PHONY: lighthouse
lighthouse: $(STAMP) ## Lighthouse on inbox and dossier, as a phone and a desk have them, into docs/performance.md
	@tests/setup-chromium.sh
	@tests/setup-node.sh
	@$(BIN)/python -m benchmarks.lighthouse $(ARGS)

.PHONY: screens
screens: $(STAMP) ## every page, state and form in eight ways with axe; two browsers beside each other
	@tests/setup-chromium.sh
	@tests/setup-node.sh
	@$(BIN)/python -m pytest tests/web/ui/test_all_screens.py tests/web/ui/test_two_browsers.py -s $(ARGS)

.PHONY: gallery
gallery: $(STAMP) ## the screenshots of docs/screens anew (ARGS=01-inbox for one)
	@tests/setup-chromium.sh
	@$(BIN)/python -m tests.web.ui.gallery $(ARGS)

.PHONY: flow
flow: $(STAMP) ## one handover from request to completion, against a running instance
	@$(BIN)/python -m tests.flow.run_flow $(ARGS)

.PHONY: interop
interop: $(STAMP) ## a real Lino and VDAB's example receiver and sender: one client's road, then 200 random steps
	@$(BIN)/python -m tests.interop.run_interop $(ARGS)

.PHONY: interop-lino
interop-lino: $(STAMP) ## import a running Lino Welfare twice, then refer its dossiers
	@$(BIN)/python -m tests.interop.run_lino $(ARGS)

.PHONY: openapi
openapi: $(STAMP) ## write openapi/ anew from the code
	@$(BIN)/handover openapi

.PHONY: client
client: $(STAMP) ## write the Python client's models and the TypeScript types anew from openapi/
	@tests/setup-node.sh
	@$(BIN)/python -m tests.client.generate

.PHONY: catalogue
catalogue: $(STAMP) ## print the event catalogue, which docs/events.md must equal
	@$(BIN)/handover catalogue --check
	@$(BIN)/handover catalogue

.PHONY: lock
lock: $(STAMP) ## write the lock files anew (UPGRADE=1 for newer versions)
	@$(BIN)/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --generate-hashes --no-emit-index-url \
	  --python-version 3.11 --group pyproject.toml:dev pyproject.toml --output-file requirements-dev.lock
	@$(BIN)/uv pip compile --quiet $(if $(UPGRADE),--upgrade) --generate-hashes --no-emit-index-url \
	  --python-version 3.11 --constraint requirements-dev.lock pyproject.toml --output-file requirements.lock

.PHONY: clean
clean: ## remove the virtual environment and caches; var/ with its data stays
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist
	@find src tests benchmarks migrations -name __pycache__ -type d -prune -exec rm -rf {} +
