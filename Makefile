# Upswing. `make help` lists the commands.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SUPERSET := .venv-superset
RAW ?= $(UPSWING_RAW)
UPSWING_WAREHOUSE ?= warehouse
export UPSWING_WAREHOUSE
ENGINE ?= duckdb
TO ?= postgres
PORT ?= 8501
# Not from the environment, where the system has a variable of that name.
LANGUAGE := en
PART ?= build
# What a build needs: Spark's part for Spark, the databases' part where the raw tables come out of one.
INSTALLED := $(addprefix $(VENV)/.installed-,build $(filter spark,$(ENGINE)) $(if $(strip $(UPSWING_SOURCE)),databases))
ifneq ($(strip $(RAW)),)
export UPSWING_RAW := $(RAW)
endif

.DEFAULT_GOAL := help
.PHONY: help check install build test test-all test-fast test-slow test-spark test-adapter lint lint-python lint-sql lint-packages lock docs bench bench-scale clean sample quality compliance backup restore publish refresh dashboard report cards superset

help: ## List the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | awk -F '\t' '{printf "  make %-12s %s\n", $$1, $$2}'

# Mistakes in what was given, before anything is installed.
CHECKED := ENGINE PART TO LANGUAGE PORT FILE RAW
check: export PYTHONPATH := src
check: export MAKE_GIVEN := $(MAKEOVERRIDES)
$(foreach name,$(CHECKED),$(eval check: export $(name) := $($(name))))
check:
	@command -v "$(PYTHON)" > /dev/null || { echo "There is no $(PYTHON); name another Python: make PYTHON=python3.12" >&2; exit 2; }
	@"$(PYTHON)" -m upswing.make_arguments $(MAKECMDGOALS)

.DEFAULT:
	@PYTHONPATH=src "$(PYTHON)" -m upswing.make_arguments --unknown "$@" Makefile

# The stamp of a part says that it is installed; scripts/install lists the parts and writes the stamps.
$(VENV)/.installed-%: requirements.txt requirements-torch-cpu.txt pyproject.toml | check
	@PYTHON="$(PYTHON)" VENV="$(VENV)" scripts/install $*

# One after another, also under `make -j`: all of them install into one environment.
$(addprefix $(VENV)/.installed-,pages metrics databases spark dev): $(VENV)/.installed-build

install: $(VENV)/.installed-$(PART) ## Install what a build needs, or with PART=pages, metrics, databases, spark or dev more
	@echo "$(PART) is installed in $(VENV)."

sample: $(VENV)/.installed-build ## Write the sample's raw tables to data/sample, unless they stand already
	@$(BIN)/upswing sample --missing-only

build: check $(INSTALLED) ## Build the warehouse and publish the marts; RAW=folder for your own data, ENGINE=spark for Spark
	@mkdir -p "$(UPSWING_WAREHOUSE)"
	@$(if $(strip $(RAW)),:,$(BIN)/upswing sample --missing-only)
	@$(BIN)/dbt build --target $(ENGINE) --exclude-resource-type unit_test --exclude-resource-type exposure || \
		{ echo "The build failed, so nothing was published: $(UPSWING_WAREHOUSE)/marts.duckdb, where it stands, is as it was."; exit 1; }
	@$(BIN)/upswing published

refresh: check $(INSTALLED) ## Take in new raw files once, build what they touch and publish it; `upswing watch` does so for ever
	@$(BIN)/upswing watch --once

dashboard: $(VENV)/.installed-pages ## Serve the dashboard on this machine; PORT=8501
	@$(BIN)/upswing dashboard --port $(PORT)

$(SUPERSET)/.installed-superset: superset/requirements.txt
	@PYTHON="$(PYTHON)" SUPERSET="$(SUPERSET)" scripts/install superset

superset: $(VENV)/.installed-build $(SUPERSET)/.installed-superset ## Serve the marts in Apache Superset on this machine, with charts and a dashboard
	@$(BIN)/upswing superset

report: $(VENV)/.installed-pages ## Write the week in review to reports/, as HTML and PDF; LANGUAGE=zh for Chinese
	@$(BIN)/upswing report --language $(LANGUAGE)

