PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup ablation smoke experiments test bench bench-gpu lint format lock clean

help:
	@echo "make ablation   base, v2 and v3 over three seeds on the embedded world; prints the table and the report's path"
	@echo "make smoke      the same path in under a minute"
	@echo "make experiments  every committed result of experiments/ again (an estimated two hours on two cores)"
	@echo "make test       the test suite"
	@echo "make bench      how fast it is: a table, also in outputs/bench/ (some minutes; judges nothing)"
	@echo "make bench-gpu  what Gemma 4 E4B costs on this machine's GPU, saving by saving (random weights; some 20 minutes)"
	@echo "make setup      .venv with the locked dependencies (about 5.5 GB; a few minutes)"
	@echo "make lint       ruff, ruff format, mypy"

setup: .venv/.ready

.venv/.ready: requirements.lock pyproject.toml
	@echo "Setting up .venv from requirements.lock (about 5.5 GB; a few minutes the first time) ..."
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; try: make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --requirement requirements.lock
	@$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

ablation: setup
	@$(BIN)/gemma-audio -m sweep=v2_v3 recipe=base,v2,v3 seed=0,1,2 evaluation=embedded

smoke: setup
	@$(BIN)/gemma-audio -m sweep=smoke

experiments: setup
	@$(BIN)/python -m gemma_audio.cli.experiments

test: setup
	@OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist worksteal

bench: setup
	@$(BIN)/python -m gemma_audio.cli.bench

bench-gpu: setup
	@$(BIN)/python -m gemma_audio.cli.gpu

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: setup
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate \
		--extra dev pyproject.toml --output-file requirements.lock

clean:
	rm -rf outputs dist build .mypy_cache .ruff_cache .pytest_cache
