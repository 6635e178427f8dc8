"""Two logical CPUs for every test, so that replicas can be tried on any machine."""

import os
import pathlib
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import pytest
import tensorflow as tf

CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(CPU, [tf.config.LogicalDeviceConfiguration()] * 2)

ROOT = pathlib.Path(__file__).parent.parent


@pytest.fixture(scope="session")
def digits():
    """The embedded data set."""
    from zoo.data import load

    return load("digits")


@pytest.fixture(scope="session")
def command():
    """Runs ``python -m zoo.NAME WORDS`` in a process of its own and returns what came of it."""

    def run(name, *words, cwd=ROOT, **kwargs):
        return subprocess.run(
            [sys.executable, "-m", f"zoo.{name}", *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            **kwargs,
        )

    return run


@pytest.fixture(scope="session")
def runs(tmp_path_factory, command):
    """model -> a run directory of 60 steps on the embedded digits, trained by the command."""
    from zoo import registry

    folder = tmp_path_factory.mktemp("runs")
    found = {}

    def get(model):
        assert model in registry.names()
        if model not in found:
            found[model] = folder / model
            done = command("train", f"--model={model}", "--steps=60", "--every=20",
                           "--config.ema=0.9", f"--run={found[model]}")  # fmt: skip
            assert done.returncode == 0, done.stderr
        return found[model]

    return get
