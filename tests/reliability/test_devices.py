"""A run under two replicas: the same command path, and a run may change its strategy."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import ROOT
from tests.contract import case
from tests.selection import fast_first
from tests.usage.test_train import checkpoint
from zoo.config import UserError
from zoo.startup import start_tensorflow
from zoo.training import distribution

# In a process of its own, since the collective ops of one process share their keys.
CODE = """
import json, pathlib, sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
from zoo import registry
from zoo.runs import fit
from zoo.config import override
model, path, strategy, steps, small = sys.argv[1:]
words = {"batch_size": 32, "ema": 0.9, "optimizer": "sgd", "learning_rate": 0.01}
words |= json.loads(small)
config = override(registry.module(model).Config(), words)
data = registry.data_options(model)
asked = fit.Request(model, "digits", config, data, int(steps), pathlib.Path(path))
_, trained = fit.fit(asked, fit.How(strategy, every=5))
print("replicas", trained.distribute_strategy.num_replicas_in_sync)
"""


def run(forks, model, path, strategy, steps):
    words = [model, str(path), strategy, str(steps), json.dumps(case(model).small)]
    done = forks.run(["-c", CODE, *words], ROOT, os.environ)
    assert done.returncode == 0, done.stderr
    assert f"replicas {2 if strategy == 'mirrored' else 1}" in done.stdout


def values(path):
    found = {name: np.frombuffer(raw, np.float32) for name, raw in checkpoint(path).items()
             if len(raw) % 4 == 0 and len(raw) > 8}  # fmt: skip
    assert len(found) > 8
    return found


# Every model's steps over replicas are the contract's, and those of tests/reliability/replicas.py.
@pytest.mark.slow  # half a minute: four programs that trace a step each
def test_a_run_goes_on_with_another_strategy(forks, tmp_path):
    run(forks, "wgan", tmp_path / "one", "one", 20)
    run(forks, "wgan", tmp_path / "two", "mirrored", 10)
    run(forks, "wgan", tmp_path / "two", "one", 15)
    run(forks, "wgan", tmp_path / "two", "mirrored", 20)
    one, two = values(tmp_path / "one"), values(tmp_path / "two")
    for name in one:
        np.testing.assert_allclose(two[name], one[name], rtol=0, atol=1e-5, err_msg=name)
    pictures = [zoo.load(tmp_path / name).sample(4, seed=1) for name in ("one", "two")]
    np.testing.assert_allclose(*pictures, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"name": "tpu"}, "there is no TPU here"),
        ({"name": "multi_worker"}, "needs the cluster's addresses: set TF_CONFIG={"),
        ({"devices": 3}, "this machine has 2 CPU devices: pass --devices=2, or split the CPU"),
        ({"name": "one", "devices": 2}, "for 2 pass --strategy=mirrored"),
        ({"logical_cpus": 3}, "--logical_cpus comes too late"),
        ({"name": "tpu", "devices": 1}, "a TPU is used whole"),
        ({"name": "mirored"}, "did you mean 'mirrored'?"),
    ],
    ids=str,
)
def test_devices_that_are_not_there_get_one_sentence(words, sentence, monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(UserError) as error:
        distribution.strategy(**words)
    assert sentence in str(error.value)


@pytest.mark.parametrize("text", ["{", "[]", '{"cluster": "a:1"}', '{"cluster": {"worker": 3}}'])
def test_a_tf_config_that_is_none(text, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", text)
    with pytest.raises(UserError, match="TF_CONFIG"):
        distribution.strategy("multi_worker")


def test_auto_is_what_there_is(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    monkeypatch.delenv("TPU_NAME", raising=False)
    assert distribution._found(None, None, []) == "one"
    assert distribution._found(None, 2, []) == "mirrored"
    assert distribution._found(None, None, ["GPU", "GPU"]) == "mirrored"
    assert distribution._found(1, None, ["GPU", "GPU"]) == "one"
    monkeypatch.setenv("TPU_NAME", "some")
    assert distribution._found(None, None, ["GPU"]) == "tpu"
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"worker": ["a:1"]}}')
    assert distribution._found(None, None, []) == "tpu"
    monkeypatch.setenv("TF_CONFIG", '{"cluster": {"chief": ["a:1"], "worker": ["b:1"]}}')
    assert distribution._found(None, None, []) == "multi_worker"


def test_the_first_line_says_what_carries_a_run(monkeypatch):
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "0")
    line = distribution.device_line(strategy, True, "bfloat16")
    assert line.startswith("device     one: CPU:0, ")
    assert line.endswith("oneDNN off, XLA on, bfloat16")
    # A GPU that the driver shows and TensorFlow has not.
    monkeypatch.setattr(distribution.os.path, "isdir", lambda path: True)
    line = distribution.device_line(strategy, False, "float32")
    assert "XLA off" in line
    assert line.endswith("did not load it: pip install 'tensorflow[and-cuda]'")


@pytest.mark.parametrize(("before", "after"), fast_first([(None, "1"), ("0", "0")], [(None, "1")]))
def test_onednn_is_on_unless_the_environment_says_otherwise(before, after):
    env = {key: os.environ[key] for key in os.environ if key != "TF_ENABLE_ONEDNN_OPTS"}
    code = "import os, zoo; zoo.load_data('gan'); print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT,
        env=env | ({"TF_ENABLE_ONEDNN_OPTS": before} if before else {}),
    )  # fmt: skip
    assert done.stdout.split() == [after]


def test_a_dry_run_says_what_a_step_takes_and_writes_nothing(command, tmp_path):
    words = ["--model=vae", "--config.hidden=96", "--config.latent=2", "--logical_cpus=2"]
    done = command("train", *words, "--dry_run", f"--run={tmp_path / 'run'}", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "device     mirrored: 2 replicas" in done.stdout
    assert "data       1,500 examples of 8x8x1, and 297 of test held out" in done.stdout
    hidden = 32  # 96 on 8x8
    trained = 64 * hidden + hidden + hidden * 4 + 4 + 2 * hidden + hidden + hidden * 64 + 64
    assert f"trained    elbo {trained:,} parameters" in done.stdout
    assert "a step     1 batch of 100 examples, 50 on each replica" in done.stdout
    assert f"memory     weights {(trained + 1) * 4 / 1e6:.3g} MB, optimizers" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_draws_and_judges_is_exact_on_a_gpu():
    enabled = tf.config.experimental.tensor_float_32_execution_enabled
    before = enabled()
    try:
        tf.config.experimental.enable_tensor_float_32_execution(True)
        start_tensorflow()
        assert enabled()
        start_tensorflow(exact=True)
        assert not enabled()
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)
