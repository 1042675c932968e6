# One command each; `make` alone lists them.

PYTHON ?= python3
BIN := .venv/bin
# More for pytest, such as PYTEST='-k sweeper -x'.
PYTEST ?=
# The benchmarks to run, such as BENCH='sqlite peers'; all if none is named, which takes about 20 minutes.
BENCH ?=
# More for `tenure up`, such as UP='--port 9000'.
UP ?=
# Without an API key of Riot Games a Riot API of our own answers the tracker of games; 0 leaves it out.
export TENURE_GAMES_STAND_IN ?= 1
# More for the demo, such as DEMO='--people-per-minute 200'; DEMO=--help lists all.
DEMO ?=

.DEFAULT_GOAL := help
.PHONY: help run demo test check format bench soak lock set-up

help: ## Print this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 10

run: ## Set everything up and start Tenure: store, services, sweeper, HTTP, dashboard
	@$(PYTHON) tools/set_up.py run
	@exec $(BIN)/tenure up $(UP)

demo: ## Set everything up and start Tenure with live traffic to look at
	@$(PYTHON) tools/set_up.py run
	@exec $(BIN)/python -m examples.demo $(DEMO)

test: set-up ## Set everything up and run the tests
	$(BIN)/pytest $(PYTEST)

check: set-up ## Format, lint, types and security, without changing a file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/bandit --quiet --recursive --severity-level medium --configfile pyproject.toml src

format: set-up ## Format the code, and mend what the linter can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: ## Measure all engines, also beside others, and write docs/benchmarks.md
	@$(PYTHON) tools/set_up.py benchmarks
	$(BIN)/python -m benchmarks $(BENCH)

soak: set-up ## Run the long tests: simulation, crashes, failovers, planted bugs
	$(BIN)/pytest -m soak $(PYTEST)

lock: ## Pin the requirements anew, with hashes, from pyproject.toml
	$(PYTHON) tools/lock.py

set-up: ## Set up .venv for development, and nothing else
	@$(PYTHON) tools/set_up.py development
