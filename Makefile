# One line each. `make demo` and `make test` are all that a fresh machine needs.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# More arguments for the tools: make test TEST="tests/core -k hdlc", make fuzz FUZZ="--seconds 60 hdlc".
TEST ?=
BENCH ?=
FUZZ ?=
SOAK ?=
WHEELS ?=

.PHONY: build tools demo test peers lint format bench bench-smoke soak fuzz sanitize wheels clean

$(BIN)/python:
	$(PYTHON) -m venv $(VENV) && $(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

# One stamp for each dependency group; `build` compiles in place whatever changed.
$(VENV)/.%: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --group $* && touch $@

$(VENV)/.installed: pyproject.toml setup.py | $(VENV)/.build
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable . && touch $@

build: $(VENV)/.installed
	$(BIN)/python setup.py --quiet build_ext --inplace

# Every tool that any target needs.
tools: $(VENV)/.demo $(VENV)/.test $(VENV)/.lint $(VENV)/.bench $(VENV)/.fuzz $(VENV)/.wheels

demo: build $(VENV)/.demo
	$(BIN)/python -m dlms demo

test: build $(VENV)/.test
	$(BIN)/python -m pytest $(TEST)

# The programs in Java and Rust that tests/interop talks to; offline once Maven and Cargo have fetched what they need.
peers: build $(VENV)/.test $(VENV)/.bench
	$(BIN)/python -m tests.interop.peers

lint: build $(VENV)/.test $(VENV)/.lint
	PATH=$(abspath $(BIN)):$$PATH tools/lint

format: $(VENV)/.lint
	$(BIN)/ruff check --fix && $(BIN)/ruff format

bench: build $(VENV)/.test $(VENV)/.bench
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-only $(BENCH)

bench-smoke: build $(VENV)/.test $(VENV)/.bench
	$(BIN)/python -m pytest benchmarks --benchmark-enable --benchmark-only --benchmark-max-time=0.02 --benchmark-min-rounds=3 $(BENCH)

# Simulated meters read by as many clients: make soak SOAK="--meters 200 --seconds 60".
soak: build
	$(BIN)/python tools/soak.py $(SOAK)

fuzz: build $(VENV)/.test $(VENV)/.fuzz
	$(BIN)/python -m fuzz $(FUZZ)

sanitize: $(VENV)/.installed $(VENV)/.test
	PYTHON=$(BIN)/python tools/sanitize

wheels: $(VENV)/.build $(VENV)/.wheels
	$(BIN)/python tools/wheelhouse.py build $(WHEELS)

clean:
	rm -rf build dist wheelhouse demo-output src/*.egg-info src/dlms_core/*.c src/dlms_core/*.so
