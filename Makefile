# Two commands matter: `make up` and `make test`. Both need only Python 3.11+, make and a package index.
PYTHON ?= python3.11
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif

# uv reads neither pip's index nor its certificates: it trusts the system's, and where it fails pip does the work.
export UV_SYSTEM_CERTS := 1
# Whatever the caller says: compiling Prefect and the tests anew costs every process 10 to 20 s.
export PYTHONDONTWRITEBYTECODE :=
install = $(BIN)/uv pip install --quiet --python $(BIN)/python $(1) 2>$(VENV)/uv.log \
	|| $(BIN)/python -m pip install --quiet --disable-pip-version-check $(1) \
	|| { cat $(VENV)/uv.log; echo "The packages could not be installed; is a package index configured for pip?"; exit 2; }

VENV := .venv
BIN := $(VENV)/bin

.PHONY: up down test browser life security lint format lock schema clean bench

up: $(VENV)/.runtime
	@$(BIN)/dondoc up --demo

down: $(VENV)/.runtime
	@$(BIN)/dondoc down

# Unit tests as many at a time as there are cores; of the others two, each worker with servers of its own.
test: $(VENV)/.development
	@$(BIN)/python -m pytest -n auto tests/unit tests/acceptance
	@$(BIN)/python -m pytest -n 2 tests/integration

# Needs /usr/bin/chromium (Debian: apt-get install chromium). DONDOC_SCREENSHOTS=folder keeps a picture of every page.
browser: $(VENV)/.development
	@test -x /usr/bin/chromium || { echo "The browser tests need /usr/bin/chromium: apt-get install chromium"; exit 2; }
	@$(BIN)/python -m pytest tests/browser

# The attacks as tests: what did not hold once, and what must never give.
security: $(VENV)/.development
	@$(BIN)/python -m pytest -n 2 tests/security

# Letters on a real Postfix and Dovecot of its own (Debian: needs root, and apt where they are missing). With LIFE a whole office
# on them too, its clock moved:
# LIFE=mornings lives three mornings on a whole installation, LIFE=year goes on over the new year beside an undisturbed twin,
# LIFE=all on every working morning. Minutes to an hour.
life: $(VENV)/.development
	@test "$$(id -u)" = 0 || { echo "make life starts a Postfix and a Dovecot of its own: run it as root"; exit 2; }
	@LIFE='$(LIFE)' $(BIN)/python -m pytest -n 0 tests/life/test_real_mail.py tests/life/test_letters_by_real_mail.py $(if $(LIFE),tests/life/test_three_mornings.py) $(if $(filter year all,$(LIFE)),tests/life/test_turn_of_a_year.py)

lint: $(VENV)/.development
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(VENV)/.development
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: $(VENV)/.development
	@$(BIN)/python -m bench

# The locks pin every package with its hashes and name no index.
lock: $(VENV)/.uv
	$(BIN)/uv pip compile --quiet pyproject.toml --generate-hashes --no-header --no-annotate --universal --python-version 3.11 --upgrade -o requirements.lock
	$(BIN)/uv pip compile --quiet pyproject.toml --group dev -c requirements.lock --generate-hashes --no-header --no-annotate --universal --python-version 3.11 --upgrade -o requirements-dev.lock
	$(BIN)/uv pip compile --quiet requirements-tools.in --generate-hashes --no-header --no-annotate --universal --python-version 3.11 --upgrade -o requirements-tools.lock

schema: $(VENV)/.runtime
	@$(BIN)/dondoc plan schema > config/schema/plan.schema.json

clean:
	rm -rf $(VENV)

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; install it, or: make PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.uv: requirements-tools.lock $(VENV)/.python
	@echo "Installing the installer …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@touch $@

$(VENV)/.runtime: requirements.lock pyproject.toml $(VENV)/.uv
	@echo "Installing the packages of requirements.lock …"
	@$(call install,--require-hashes -r requirements.lock)
	@$(call install,--no-deps --no-build-isolation --editable .)
	@touch $@

$(VENV)/.development: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing what tests and checks need …"
	@$(call install,--require-hashes -r requirements-dev.lock)
	@touch $@
