# Two commands do everything on a fresh machine with Python 3.11 or newer:
#   make demo    create the environment, install, observe the tutorial's hanging chat
#   make test    run all tests
# and one when a message changed:
#   make messages    bring the translations in step with the source, compile them
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# What is compiled when the package is installed.
COMPILED := $(wildcard src/plainwire/fast/*.c src/plainwire/fast/*.h)
PAGE := src/plainwire/web/static/page.js
PAGE_SOURCES := $(shell find web/src -type f) $(wildcard web/*.json web/*.mjs)

.PHONY: demo test transparency lint messages install clean

install: $(STAMP) $(PAGE)

$(STAMP): pyproject.toml hatch_build.py $(COMPILED)
	@$(PYTHON) -c 'import sys; sys.exit("plainwire needs Python 3.11 or newer; this is %s. Name another with: make PYTHON=python3.12" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

# The page of `--web`; built once, and again when its source changed. All else works without it.
$(PAGE): $(PAGE_SOURCES)
	@if command -v npm >/dev/null; then tools/build_page; \
	else echo "npm is missing, so the page of --web is not built: install Node.js 20 or newer, then run: make install"; fi

demo: $(STAMP)
	@$(BIN)/plainwire run --until-finding --timeout 20 examples/tutorial/chat_hangs_server.py -- examples/tutorial/chat_hangs_client.py

test: install lint
	tools/run_tests $(BIN)/python -n auto --dist worksteal -m "not observed and not browser"
	# Once more without what is compiled; see src/plainwire/fast.
	PLAINWIRE_PURE=1 tools/run_tests $(BIN)/python -n auto --dist worksteal tests/frames tests/transports tests/contract
	# Playwright keeps a loop running in its process, in which asyncio.run() is refused.
	tools/run_tests $(BIN)/python -n 2 --dist loadfile -m browser
	tools/run_tests $(BIN)/python -n 4 --dist worksteal -m observed

# The interpreter's own tests with and without the probe, the long list (20 minutes).
transparency: install
	$(BIN)/python -m tests.see.transparency.suite

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

messages: install
	$(BIN)/python tools/messages.py

clean:
	rm -rf $(VENV) dist src/plainwire/web/static web/node_modules .mypy_cache .pytest_cache .ruff_cache .hypothesis
