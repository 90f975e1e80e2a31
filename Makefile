# Needs Python 3.11 or newer, pip and make. All else is installed from the lock files, with hashes.
PYTHON ?= python3
INSTALL = python -m pip install --quiet --disable-pip-version-check
PYTEST = pytest --numprocesses auto --dist worksteal
# Whatever the shell says: tests start the command line some hundred times, and it need not be compiled each time.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test test-integrations defects exploring mutation lint lock clean

demo: .venv/.runtime ## the demo scenarios, and where their report lies
	.venv/bin/harness demo

test: .venv/.dev ## every test that needs no heavy extra
	.venv/bin/$(PYTEST) -m "not integration and not alone"
	.venv/bin/pytest --quiet -m alone

test-integrations: .venv-integrations/.ready ## the tests that need a heavy extra (AgentDojo)
	.venv-integrations/bin/$(PYTEST) -m integration

defects: .venv/.runtime ## which scenario catches which defect; `make defects ALL=--all` tells all of them apart
	.venv/bin/python -m benchmarks.defects $(ALL)

exploring: .venv/.runtime ## how many trials find each defect: exploration beside random injection
	.venv/bin/python -m benchmarks.exploring

mutation: .venv/.dev ## how many small changes of the orchestrator the scenarios notice
	.venv/bin/$(INSTALL) mutmut==3.8.1
	.venv/bin/python -m benchmarks.mutation

lint: .venv/.dev ## style, types, floors, exported names
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/pytest --quiet tests/packaging/test_exported_names.py

# One venv grows as needed; its stamps say how far it got and go stale with their lock file.
.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing $< into .venv ..."
	.venv/bin/$(INSTALL) --require-hashes -r requirements.lock
	.venv/bin/$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@echo "Installing $< into .venv ..."
	.venv/bin/$(INSTALL) --require-hashes -r requirements-dev.lock
	@touch $@

# Apart, so that `make test` always shows how the product behaves without its extras.
.venv-integrations/.ready: requirements-integrations.lock pyproject.toml | .venv-integrations/bin/python
	@echo "Installing $< into .venv-integrations ..."
	.venv-integrations/bin/$(INSTALL) --require-hashes -r requirements-integrations.lock
	.venv-integrations/bin/$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

.venv/bin/python .venv-integrations/bin/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed, $(PYTHON) is " + sys.version.split()[0] + "; say: make PYTHON=python3.12")'
	$(PYTHON) -m venv $(@D:/bin=)

# Each lock holds the pins of the one before; `make lock UPGRADE=--upgrade` moves them all.
COMPILE = .venv/bin/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --custom-compile-command "make lock" $(UPGRADE)
lock: | .venv/bin/python
	.venv/bin/$(INSTALL) uv==0.13.8
	$(COMPILE) --group build -o requirements.lock
	$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --group dev --extra agentdojo -c requirements-dev.lock -o requirements-integrations.lock

clean: ## removes the venvs, caches and build output; keeps results in .harness
	rm -rf .venv .venv-integrations .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
