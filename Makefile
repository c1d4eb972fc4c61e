# `make run` and `make test` work on a bare machine with Python 3.11+ and make.
PYTHON ?= python3
PORT ?= 8000
BIN = .venv/bin
TEST_POSTGRES ?= postgres://postgres@127.0.0.1:5432/postgres
TEST_MARIADB ?= mysql://root@127.0.0.1:3306/test

run: .venv/run
	@exec $(BIN)/python manage.py up --port $(PORT)

# PostgreSQL, a web process and two workers on this machine, for trying it. See docs/operations.md.
fleet: .venv/run
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-fleet.txt
	@PORT=$(PORT) exec ./fleet.sh

test: .venv/dev
	$(BIN)/pytest $(ARGS)

test-postgres: .venv/dev
	DATABASE_URL=$(TEST_POSTGRES) SECRET_KEY=test $(BIN)/pytest $(ARGS)

# The API and the admin on the fleet; its engine and its faults belong to test-postgres.
test-fleet: .venv/dev
	DATABASE_URL=$(TEST_POSTGRES) SECRET_KEY=test TASK_ENGINE=procrastinate $(BIN)/pytest tests/api tests/admin $(ARGS)

# The fleet under fire, for long: ten minutes each for several seeds.
torture: .venv/dev
	DATABASE_URL=$(TEST_POSTGRES) SECRET_KEY=test FLEET_SECONDS=600 FLEET_SEEDS=1,7,42,99 $(BIN)/pytest tests/faults/test_fleet.py --log-cli-level=INFO $(ARGS)

# What is nearly right, sent to everything that reads: other attempts than those of `make test`, and many more.
fuzz: .venv/dev
	FUZZ=long $(BIN)/pytest tests/hostile $(ARGS)

# Everything at once for half an hour (SOAK_SECONDS): no error, and what the server takes does not grow.
soak: .venv/dev
	SOAK_SECONDS=$${SOAK_SECONDS:-1800} $(BIN)/pytest tests/faults/test_soak.py --log-cli-level=INFO $(ARGS)

test-mariadb: .venv/dev
	$(BIN)/pip install --quiet -r requirements-mariadb.txt
	DATABASE_URL=$(TEST_MARIADB) SECRET_KEY=test $(BIN)/pytest $(ARGS)

bench: .venv/run $(if $(BENCH_POSTGRES),.venv/bench/done)
	$(BIN)/python -m bench $(ARGS)

# Celery needs other versions than the fleet, beside which it is measured.
.venv/bench/done: requirements-bench.txt requirements-fleet.txt | .venv/run
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-fleet.txt
	$(BIN)/python -m venv .venv/bench
	.venv/bench/bin/pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@

screenshots: .venv/dev
	$(BIN)/python -m tests.browser.screenshots $(ARGS)

lint: .venv/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python manage.py makemigrations --check --dry-run

# Asks PyPI for known vulnerabilities of all that is pinned; fails, too, when PyPI does not answer for one.
audit: .venv/dev
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-audit.txt
	$(BIN)/pip-audit --strict --no-deps --disable-pip $(patsubst %,-r %,$(wildcard requirements*.txt))

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; echo "On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

.venv/run: requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev: requirements.txt requirements-fleet.txt requirements-dev.txt | .venv/bin/python
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@ .venv/run

.PHONY: run fleet test test-postgres test-fleet torture soak fuzz test-mariadb bench screenshots lint audit
