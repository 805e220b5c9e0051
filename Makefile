# Two commands do everything: `make run` starts the demo, `make test` proves the software.

PYTHON ?= python3
BIN := .venv/bin
# publisher/console/assets.py names its files by digest
EDITOR_VERSION := 0.28.0
ASSETS := .venv/share/web-assets
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: help run test check lock clean

help:           ## what there is
	@sed -n 's/^\([a-z]*\):[^#]*## */\1\t/p' $(MAKEFILE_LIST)

run: .venv/ready   ## start the demo: console, site, screens, practice outlets
	$(BIN)/publisher demo $(ARGS)

test: .venv/ready-to-test   ## run all tests
	$(BIN)/python -m pytest -n auto --dist loadscope --no-loadscope-reorder $(ARGS)

check: .venv/ready-to-test   ## style, types, direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lock:           ## write the lock files anew (needs uv); what tests need decides where both need it
	uv pip compile pyproject.toml --group build --group dev --universal --python-version 3.11 \
		--generate-hashes --no-header --quiet -o .ci/requirements-dev.lock
	uv pip compile pyproject.toml --group build --universal --python-version 3.11 \
		--constraint .ci/requirements-dev.lock \
		--generate-hashes --no-header --quiet -o .ci/requirements.lock
	printf '%s\n' 'django-prose-editor==$(EDITOR_VERSION)' | uv pip compile - --no-deps \
		--universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		--quiet -o .ci/requirements-assets.lock

clean:          ## remove the environment
	rm -rf .venv

.venv/made:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "需要 Python 3.11 或更新的版本：make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv .venv
	@touch $@

.venv/assets: .venv/made .ci/requirements-assets.lock
	rm -rf $(ASSETS)
	$(PIP) --no-deps --require-hashes --target $(ASSETS) -r .ci/requirements-assets.lock
	@touch $@

.venv/ready: .venv/made .venv/assets .ci/requirements.lock pyproject.toml
	@echo "正在安装依赖，第一次需要一两分钟……"
	$(PIP) --require-hashes -r .ci/requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/ready-to-test: .venv/ready .ci/requirements-dev.lock
	$(PIP) --require-hashes -r .ci/requirements-dev.lock
	@touch $@
