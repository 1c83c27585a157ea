# make run: environment, embedded model, app.   make test: everything that CI checks.   make fast: that without a browser.
PYTHON ?= python3
BIN := .venv/bin
MODEL := smollm2-135m-instruct
UV := uv==0.13.9
PIP_AUDIT := pip-audit==2.10.1

.PHONY: run model test fast lint coverage lock audit chromium clean

run: .venv/.run model
	$(BIN)/streamlit run Home.py

model: .venv/.run
	$(BIN)/python -m lib.models get $(MODEL)

test: lint chromium model
	@# Three workers: a browser's test mostly waits. Its files come first, being the longest, and the short ones even out the end.
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder tests/e2e tests/app tests/unit lib

fast: lint
	$(BIN)/python -m pytest lib tests/unit tests/app

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Which lines of lib/ the tests without a browser run. What runs in a process of its own is not counted.
coverage: .venv/.test
	$(BIN)/coverage run -m pytest lib tests/unit tests/app
	$(BIN)/coverage report

# The newest versions that requirements*.txt allow, for every system and Python that we support.
lock: .venv/.test
	$(BIN)/python -m pip install --quiet $(UV)
	$(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate \
		--custom-compile-command "make lock" --output-file requirements.lock requirements-dev.txt

# Holes that are known in what the lock names (pypi.org is asked; without it, this fails), and everything's licence.
audit: .venv/.test
	$(BIN)/python -m benchmarks licences
	test -x .venv/audit/bin/pip-audit || \
		{ $(PYTHON) -m venv .venv/audit && .venv/audit/bin/python -m pip install --quiet $(PIP_AUDIT); }
	.venv/audit/bin/pip-audit --strict --progress-spinner off --no-deps --disable-pip --requirement requirements.lock

# The browser tests drive the distribution's own Chromium.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || test -n "$$CHROMIUM" || \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "The browser tests need Chromium: sudo apt-get install chromium, or name one in CHROMIUM." >&2; exit 1; \
	fi

.venv/.run: requirements.txt requirements.lock
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt -c requirements.lock
	touch $@

.venv/.test: .venv/.run requirements-dev.txt
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt -c requirements.lock
	touch $@

clean:
	rm -rf .venv .coverage .pytest_cache .mypy_cache .ruff_cache .hypothesis
