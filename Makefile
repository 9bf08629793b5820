# Plain `make` lists what there is. Everything lives in .venv and in the folders named here; nothing global is touched.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
export PYTHONUTF8 := 1
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

.DEFAULT_GOAL := help
.PHONY: help demo test check faults bench soak serve tick bundle clean

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

bench: $(BIN)/installed ## time forms, reading, intake, plans and ticks against other ways
	$(BIN)/python bench/forms.py
	$(BIN)/python bench/reading.py
	$(BIN)/python bench/intake.py
	$(BIN)/python bench/plan.py
	$(BIN)/python bench/rollup.py
	$(BIN)/python bench/tick.py
	$(BIN)/python bench/rehearsal.py
	$(BIN)/python bench/bulk.py
	$(BIN)/python bench/window.py

faults: $(BIN)/installed ## inject every kind of fault into 25 forms, saved by three programs (minutes)
	$(BIN)/python tests/faults.py

soak: $(BIN)/installed ## live through 100,000 random histories, kill the tick at every boundary, ... (hours)
	$(BIN)/python -m tests.soak_histories 100000
	$(BIN)/python -m tests.soak.crash
	for seed in 1 2 3 4 5; do $(BIN)/python -m tests.soak.crash 160 $$seed || exit 1; done
	$(BIN)/python -m tests.soak.crash 160 6 postgresql
	$(BIN)/python -m tests.soak.outage
	$(BIN)/python -m tests.soak.two_senders
	$(BIN)/python -m tests.soak.ladder

serve: $(BIN)/installed ## open the Prefect UI on the demo's data
	LIANDONG_HOME=$(DEMO)/office $(BIN)/liandong serve

tick: $(BIN)/installed ## take in what was dropped into the demo's inbox, and do what is due
	LIANDONG_HOME=$(DEMO)/office $(BIN)/liandong tick

# MACHINE names another machine's kind, e.g. aarch64 (Kylin on Kunpeng or Phytium); empty: this machine's. Each package says the
# oldest C library that it runs with, and pip takes no other than those asked for.
MACHINE :=
FOREIGN = $(foreach oldest,2_28 2_27 2_26 2_24 2_17,--platform manylinux_$(oldest)_$(MACHINE)) --python-version 3.11 --implementation cp
BUNDLE = build/liandong-bundle$(MACHINE:%=-%)
bundle: $(BIN)/installed ## an archive in build/ that installs with no network (MACHINE=… for another machine)
	rm -rf $(BUNDLE) && mkdir -p $(BUNDLE)/wheelhouse
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps -w $(BUNDLE)/wheelhouse .
	$(BIN)/python -m pip download --quiet --disable-pip-version-check -d $(BUNDLE)/wheelhouse -c constraints.txt --only-binary=:all: \
	  $(if $(MACHINE),$(FOREIGN)) "$$(ls $(BUNDLE)/wheelhouse/liandong-*.whl)[postgresql,dask]"
	cp -r constraints.txt prefect.yaml README.zh-CN.md README.md docs deploy $(BUNDLE)/ && mv $(BUNDLE)/deploy/install.sh $(BUNDLE)/
	cd $(BUNDLE) && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum > SHA256SUMS
	tar -czf $(BUNDLE).tar.gz -C build $(notdir $(BUNDLE))
	@echo 'Written: $(BUNDLE).tar.gz; on the other machine: tar -xzf, then ./install.sh'

clean: ## remove the virtual environment and the demo
	rm -rf $(VENV) $(DEMO)
