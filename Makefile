# make demo   set everything up and run the demo
# make test   set everything up and run all checks
#
# Both work on a fresh Debian or Ubuntu that has only Python 3.11 to 3.13 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help demo test lint types rooms unit wheel benchmarks translations screenshots clean
.DELETE_ON_ERROR:

help:
	@sed -n '1,4s/^# //p' Makefile

demo: $(VENV)/.demo
	$(BIN)/srfer demo --out out/demo

test: lint types rooms unit wheel

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/mypy tests benchmarks examples scripts

rooms: $(VENV)/.dev
	$(BIN)/lint-imports

unit: $(VENV)/.dev
	$(BIN)/python -m pytest -n auto --dist loadfile

wheel: $(VENV)/.dev
	$(BIN)/python scripts/check_wheel.py

benchmarks: $(VENV)/.dev
	$(BIN)/python -m benchmarks.pipeline_overhead
	$(BIN)/python -m benchmarks.engines
	$(BIN)/python -m benchmarks.export_speed
	$(BIN)/python -m benchmarks.tracking
	$(BIN)/python -m benchmarks.media
	$(BIN)/python -m benchmarks.sources
	$(BIN)/python -m benchmarks.streams
	$(BIN)/python -m benchmarks.soak
	$(BIN)/python -m benchmarks.install
	$(BIN)/python -m benchmarks.gui
	$(BIN)/python -m benchmarks.gui_soak

# The first needs Qt's linguist tools (apt-get install qt6-l10n-tools), the second Xvfb.
translations: $(VENV)/.dev
	$(BIN)/pylupdate6 --no-obsolete --ts gui/translations/srfer_zh.ts gui/*.py
	PATH="$$PATH:/usr/lib/qt6/bin" lrelease gui/translations/srfer_zh.ts

screenshots: $(VENV)/.dev
	$(BIN)/python scripts/screenshots.py docs/images

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
		echo "srfer needs Python 3.11 to 3.13; name one with: make PYTHON=python3.12 ..." >&2; \
		exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
		echo "This Python cannot make virtual environments: apt-get install python3-venv" >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip

$(VENV)/.demo: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --quiet -c constraints.txt -e '.[demo]'
	@sh scripts/system_libraries.sh $(BIN)/python opencv
	@touch $@

# PyTorch's default wheel for Linux brings gigabytes of CUDA. uv knows where the CPU build is; where
# it cannot get it, pip takes what its own configuration offers.
$(VENV)/.dev: pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -c 'import torch' 2>/dev/null || { $(PIP) install --quiet uv && \
		UV_HTTP_RETRIES=0 $(BIN)/uv pip install --quiet --python $(BIN)/python \
			--torch-backend=cpu -c constraints.txt torch 2>/dev/null; } || \
		$(PIP) install --quiet -c constraints.txt torch
	$(PIP) install --quiet -c constraints.txt -e '.[dev]'
	$(PIP) install --quiet -c constraints.txt --no-deps mediapipe
	@for part in opencv qt tests; do sh scripts/system_libraries.sh $(BIN)/python $$part || exit 1; done
	@touch $@

clean:
	rm -rf $(VENV) out dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
