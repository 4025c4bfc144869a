# Two commands matter: `make run` and `make test`. `make` alone lists the rest.
# Needs only make and Python 3.11+; everything else goes into .venv.

.DEFAULT_GOAL := help
.PHONY: help install install-test run test test-full unit test-db browser lint style types imports bench fuzz channels chaos screenshots demo-reset migration requirements translations house map

# The first Python on PATH that is new enough, or plain python3, which then is told why it is not.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && exit; done; echo python3)
BIN := .venv/bin
# How many test processes; three keep two cores busy, as browsers and servers are waited for.
JOBS ?= 3
PYTEST = $(BIN)/python -m pytest -n $(JOBS)
# Tests start some thirty processes; where this is set, each of them compiles everything anew.
unexport PYTHONDONTWRITEBYTECODE

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: # What `make run` needs; installs nothing when it is there
	@command -v $(PYTHON) >/dev/null || { echo "Switchyard needs Python 3.11 or newer, and there is no python3 on PATH."; exit 1; }
	@$(PYTHON) app/process/launch/install.py run

install-test:
	@command -v $(PYTHON) >/dev/null || { echo "Switchyard needs Python 3.11 or newer, and there is no python3 on PATH."; exit 1; }
	@$(PYTHON) app/process/launch/install.py test browser

run: install ## Start everything with demo data; Ctrl-C ends it
	@DEMO=$${DEMO-1} exec $(BIN)/python -m app.process.launch

# Types and import rules are checked meanwhile; what they found is printed at the end. Wrong style is told at once.
define BESIDE_LINT
	@mkdir -p test-results
	@$(MAKE) --no-print-directory types imports >test-results/lint.txt 2>&1 & lint=$$!; \
	$(PYTEST); tests=$$?; \
	wait $$lint; lint=$$?; cat test-results/lint.txt; \
	test $$tests -eq 0 || echo "make $@: tests failed, see above"; \
	test $$lint -eq 0 || echo "make $@: types or import rules failed, see above"; \
	test $$tests -eq 0 && test $$lint -eq 0
endef

test: install-test style ## What every change passes: lint, and all tests but those of test-full
	$(BESIDE_LINT)

test-full: export FULL_RUN = 1
test-full: install-test style ## Everything: every look of every page and the long runs, too (docs/testing.md)
	$(BESIDE_LINT)

unit: JOBS = 2
unit: install-test ## Tests that need no database
	@$(PYTEST) -m unit

test-db: install-test ## Tests of the application on a database, and those of whole processes
	@$(PYTEST) -m "db or processes"

browser: install-test ## Tests in a real browser
	@$(PYTEST) -m browser

lint: style types imports ## Style, types and import rules

style: install-test
	@$(BIN)/ruff check .

types: install-test
	@$(BIN)/mypy

imports: install-test
	@$(BIN)/lint-imports --no-cache

bench: install-test ## Measure rates, latencies and memory beside their yardsticks
	@$(BIN)/python -m bench $(ARGS)

fuzz: install-test ## Post 10,000 mutated, correctly signed bodies to each inbound route, the partner API included
	@MUTATED_BODIES=10000 $(BIN)/python -m pytest -q -n $(JOBS) tests/hooks tests/domain/integrations tests/api/partners -k mutated

channels: install-test ## Connect, break and mend every channel and service in a browser, in every way its provider can fail
	@EVERY_TROUBLE=1 FULL_RUN=1 $(BIN)/python -m pytest -q -n0 --timeout=1800 tests/browser/test_every_channel.py tests/browser/test_every_service.py

chaos: install-test ## Kill things on purpose and count what was lost or doubled (both must be 0)
	@$(BIN)/python -m chaos $(ARGS)

screenshots: install-test ## Take the pictures of docs/screenshots anew
	@$(BIN)/python -m tests.screenshots

demo-reset: install ## Throw away the demo data in DATA_DIR; the next `make run` loads it anew
	@$(BIN)/python -m app.process.launch reset

migration: install ## Write an empty, numbered migration: make migration NAME=add_tags
	@$(BIN)/python -m app.process.launch migration "$(NAME)"

house: install-test ## Count what the house forbids: imports that run up, circles, providers named outside
	@PYTHONPATH=. $(BIN)/python tools/house.py $(ARGS)

map: ## Write docs/architecture/files anew: what each file is for, from its first sentence
	@$(PYTHON) tools/file_map.py

translations: install-test ## Bring app/translations in step with the texts; prints what is missing
	@PYTHONPATH=. $(BIN)/python tools/translations.py

requirements: ## Pin anew after editing a requirements*.in (needs uv)
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --only-binary :all: \
		requirements.in -o requirements.txt
	@uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --only-binary :all: \
		-c requirements.txt requirements-test.in -o requirements-test.txt
