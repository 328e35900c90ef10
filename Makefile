# `make` alone lists the targets. Settings come from the environment or from the command line:
# `make run PORT=8001 DATA_DIR=/tmp/two`.
.DEFAULT_GOAL := help
.PHONY: audit help run test test-all engines check types lint fmt bench screenshots settings lock install clean
MAKEFLAGS += --no-print-directory

VENV ?= .venv
PY := $(VENV)/bin/python
# The first Python that is new enough; `make PYTHON=…` overrides it.
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	command -v $$python >/dev/null 2>&1 && \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && \
	{ echo $$python; break; }; done)

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Run everything on this machine: http://127.0.0.1:8000, data in .data
	@exec $(PY) -m app dev $(ARGS)

test: install ## Run the quick tests (ARGS="tests/unit -k name" for a part of them)
	@$(PYTEST) -m "not slow" $(ARGS)

# One process more than cores, because tests of whole processes mostly wait.
test-all: install ## Run every test, with a browser, Docker and whole processes; report the coverage
	@$(PYTEST) -n $$(($$(getconf _NPROCESSORS_ONLN) + 1)) --durations=25 --cov=app --cov-report=term:skip-covered $(ARGS)

# Those that touch the database, on the servers of tests/database_servers.py.
engines: install ## Run the tests of the database again, on Citus and behind PgBouncer
	@for database in citus pgbouncer; do \
		$(PYTEST) -m "not slow" --database=$$database tests/contract tests/integration tests/threats $(ARGS) \
			|| exit 1; done

# Without its cache of compiled tests, each run takes 8 seconds longer.
PYTEST = PYTHONDONTWRITEBYTECODE= $(PY) -m pytest -n logical --maxprocesses 4 --dist worksteal

check: lint ## Check style, types, imports, documents, manifests, dependencies and their vulnerabilities
	@$(PY) -m mypy
	@$(PY) $(VENV)/bin/lint-imports
	@$(PY) -m tools.documents
	@$(PY) -m deptry app migrations
	@$(PY) -m deptry tests benchmarks tools docs examples --ignore DEP002,DEP004 --extend-exclude '.*/node_modules/'
	@$(PY) -m tools.manifests
	@$(MAKE) audit

audit: install ## Check the pinned packages for vulnerabilities (AUDIT=required: fail offline)
	@$(PY) -m tools.audit

types: ## Check the types and the style of the page's JavaScript (needs Node.js)
	@npm ci --prefix tests/web --ignore-scripts --no-audit --no-fund --silent
	@npm run --silent --prefix tests/web check

lint: install ## Check style only
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check

fmt: install ## Format the code and fix what can be fixed automatically
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

bench: install ## Run the benchmarks: see docs/performance.md
	@$(PY) -m benchmarks $(ARGS)

screenshots: install ## Take docs/screenshots again (needs Chromium)
	@$(PY) -m tests.browser.screenshots $(ARGS)

settings: install ## Write docs/settings.md, .env.example and docker-compose.env again
	@$(PY) -m tools.settings_reference

lock: install ## Resolve the dependencies again and pin them with their hashes
	@$(PY) -m pip install --quiet uv
	@$(COMPILE) --output-file requirements.lock $(ARGS)
	@$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock $(ARGS)

COMPILE = $(PY) -m uv pip compile pyproject.toml --quiet --generate-hashes --universal \
	--python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate

clean: ## Remove the virtual environment and caches; .data is kept
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage

# Installs only if the lock or the interpreter changed since the last complete installation.
install:
	@cmp -s requirements-dev.lock $(VENV)/installed.lock && $(PY) -c '' 2>/dev/null || \
		$(MAKE) $(VENV)/installed.lock

.PHONY: $(VENV)/installed.lock
$(VENV)/installed.lock:
	@test -n "$(PYTHON)" || { echo "Error: Python 3.11 or newer is needed; none was found." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Error: $(PYTHON) can't create virtual environments; install its venv package (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@rm -f $@
	@echo "Creating $(VENV) with $$($(PYTHON) --version) …"
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing what requirements-dev.lock pins (once; about 300 MB to download) …"
	@{ $(PY) -m pip install --disable-pip-version-check --require-hashes --no-deps \
		-r requirements-dev.lock 2>&1 || touch $(VENV)/failed; } | tee $(VENV)/install.log | awk \
		-v total="$$(grep -c '^[a-zA-Z0-9].*==' requirements-dev.lock)" \
		'/^Collecting/ {printf "  %3d/%d %s\n", ++n, total, $$2; fflush()} \
		/^Installing/ {print "  unpacking …"; fflush()} \
		/ERROR|WARNING/ {print; fflush()}'
	@test ! -e $(VENV)/failed || { echo "Error: the installation failed; the log is $(VENV)/install.log." >&2; rm -f $(VENV)/failed; exit 1; }
	@cp requirements-dev.lock $@