cards: $(VENV)/.installed-pages ## Write a model card of each learned model, and the transparency report, to docs/
	@$(BIN)/upswing cards

quality: $(VENV)/.installed-build ## Judge the warehouse by its gates and write Data Docs to target/quality
	@$(BIN)/upswing check --data-docs target/quality

compliance: $(VENV)/.installed-build ## Prove that no identity leaks
	@$(BIN)/upswing compliance

backup: $(VENV)/.installed-build ## Back the warehouse up to backups/, read again and checked; encrypted unless PLAIN=1
	@$(BIN)/upswing backup $(if $(PLAIN),--plain)

restore: $(VENV)/.installed-build ## Put a backup in the place of the warehouse; FILE=backups/...
	@$(BIN)/upswing restore "$(FILE)"

publish: $(VENV)/.installed-databases ## Copy the published marts into a database: TO=postgres, UPSWING_SERVE="host=... dbname=... user=..."
	@$(BIN)/upswing publish --to $(TO)

lint: $(VENV)/.installed-dev ## Check style and types of Python and SQL, licences and known vulnerabilities of the packages
	@$(MAKE) --no-print-directory --jobs 2 --output-sync lint-python lint-sql lint-packages

lint-python: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	cd dbt-spark-session && ../$(BIN)/mypy

lint-sql: $(VENV)/.installed-dev
	@mkdir -p "$(UPSWING_WAREHOUSE)"
	PYTHONWARNINGS="ignore:resource_tracker:UserWarning" $(BIN)/sqlfluff lint --disable-progress-bar --processes 2 models tests/singular

# pyproject.toml has the licences that are allowed, and the exceptions from both.
lint-packages: $(VENV)/.installed-dev
	$(BIN)/pip-licenses --summary
	$(BIN)/python scripts/audit.py

# Two processes. A file of tests stays in one of them, and files start in the order that tests/pipeline/conftest.py gives.
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder

test: lint test-fast ## Check style and types, build a small sample once, run all tests but the slow ones

test-all: test test-slow test-adapter ## The tests that are slow by nature too: Spark, the browser, database servers, Superset

test-fast: $(VENV)/.installed-dev
	$(PYTEST) -m "not slow"

test-slow: $(VENV)/.installed-dev $(SUPERSET)/.installed-superset
	$(PYTEST) -m slow

test-spark: $(VENV)/.installed-dev ## Compare the whole project on Spark with DuckDB, learned models and publication too
	UPSWING_TEST_SPARK=whole $(BIN)/pytest tests/pipeline/test_spark.py

test-adapter: $(VENV)/.installed-dev
	cd dbt-spark-session && ../$(BIN)/pytest

docs: $(VENV)/.installed-build ## Write the documentation of every model to target/static_index.html
	@mkdir -p "$(UPSWING_WAREHOUSE)"
	@$(if $(strip $(RAW)),:,$(BIN)/upswing sample --missing-only)
	$(BIN)/dbt docs generate --static
	@echo "Open target/static_index.html in a browser."

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock"
lock: $(VENV)/.installed-build ## Write both requirements.txt, with hashes, from pyproject.toml and superset/requirements.in; UPGRADE=package takes its newest version
	@$(BIN)/uv pip compile $(LOCK) $$(scripts/install --uv-settings) $(if $(UPGRADE),--upgrade-package $(UPGRADE)) --all-extras --group install pyproject.toml --output-file requirements.txt
	@$(BIN)/uv pip compile $(LOCK) $$(scripts/install --uv-settings) $(if $(UPGRADE),--upgrade-package $(UPGRADE)) superset/requirements.in --output-file superset/requirements.txt

bench: $(VENV)/.installed-pages build ## Measure the figures of docs/benchmarks.md, each against its peer
	$(BIN)/python benchmarks/run.py

bench-scale: $(VENV)/.installed-spark $(VENV)/.installed-pages ## Measure what 1, 10 and 100 million order lines cost, and 10 million on Spark: 20 minutes, 30 GB of disk
	$(BIN)/python benchmarks/scale.py --spark

clean: ## Remove what can be made again: venv, sample, dbt's output; the warehouse stays, for it holds the fits
	rm -rf $(VENV) target logs data/sample .mypy_cache .pytest_cache .ruff_cache src/*.egg-info
