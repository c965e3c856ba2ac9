# make demo    train on scanned digits, export in floats and in integers, verify
#              (about 3 minutes)
# make test    lint, the suite on TensorFlow, the contracts on JAX
# make test-fast, make test-slow   the suite on TensorFlow in two parts
# make test-android   the demo's files in Android's task library (MediaPipe)
# make test-timm  files of timm's and torchvision's networks, loaded into ours
# make docs    the documentation site, in build/site
# make bench   ours and the peer's in one run, ratios last
# Each makes its own environment first. PYTHON=python3.12 takes another Python.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet

ANDROID := .venv-android
TIMM := .venv-timm

.PHONY: demo test test-fast test-slow test-torch test-android test-timm lint format bench papers docs clean
.DELETE_ON_ERROR:

demo: $(VENV)/mobile.installed
	$(BIN)/keras-papers train --quantize int8 --output demo_output --overwrite

test: lint
	KERAS_BACKEND=tensorflow $(BIN)/python -m pytest
	KERAS_BACKEND=jax $(BIN)/python -m pytest tests -m "contract and not slow"

test-fast: lint
	KERAS_BACKEND=tensorflow $(BIN)/python -m pytest -m "not slow"

test-slow: lint
	KERAS_BACKEND=tensorflow $(BIN)/python -m pytest -m slow

test-torch: $(VENV)/torch.installed
	KERAS_BACKEND=torch $(BIN)/python -m pytest tests -m "contract and not slow"

test-android: $(ANDROID)/mediapipe.installed demo_output/model.int8.tflite
	KERAS_BACKEND=tensorflow $(ANDROID)/bin/python -m pytest tests/android

test-timm: $(TIMM)/timm.installed
	KERAS_BACKEND=tensorflow $(TIMM)/bin/python -m pytest \
	    tests/applications/pretrained/test_timm.py \
	    tests/applications/detection/test_torchvision.py

demo_output/model.int8.tflite:
	$(MAKE) demo

lint: $(VENV)/test.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/test.installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/test.installed
	for script in benchmarks/bench_*.py; do $(BIN)/python $$script || exit 1; done

papers: $(VENV)/test.installed
	$(BIN)/python -m tests.paper_facts > docs/PAPERS.md
	$(BIN)/python -m tests.test_architecture
	$(BIN)/python -m tests.losses.test_losses_page
	$(BIN)/python -m keras_papers.pipelines.models.model_description

# Constructors are imported: their docstrings are made at run time. With --quiet
# MkDocs counts no warnings, and strict has no effect.
docs: $(VENV)/docs.installed
	KERAS_BACKEND=jax NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo "keras_papers needs Python 3.11 or newer; run make PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/mobile.installed: $(VENV)/bin/python setup.cfg constraints.txt
	$(PIP) -c constraints.txt -e '.[mobile,report]'
	touch $@

$(VENV)/test.installed: $(VENV)/mobile.installed
	$(PIP) -c constraints.txt -e '.[mobile,quantization,tuner,report,heif,tables,completion,test,dev]'
	touch $@

$(VENV)/torch.installed: $(VENV)/test.installed
	$(PIP) -c constraints.txt torch
	touch $@

$(VENV)/docs.installed: $(VENV)/test.installed
	$(PIP) -c constraints.txt -e '.[docs]'
	touch $@

# Half a gigabyte, and a test's dependency only: an environment of its own.
$(ANDROID)/mediapipe.installed: setup.cfg constraints.txt
	$(PYTHON) -m venv $(ANDROID)
	$(ANDROID)/bin/python -m pip --disable-pip-version-check install --quiet \
	    -c constraints.txt -e '.[mobile,test]' mediapipe
	@$(ANDROID)/bin/python -c 'import ctypes, mediapipe, pathlib; \
	    home = pathlib.Path(mediapipe.__file__).parent; \
	    ctypes.CDLL(home / "tasks/c/libmediapipe.so")' || \
	    { echo "MediaPipe needs libEGL and libGLESv2 (Debian: libegl1, libgles2)"; \
	    exit 1; }
	touch $@

# PyTorch and timm are dependencies of a test only.
$(TIMM)/timm.installed: setup.cfg constraints.txt
	$(PYTHON) -m venv $(TIMM)
	$(TIMM)/bin/python -m pip --disable-pip-version-check install --quiet \
	    -c constraints.txt -e '.[timm]' tensorflow pytest pytest-xdist
	touch $@

clean:
	rm -rf $(VENV) $(ANDROID) $(TIMM) demo_output build dist *.egg-info
