# Plain `make` lists what there is. Everything lives in .venv and in the folders named here; nothing global is touched.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
export PYTHONUTF8 := 1
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help demo test check faults bench soak serve tick clean

help: ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

$(BIN)/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@echo 'Installing into $(VENV): a minute or two ...'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(BIN)/installed ## run the main job: the Hezhou campaign's first two rounds, into ./demo
	$(BIN)/liandong demo --out $(DEMO)

test: $(BIN)/installed ## pass the tests
	$(BIN)/python -m pytest

check: $(BIN)/installed ## ruff, mypy, import directions
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(BIN)/installed ## time forms, reading and plans against other libraries
	$(BIN)/python bench/forms.py
	$(BIN)/python bench/reading.py
	$(BIN)/python bench/plan.py

faults: $(BIN)/installed ## inject every kind of fault into 25 forms, saved by three programs (minutes)
	$(BIN)/python tests/faults.py

soak: $(BIN)/installed ## live through 100,000 random histories, kill the tick at every boundary (an hour)
	$(BIN)/python -m tests.soak_histories 100000
	$(BIN)/python -m tests.soak.crash
	$(BIN)/python -m tests.soak.outage
	$(BIN)/python -m tests.soak.two_senders
	$(BIN)/python -m tests.soak.ladder

serve: $(BIN)/installed ## open the Prefect UI on the demo's data
	LIANDONG_HOME=$(DEMO)/office $(BIN)/liandong serve

tick: $(BIN)/installed ## take in what was dropped into the demo's inbox, and do what is due
	LIANDONG_HOME=$(DEMO)/office $(BIN)/liandong tick

clean: ## remove the virtual environment and the demo
	rm -rf $(VENV) $(DEMO)
