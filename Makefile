# make train    environment -> a GAN on handwritten digits -> pictures, a SavedModel, a TFLite file
# make quick    the tests to run while editing, under a minute
# make test     environment -> the tests that a contributor runs
# make test-all the slow ones too: broken code that tests must catch, real MNIST (TFDS_DATA_DIR)
# make lint     ruff, import-linter, codespell
# make release  trains and gates a small generator of each model by its recipe -> zoo/presets/, exports/
# make gallery  npm packages + exports/ -> exports/gallery/dist/, a static page that runs the exports
# make bench    ratios of speed: training steps against PyTorch, samplers, replicas, exports -> results/
# make notebooks  colab/, each from top to bottom (also in make test-all)
# make addons   what stands in for TensorFlow Addons, held against its last release (Python 3.11)
# make wheel-check  a wheel, alone in an empty environment, trains on digits and exports
# make bazel    buildifier; the quick tests and zoo.list under Bazel (Debian's bazel-bootstrap, and npx)
# make lock     newest versions that pyproject.toml permits -> requirements.lock

PYTHON ?= python3
BIN := .venv/bin
WORKERS := --numprocesses=auto --maxprocesses=4 --dist=worksteal

BAZEL ?= bazel
BAZEL_FILES := BUILD MODULE.bazel WORKSPACE $(shell find bazel -type f)

.PHONY: env train quick test test-all lint bench release gallery notebooks addons bazel wheel-check lock

env: .venv/ready

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "zoo needs Python 3.11 to 3.13, and $(PYTHON) is " + sys.version.split()[0] + ": run make PYTHON=python3.12, say.")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

train: env
	$(BIN)/python -m zoo.train --recipe=first --run=runs/first
	$(BIN)/python -m zoo.export --run=runs/first --out=exports/first
	@echo
	@echo 'Try next (after: . .venv/bin/activate)'
	@echo '  python -m zoo.sample --run=exports/first --num=100 --seed=7 --out=more.png'
	@echo '  python -m zoo.sample --run=runs/first --interpolate --out=walks.png'
	@echo '  python -m zoo.train --model=vae --config.optimizer=adam --config.learning_rate=1e-3'
	@echo '  python -m zoo.train --model=gan --help'
	@echo '  tensorboard --logdir runs'

# By hand, of plain functions: what a slip of the pen breaks.
QUICK := $(patsubst %,tests/unit/test_%.py,config noise networks optimizers execution data pictures) \
	tests/models/test_gan.py tests/models/test_vae.py tests/usage/test_packaging.py

quick: env
	$(BIN)/python -m pytest $(WORKERS) -m "not slow" $(QUICK)

test: env
	$(BIN)/python -m pytest $(WORKERS) -m "not slow"

test-all: test
	$(BIN)/python -m pytest $(WORKERS) -m slow

lint: env
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	git ls-files -z | xargs -0 $(BIN)/codespell

gallery:
	@command -v npm >/dev/null || { echo 'make gallery needs Node.js 18 or later, with npm: https://nodejs.org'; exit 1; }
	npm ci --prefix exports/gallery --no-audit --no-fund
	node exports/gallery/assemble.mjs

bench: env .bench
	$(BIN)/python -m tests.bench.training --out=results/training.json
	$(BIN)/python -m tests.bench.training --xla --out=results/xla.json
	$(BIN)/python -m tests.bench.samplers --out=results/samplers.json
	$(BIN)/python -m tests.bench.recurrences --out=results/recurrences.json
	$(BIN)/python -m tests.bench.distribution --out=results/distribution.json
	$(BIN)/python -m tests.bench.exports --out=results/exports.json

# PyTorch, beside the environment: training steps are timed against it.
.bench:
	rm -rf .bench.part
	$(PYTHON) -m venv .bench.part
	.bench.part/bin/python -m pip install --quiet torch==2.13.0 numpy
	mv .bench.part .bench

release: env
	$(BIN)/python -m tools.release

notebooks: env
	$(BIN)/python -m pytest $(WORKERS) tests/usage/test_notebooks.py

addons: .addons
	$(BIN)/python -m pytest tests/unit/test_addons.py

# Beside the environment, not in it: the addons bring another Keras.
.addons: | env
	@$(BIN)/python -c 'import sys; sys.exit("tensorflow-addons has no wheel for Python 3.12 and newer: run make PYTHON=python3.11 addons in a fresh clone." if sys.version_info >= (3, 12) else None)'
	rm -rf .addons.part
	$(BIN)/python -m pip install --quiet --no-deps --target .addons.part tensorflow-addons==0.23.0 tf_keras==2.21.0 typeguard==2.13.3
	mv .addons.part .addons

# --batch leaves no server behind.  Which Python runs is chosen by PATH.
bazel: env
	@command -v $(BAZEL) >/dev/null || { echo 'There is no $(BAZEL): apt-get install bazel-bootstrap'; exit 1; }
	npx --yes @bazel/buildifier@8.2.1 -mode=check -lint=warn $(BAZEL_FILES)
	$(BAZEL) --batch test --noshow_progress --test_env=PATH=$(CURDIR)/$(BIN):/usr/bin:/bin //:quick
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BAZEL) --batch run --noshow_progress //:list

wheel-check: env
	tests/wheel_check.sh $(BIN)/python

lock:
	rm -rf .venv-lock
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --editable '.[dev]' hatchling editables
	.venv-lock/bin/python -m pip freeze --exclude-editable > requirements.lock
	rm -rf .venv-lock
