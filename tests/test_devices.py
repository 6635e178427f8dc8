"""A run under two replicas: the same command path, and a run may change its strategy."""

import json
import os

import numpy as np
import pytest
from conftest import ROOT, loops_first
from harness import SMALL
from test_train import checkpoint

import zoo

# In a process of its own, since the collective ops of one process share their keys.
CODE = """
import json, pathlib, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from zoo import registry, train
from zoo.config import override
model, path, strategy, steps, small = sys.argv[1:]
words = {"batch_size": 32, "ema": 0.9, "optimizer": "sgd", "learning_rate": 0.01}
words |= json.loads(small)
config = override(registry.module(model).Config(), words)
data = registry.data_options(model)
asked = train.Request(model, "digits", config, data, int(steps), pathlib.Path(path))
_, trained = train.train(asked, train.How(strategy, every=5))
print("replicas", trained.distribute_strategy.num_replicas_in_sync)
"""


def run(forks, model, path, strategy, steps):
    words = [model, str(path), strategy, str(steps), json.dumps(SMALL.get(model, {}))]
    done = forks.run(["-c", CODE, *words], ROOT, os.environ)
    assert done.returncode == 0, done.stderr
    assert f"replicas {2 if strategy == 'mirrored' else 1}" in done.stdout


# Forty updates of a critic through second derivatives grow the rounding, and BatchNorm does.
TOLERANCE = {"wgan_gp": 1e-4, "dcgan": 1e-3}


def values(path):
    found = {name: np.frombuffer(raw, np.float32) for name, raw in checkpoint(path).items()
             if len(raw) % 4 == 0 and len(raw) > 8}  # fmt: skip
    assert len(found) > 8
    return found


@pytest.mark.parametrize("model", loops_first(zoo.names()))
def test_a_run_goes_on_with_another_strategy(model, forks, tmp_path):
    run(forks, model, tmp_path / "one", "one", 20)
    run(forks, model, tmp_path / "two", "mirrored", 10)
    run(forks, model, tmp_path / "two", "one", 15)
    run(forks, model, tmp_path / "two", "mirrored", 20)
    one, two = values(tmp_path / "one"), values(tmp_path / "two")
    for name in one:
        tolerance = TOLERANCE.get(model, 1e-5)
        np.testing.assert_allclose(two[name], one[name], rtol=0, atol=tolerance, err_msg=name)
    pictures = [zoo.load(tmp_path / name).sample(4, seed=1) for name in ("one", "two")]
    np.testing.assert_allclose(*pictures, rtol=0, atol=TOLERANCE.get(model, 1e-5))
