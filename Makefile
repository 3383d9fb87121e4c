# Two commands: `make chat` and `make test`. Everything else serves them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/stamps
# llama.cpp is compiled for this machine's processor, without the parts that Vouch does not use.
# For a GPU: make clean-install CMAKE_ARGS="-DGGML_CUDA=on" (or -DGGML_METAL=on, -DGGML_VULKAN=on).
export CMAKE_ARGS ?= -DLLAVA_BUILD=OFF -DLLAMA_OPENSSL=OFF
export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# On a terminal pip shows what it downloads; elsewhere it is silent.
PIP := $(BIN)/python -m pip install $(if $(MAKE_TERMOUT),,--quiet) --constraint constraints.txt
# The libraries as they were tried, each file with its hash, for the platforms that have a list; elsewhere the
# ranges of pyproject.toml. Not by the list: make chat LOCK=
LOCK ?= $(wildcard locks/$(shell $(firstword $(wildcard $(BIN)/python) $(PYTHON)) locks/lock.py name).txt)
HASHED = $(BIN)/python -m pip install $(if $(MAKE_TERMOUT),,--quiet) --no-deps --require-hashes --requirement
LISTED = $(if $(LOCK),$(HASHED) $(1) || { echo "      Not installed as $(1) lists. Without the list: make chat LOCK="; exit 1; },\
	echo "      No list of hashes for this platform: newest releases within pyproject.toml.")

ENCODER := $(BIN)/vouch models pull all-mpnet-base-v2 || \
	echo "      Not fetched: questions in other words than a paper's find it less often for now."

.PHONY: chat test check eval peers bench torture audit lock clean-install help

help:
	@echo "make chat    set up what is missing and open the chat on http://127.0.0.1:7860"
	@echo "make test    set up what is missing and run all checks and tests"
	@echo "make eval    put the eval questions to Vouch and make the report"
	@echo "make bench   measure speed and memory, each beside a reference (15 minutes)"
	@echo "make torture kill, starve and damage what Vouch keeps, for an hour or two"
	@echo "make audit   known holes of the libraries that are installed (needs a network)"
	@echo "make lock    list what is installed, with hashes, for this platform (needs a network)"
	@echo "make peers   put 40 of them to Vouch and to other systems (over an hour)"

chat: $(STAMPS)/install
	@echo "[3/5] The fallback model (98 MB; it answers with quotes until the default is here) ..."
	@$(BIN)/vouch models pull smollm2-135m || echo "      Not fetched: answers will be quotes without a model."
	@echo "[4/5] The encoder of abstracts (404 MB), and the seeds: 195 papers into the index (two minutes; at once when nothing changed) ..."
	@$(ENCODER)
	@$(BIN)/vouch ingest
	@echo "[5/5] The default model (491 MB; a minute or more at first, at once later) ..."
	@$(BIN)/vouch models pull || echo "      Not fetched: answers are quotes for now. Run make chat again later."
	@$(BIN)/vouch chat

test: $(STAMPS)/install-dev
	@echo "Models for the tests: the fallback (98 MB) and the default (491 MB) ..."
	@$(BIN)/vouch models pull smollm2-135m
	@$(BIN)/vouch models pull || echo "      Not fetched: tests that need the default model are skipped."
	$(MAKE) check
	$(BIN)/python -m pytest

check: $(STAMPS)/install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

eval: $(STAMPS)/install
	@$(ENCODER)
	@$(BIN)/vouch ingest
	@$(BIN)/vouch models pull
	$(BIN)/vouch eval answers retrieval
	$(BIN)/vouch eval report

# More: make bench BENCH="--full --build-llama-bench", or parts: make bench BENCH="engine memory".
bench: $(STAMPS)/install
	@$(PIP) --editable ".[plots]"
	@$(ENCODER)
	@$(BIN)/vouch ingest
	@$(BIN)/vouch models pull
	$(BIN)/python -m evals.speed $(BENCH)

# The long loops of docs/reliability.md: kills, full disks, damage. Nothing of the reader's is touched.
torture: $(STAMPS)/install-dev
	TORTURE=all $(BIN)/python -m pytest -s tests/torture

# Known holes of what is installed, from the network; its own environment, so that it audits and is not audited.
audit: $(STAMPS)/install
	@$(PYTHON) -m venv .audit
	@.audit/bin/python -m pip install --quiet pip-audit
	$(BIN)/python -m pip freeze --exclude-editable > .audit/installed.txt
	.audit/bin/pip-audit --requirement .audit/installed.txt --no-deps --disable-pip --desc

# After the tests have passed with what is installed.
lock: $(STAMPS)/install-dev
	$(BIN)/python locks/lock.py

peers: $(STAMPS)/install
	@$(ENCODER)
	@$(BIN)/vouch ingest
	@$(BIN)/vouch models pull
	$(BIN)/vouch eval peers

clean-install:
	rm -rf $(VENV)
	$(MAKE) $(STAMPS)/install

$(STAMPS)/venv:
	@echo "[1/5] A virtual environment in $(VENV) ..."
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || \
		{ echo "Python 3.11 or newer is needed; name one with: make chat PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/install: $(STAMPS)/venv pyproject.toml constraints.txt $(LOCK)
	@echo "[2/5] Libraries (1.5 GB) and llama.cpp, compiled for this machine: 5 to 12 minutes the first time ..."
	@$(call LISTED,$(LOCK))
	@$(PIP) torch
	@$(PIP) --editable .
	@touch $@

$(STAMPS)/install-dev: $(STAMPS)/install $(LOCK:.txt=-dev.txt)
	@$(call LISTED,$(LOCK:.txt=-dev.txt))
	@$(PIP) --editable ".[dev]"
	@touch $@
