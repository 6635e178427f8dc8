"""What stands in for each part of TensorFlow Addons that GAN code used, held against that part.

`make addons` installs TensorFlow Addons 0.23 and `tf_keras` into .addons/, beside the environment
and not in it.  They need another Keras and run in a process of their own,
tests/unit/addons_oracle.py.
"""

import importlib.util
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests import ROOT
from zoo.networks.initializers import Initializers
from zoo.networks.mlp import Maxout
from zoo.training import ema, optimizers

BESIDE = ROOT / ".addons"
ORACLE = ROOT / "tests" / "unit" / "addons_oracle.py"
ABSENT = (
    "tensorflow-addons has no wheel for Python 3.12 and newer, and no newer release will come"
    if sys.version_info >= (3, 12)
    else "tensorflow-addons is not installed: run make addons"
)
INSTALLED = BESIDE.is_dir() or importlib.util.find_spec("tensorflow_addons") is not None
pytestmark = pytest.mark.skipif(not INSTALLED, reason=ABSENT)

UNITS, PIECES = 6, 5
LEARNING_RATE, DECAY, MOMENTUM = 0.01, 0.004, 0.9


def problem():
    """Inputs for the functions of addons_oracle, by ``function/argument``."""
    draw = np.random.default_rng(7)

    def normal(*shape):
        return draw.normal(size=shape).astype(np.float32)

    updates = {"start": normal(4, 3), "gradients": normal(6, 4, 3)}
    arguments = {
        "maxout": {"x": normal(9, 7), "kernel": normal(7, UNITS * PIECES), "units": UNITS},
        "weight_normalization": {"x": normal(9, 7), "v": normal(7, 4), "g": normal(4)},
        "spectral_normalization": {
            "x": normal(2, 5, 5, 3), "kernel": normal(3, 3, 3, 4), "u": normal(1, 4), "calls": 3,
        },
        "instance_normalization": {"x": normal(3, 4, 5, 6), "gamma": normal(6), "beta": normal(6)},
        "adamw": updates | {"learning_rate": LEARNING_RATE, "decay": DECAY},
        "moving_average": updates | {"learning_rate": LEARNING_RATE, "decay": MOMENTUM},
    }  # fmt: skip
    return {f"{name}/{key}": v for name, words in arguments.items() for key, v in words.items()}


@pytest.fixture(scope="module")
def given():
    return problem()


@pytest.fixture(scope="module")
def addons(given, once):
    """``function/what`` -> what TensorFlow Addons computes of `given`."""

    def ask(path):
        asked = path.with_suffix(".problem.npz")
        np.savez(asked, **given)
        done = subprocess.run(
            [sys.executable, str(ORACLE), str(asked), str(path)],
            capture_output=True, text=True, check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(BESIDE), *sys.path])},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    return dict(np.load(once("addons.npz", ask)))


def assert_close(ours, theirs, tolerance):
    """Both within `tolerance`, in units of the larger of 1 and the largest of theirs."""
    ours = np.asarray(ours)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance * max(1, np.abs(theirs).max()))


def test_the_reference_is_the_last_release(addons):
    assert str(addons["version"]) == "0.23.0"


def test_maxout(given, addons):
    """Ours keeps a unit's pieces side by side; the addon keeps them `units` apart."""
    x, kernel = given["maxout/x"], given["maxout/kernel"]
    layer = Maxout(UNITS, PIECES, Initializers(0))
    layer.build(x.shape)
    shape = (len(kernel), PIECES, UNITS)
    layer.affine.kernel.assign(kernel.reshape(shape).swapaxes(1, 2).reshape(kernel.shape))
    with tf.GradientTape() as tape:
        y = layer(x)
        loss = tf.reduce_sum(y**2)
    gradient = tape.gradient(loss, layer.affine.kernel.value).numpy()
    gradient = gradient.reshape(shape[0], UNITS, PIECES).swapaxes(1, 2).reshape(kernel.shape)
    assert_close(y, addons["maxout/y"], 1e-6)
    assert_close(gradient, addons["maxout/kernel_gradient"], 1e-6)


class WeightNormalized(keras.layers.Dense):
    """g v / |v| by column (Salimans and Kingma 2016, 1602.07868, eq. 2).  Keras 3 has no such layer
    and no model of the zoo needs one: this much replaces the addon."""

    def build(self, input_shape):
        super().build(input_shape)
        self.g = self.add_weight(shape=(self.units,), initializer="ones", name="g")

    @property
    def kernel(self):
        return self.g * tf.math.l2_normalize(super().kernel, axis=0)


def test_weight_normalization(given, addons):
    x, v, g = (given[f"weight_normalization/{name}"] for name in "xvg")
    layer = WeightNormalized(len(g), use_bias=False)
    layer.build(x.shape)
    layer.set_weights([v, g])
    with tf.GradientTape() as tape:
        y = layer(x)
        loss = tf.reduce_sum(y**2)
    gradients = tape.gradient(loss, [variable.value for variable in layer.trainable_variables])
    assert_close(y, addons["weight_normalization/y"], 1e-6)
    for name, gradient in zip("vg", gradients, strict=True):
        assert_close(gradient, addons[f"weight_normalization/{name}_gradient"], 1e-6)


def test_spectral_normalization(given, addons):
    x, kernel, u, calls = (
        given[f"spectral_normalization/{name}"] for name in ("x", "kernel", "u", "calls")
    )
    layer = keras.layers.SpectralNormalization(
        keras.layers.Conv2D(kernel.shape[-1], kernel.shape[0], use_bias=False), 2
    )
    layer.build(x.shape)
    layer.kernel.assign(kernel)
    layer.vector_u.assign(u)
    for _ in range(calls):
        y = layer(x, training=True)
    assert_close(y, addons["spectral_normalization/y"], 1e-5)
    assert_close(layer.kernel, addons["spectral_normalization/kernel"], 1e-5)
    assert_close(layer.vector_u, addons["spectral_normalization/u"], 1e-5)


def test_instance_normalization_is_a_group_for_each_channel(given, addons):
    x, gamma, beta = (given[f"instance_normalization/{name}"] for name in ("x", "gamma", "beta"))
    layer = keras.layers.GroupNormalization(groups=-1)
    layer.build(x.shape)
    layer.set_weights([gamma, beta])
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        loss = tf.reduce_sum(y**3)
    assert_close(y, addons["instance_normalization/y"], 1e-5)
    assert_close(tape.gradient(loss, x), addons["instance_normalization/x_gradient"], 1e-5)


def test_adamw_decays_by_its_rate_times_keras_decay(given, addons):
    """The addon takes `decay` off as it is; Keras takes off `weight_decay` times the rate."""
    optimizer = keras.optimizers.AdamW(LEARNING_RATE, weight_decay=DECAY / LEARNING_RATE)
    weights, found = keras.Variable(given["adamw/start"]), []
    for gradient in given["adamw/gradients"]:
        optimizer.apply([tf.constant(gradient)], [weights])
        found.append(weights.numpy())
    assert_close(found, addons["adamw/weights"], 1e-6)


def test_moving_average(given, addons):
    """`--config.ema`: the average of the weights after each update, from the first ones on."""
    optimizer = optimizers.SGD(LEARNING_RATE)
    weights, found = keras.Variable(given["moving_average/start"]), []
    averages = ema.Averages(keras.layers.Layer(), optimizer, [weights], MOMENTUM)
    for gradient in given["moving_average/gradients"]:
        optimizer.apply([tf.constant(gradient)], [weights])
        averages.update()
        found.append(averages.weights[0].numpy())
    assert_close(found, addons["moving_average/averages"], 1e-6)
