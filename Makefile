# make run: environment, embedded model, app.   make test: everything that CI checks.
PYTHON ?= python3
BIN := .venv/bin
MODEL := smollm2-135m-instruct

.PHONY: run model test lint chromium clean

run: .venv/.run model
	$(BIN)/streamlit run Home.py

model: .venv/.run
	$(BIN)/python -m lib.models get $(MODEL)

test: lint chromium model
	$(BIN)/python -m pytest

lint: .venv/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The browser tests drive the distribution's own Chromium.
chromium:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || test -n "$$CHROMIUM" || \
	if command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else \
		echo "The browser tests need Chromium: sudo apt-get install chromium, or name one in CHROMIUM." >&2; exit 1; \
	fi

.venv/.run: requirements.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet -r requirements.txt
	touch $@

.venv/.test: .venv/.run requirements-dev.txt
	$(BIN)/python -m pip install --quiet -r requirements-dev.txt
	touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
