# What people and CI call. `make` alone lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?= python3
PHOTOS ?=
EVENT ?= events/s3-object-created.json

VENV := .venv
BIN := $(VENV)/bin
UV := $(CURDIR)/$(BIN)/uv
SAM := .venv-sam/bin/sam
UV_VERSION := >=0.10,<1

# sam looks for uv, and nothing here is to phone home or to reach an AWS account by accident.
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/.venv-sam/bin:$(PATH)
export SAM_CLI_TELEMETRY := 0
export UV_SYSTEM_CERTS ?= 1
export UV_PYTHON_DOWNLOADS ?= never
export UV_NO_PROGRESS ?= 1
export NO_MKDOCS_2_WARNING := 1
unexport VIRTUAL_ENV UV_PROJECT_ENVIRONMENT

.PHONY: help setup demo lint lint-types lint-contracts lint-style lint-templates lint-sam check test test-slow test-all model-check docs invoke load bench bench-search bench-fingerprint format lock deploy clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready .venv-sam/.ready ## make .venv (with .venv/bin/lookalike) and .venv-sam; quick when done

demo: setup ## run the main job on this machine; PHOTOS=DIR takes pictures of your own
	@$(BIN)/lookalike local demo $(if $(PHOTOS),"$(PHOTOS)")

lint: setup ## linters, types, import contracts and templates, two at a time
	@$(MAKE) --no-print-directory -j 2 --output-sync=target lint-types lint-templates lint-contracts lint-style lint-sam

lint-types:
	$(BIN)/mypy

lint-contracts:
	$(BIN)/lint-imports

lint-style:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# W3002 says that code of the examples is uploaded by `aws cloudformation package`, as their page does.
lint-templates:
	.venv-sam/bin/cfn-lint --ignore-checks W3002 -- template.yaml examples/*/template.yaml

lint-sam:
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint

check: lint ## the inner loop: linters, types, contracts and the quick unit tests, in a minute
	LOOKALIKE_HYPOTHESIS=check $(BIN)/pytest -q -n 2 -m "not thorough and not slow and not emulator" tests/unit tests/docs

test: lint ## everything that proves the promises, in five minutes
	$(BIN)/pytest -n 2 --dist loadgroup -m "not slow"

test-slow: setup ## what takes minutes: the commands of all pages, more uploads, longer fuzzing, other versions of libraries
	$(BIN)/pytest -n 2 --dist loadgroup -m slow

test-all: test test-slow ## both

model-check: setup ## try more orders of events and crashes than `make test`, and print what was tried
	$(BIN)/python -m tests.model

docs: setup $(VENV)/.docs ## build the documents as a site into site/, and check that it loads nothing from elsewhere
	$(BIN)/mkdocs build --strict
	$(BIN)/pytest -q tests/site

invoke: setup ## run `sam local invoke` (Docker) on EVENT=events/NAME.json against the emulator
	@$(BIN)/lookalike local invoke "$(EVENT)"

bench: setup $(VENV)/.bench ## measure in a few minutes, searches up to 100,000 pictures
	@set -e; for part in nearly-blank bands contention cold-import hashing parsing; do $(BIN)/python -m benchmarks $$part; done
	@$(BIN)/python -m benchmarks comparing --stored 1k,100k
	@$(BIN)/python -m benchmarks search --stored 1k,100k

bench-search: setup $(VENV)/.bench ## measure searches up to 10 million pictures in ten minutes, beside other libraries
	@$(BIN)/python -m benchmarks comparing
	@$(BIN)/python -m benchmarks search

bench-fingerprint: setup $(VENV)/.bench ## test the fingerprint on pictures it was not trained on; CORPUS="DIR..." adds yours, FAMILIES="DIR..." different pictures of one kind, EFFORT=thorough, PLOTS=DIR draws
	@$(BIN)/python -m benchmarks edited-copies $(foreach folder,$(CORPUS),--corpus "$(folder)") $(if $(PLOTS),--plots "$(PLOTS)")
	@$(BIN)/python -m benchmarks told $(if $(EFFORT),--effort "$(EFFORT)") $(foreach folder,$(CORPUS),--corpus "$(folder)") $(foreach folder,$(FAMILIES),--folder "$(folder)")
	@$(BIN)/python -m benchmarks crops
	@$(BIN)/python -m benchmarks nearly-blank
	@$(BIN)/python -m benchmarks hashing --photographs

load: setup ## upload to the deployed stack at RATE (5) a second for SECONDS (20), and time the messages
	@$(BIN)/python -m benchmarks uploads $(if $(RATE),--rate "$(RATE)") $(if $(SECONDS),--seconds "$(SECONDS)")

format: setup ## format the code and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/.uv ## resolve the dependencies again and export the layers'
	$(UV) lock
	@$(MAKE) --no-print-directory layers/imaging/requirements.txt layers/heic/requirements.txt

EXPORT = $(UV) export --quiet --frozen --no-default-groups --no-emit-project --no-header --no-annotate --prune boto3

layers/imaging/requirements.txt: uv.lock | $(VENV)/.uv
	@{ echo '# Written by `make lock` from uv.lock. boto3 is not here: the Lambda runtime has it.'; \
	  $(EXPORT); \
	} > $@.new && mv $@.new $@

layers/heic/requirements.txt: uv.lock | $(VENV)/.uv
	@{ echo '# Written by `make lock` from uv.lock. What it needs besides is in the imaging layer.'; \
	  $(EXPORT) --extra heic --prune aws-lambda-powertools --prune numpy --prune pillow; \
	} > $@.new && mv $@.new $@

deploy: setup ## build for Lambda and deploy to AWS, asking for the parameters
	$(SAM) build
	$(SAM) deploy --guided

clean: ## end a running `local up` and remove everything that was built
	@test ! -x $(BIN)/lookalike || $(BIN)/lookalike local down
	rm -rf .venv .venv-sam .lookalike .aws-sam site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

# --- set-up, each step once ---

SYNC = $(UV) sync --quiet --frozen --python $(CURDIR)/$(BIN)/python
CONNECTED = || { echo "set-up failed: see the lines above; if they name a host, no package index is reachable (cure: connect, or name one with PIP_INDEX_URL and UV_DEFAULT_INDEX, and run this again)" >&2; exit 1; }

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "$(PYTHON) is missing or older than 3.11: install Python 3.11 or later, or name one with make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "$(PYTHON) has no venv module: apt-get install python3-venv (Debian, Ubuntu), or name another with PYTHON=" >&2; exit 1; }
	@echo "setting up .venv and .venv-sam (once; a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv$(UV_VERSION)" $(CONNECTED)
	@touch $@

$(VENV)/.ready: pyproject.toml uv.lock | $(VENV)/.uv
	@$(SYNC) --inexact --all-extras $(CONNECTED)
	@touch $@

$(VENV)/.bench: $(VENV)/.ready
	@$(SYNC) --inexact --all-extras --group bench $(CONNECTED)
	@touch $@

$(VENV)/.docs: $(VENV)/.ready
	@$(SYNC) --inexact --all-extras --group docs $(CONNECTED)
	@touch $@

.venv-sam/.ready: pyproject.toml uv.lock | $(VENV)/.uv
	@UV_PROJECT_ENVIRONMENT=.venv-sam $(SYNC) --only-group sam $(CONNECTED)
	@touch $@
