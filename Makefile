# Every command of the project. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Where the machine has certificates of its own, uv trusts those: a company's proxy is in them.
UV := $(BIN)/uv $(if $(wildcard /etc/ssl/certs/ca-certificates.crt),--system-certs)
LOCKS := requirements/bootstrap.txt requirements/dev.txt
PAGE := src/tilth/server/static/index.html

# Lock files say the same on every machine: whatever package index is configured here, its address is not written down.
COMPILE = $(UV) pip compile --quiet --no-config --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
	--custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

# All but Ray, which is large: only the environment of `make frameworks-light` has it.
EXTRAS = $(addprefix --extra ,media mount oidc postgres tables)

.PHONY: help install page services demo test test-integration compat frameworks frameworks-light schedules check lint format bench bench-server bench-page lock snapshots picture clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## *' '{printf "  make %-16s %s\n", $$1, $$2}'

install: $(STAMP)  ## put Tilth and all its tools into .venv

$(STAMP): pyproject.toml $(LOCKS)
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: name it with PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old: 3.11 or newer is needed" >&2; exit 1; }
	@echo "installing into $(VENV)"
	@test -x $(BIN)/python || "$(PYTHON)" -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements/bootstrap.txt -r requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(STAMP)
	@echo "$(BIN)/tilth is there"

demo: install $(PAGE)  ## version a folder of pictures and get it back [FOLDER=...]
	@$(BIN)/python -m tools.demo $(if $(FOLDER),--folder "$(FOLDER)")

test: install $(PAGE)  ## every test that CI runs
	$(BIN)/pytest -n 3 --dist worksteal $(ARGS)

page: $(PAGE)  ## build the web page into the package

$(PAGE): $(wildcard $(shell git ls-files ui 2>/dev/null)) tools/build_page.sh | $(STAMP)
	@tools/build_page.sh

services:  ## install what tests talk to beside Python: PostgreSQL 15, nginx, Ceph's gateway, browsers, FUSE, Azurite
	@tools/install_services.sh

test-integration: install services $(PAGE)  ## the tests that need these servers, and those beside them [ARGS=...]
	$(BIN)/pytest -n 2 --dist worksteal tests/contract tests/integration tests/unit/server tests/unit/store $(ARGS)

compat: install $(PAGE)  ## every flow of the official clients against a started server
	$(BIN)/pytest -n 2 --dist loadfile tests/compat $(ARGS)

frameworks: install build/frameworks-venv/installed.txt build/frameworks-tensorflow-venv/installed.txt  ## train with each framework that is recorded by itself; installs them into build/
	$(BIN)/pytest -n 2 tests/frameworks $(ARGS)

frameworks-light: install build/frameworks-light-venv/installed.txt  ## install those of them that are not big, which `make test` trains with then

build/frameworks-light-venv/installed.txt: requirements/frameworks-light.txt | $(BIN)/uv
	@echo "installing $< into $(@D)"
	@"$(PYTHON)" -m venv --clear $(@D)
	@$(UV) pip install --quiet --python $(@D)/bin/python --require-hashes -r $<
	@$(UV) pip install --quiet --python $(@D)/bin/python --no-deps --build-constraint requirements/dev.txt --editable .
	@cp $< $@

build/frameworks-venv/installed.txt: requirements/frameworks-light.in
build/%-venv/installed.txt: requirements/%.in | $(BIN)/uv
	@echo "installing $< into $(@D)"
	@"$(PYTHON)" -m venv $(@D)
	@$(UV) pip install --quiet --python $(@D)/bin/python -r $< --editable .
	@cp $< $@

schedules: install  ## many more schedules of writers, deleters and collections than `make test` tries [SCHEDULES=40000]
	TILTH_SCHEDULES=$(or $(SCHEDULES),40000) $(BIN)/pytest -n 2 --dist worksteal tests/stateful $(ARGS)

check: lint  ## linters, types, layers, spelling, unit tests: before each commit
	$(BIN)/pytest -q -n 2 tests/unit

lint: install  ## the linters alone
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/codespell
	tools/build_page.sh --check

format: install  ## format the code, sort the imports
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: install  ## measure Tilth beside others and the floors [WORKLOADS=images,tiny] [SCALE=0.1] [REPEAT=1] [WRITE=1]
	$(BIN)/python -m benchmarks.run $(if $(WORKLOADS),--workloads $(WORKLOADS)) $(if $(SCALE),--scale $(SCALE)) $(if $(REPEAT),--repeat $(REPEAT)) $(if $(WRITE),--write)

bench-server: install  ## measure the server beside nginx and its own targets [SCALE=0.1]
	$(BIN)/python -m benchmarks.server $(SCALE)

bench-page: page  ## measure the page in Chromium beside floors of the same run [SCALE=0.1]
	$(BIN)/python -m benchmarks.page $(SCALE)

lock: | $(BIN)/uv  ## write the lock files anew [UPGRADE=1]
	$(COMPILE) --group bootstrap --output-file requirements/bootstrap.txt
	$(COMPILE) pyproject.toml --output-file requirements/runtime.txt
	$(COMPILE) requirements/compat.in --output-file requirements/compat.txt
	$(COMPILE) pyproject.toml requirements/frameworks-light.in --constraint requirements/runtime.txt --output-file requirements/frameworks-light.txt
	$(COMPILE) requirements/node.in --output-file requirements/node.txt
	$(COMPILE) pyproject.toml $(EXTRAS) --group dev --constraint requirements/runtime.txt --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml $(EXTRAS) --constraint requirements/dev.txt --output-file requirements/server.txt

$(BIN)/uv:
	"$(PYTHON)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(test -s requirements/bootstrap.txt && echo "--require-hashes -r requirements/bootstrap.txt" || echo uv)

snapshots: install  ## write the snapshots of the public surface anew
	$(BIN)/python -m tools.snapshots

picture: install $(PAGE)  ## take the pictures of the README and the guide anew
	$(BIN)/python -m tools.screenshot
	$(BIN)/python -m tools.page_pictures

clean:  ## remove what the other commands made
	rm -rf $(VENV) build dist ui/node_modules src/tilth/server/static .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
