# Two commands matter: `make run` and `make test`. `make` alone lists the rest.
# Needs only make and Python 3.11+; everything else goes into .venv.

.DEFAULT_GOAL := help
.PHONY: help install install-test run test lint unit browser bench fuzz channels chaos screenshots demo-reset migration requirements translations

# The first Python on PATH that is new enough, or plain python3, which then is told why it is not.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && exit; done; echo python3)
BIN := .venv/bin
# How many test processes; three keep two cores busy, as browsers and servers are waited for.
JOBS ?= 3
# Tests start some thirty processes; where this is set, each of them compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: # What `make run` needs; installs nothing when it is there
	@command -v $(PYTHON) >/dev/null || { echo "Switchyard needs Python 3.11 or newer, and there is no python3 on PATH."; exit 1; }
	@$(PYTHON) app/launch/install.py run

install-test:
	@command -v $(PYTHON) >/dev/null || { echo "Switchyard needs Python 3.11 or newer, and there is no python3 on PATH."; exit 1; }
	@$(PYTHON) app/launch/install.py test browser

run: install ## Start everything with demo data; Ctrl-C ends it
	@DEMO=$${DEMO-1} exec $(BIN)/python -m app.launch

test: install-test lint ## Everything: lint, types, import rules, unit, integration and browser tests
	@$(BIN)/python -m pytest -n $(JOBS)

lint: install-test ## Style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

bench: install-test ## Measure rates, latencies and memory beside their yardsticks
	@$(BIN)/python -m bench $(ARGS)

fuzz: install-test ## Post 10,000 mutated, correctly signed bodies to each inbound route
	@MUTATED_BODIES=10000 $(BIN)/python -m pytest -q -n $(JOBS) tests/ingest tests/integrations -k mutated

channels: install-test ## Connect, break and mend every channel and service in a browser, in every way its provider can fail
	@EVERY_TROUBLE=1 $(BIN)/python -m pytest -q -n0 --timeout=1800 tests/browser/test_every_channel.py tests/browser/test_every_service.py

chaos: install-test ## Kill things on purpose and count what was lost or doubled (both must be 0)
	@$(BIN)/python -m chaos $(ARGS)

screenshots: install-test ## Take the pictures of README.md anew
	@$(BIN)/python -m tests.screenshots

demo-reset: install ## Throw away the demo data in DATA_DIR; the next `make run` loads it anew
	@$(BIN)/python -m app.launch reset

migration: install ## Write an empty, numbered migration: make migration NAME=add_tags
	@$(BIN)/python -m app.launch migration "$(NAME)"

translations: install-test ## Bring app/translations in step with the texts; prints what is missing
	@PYTHONPATH=. $(BIN)/python tools/translations.py

requirements: ## Pin anew after editing a requirements*.in (needs uv)
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --only-binary :all: \
		requirements.in -o requirements.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --only-binary :all: \
		-c requirements.txt requirements-test.in -o requirements-test.txt
