"""The fused kernels against Keras' own operations."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.contract import mirrored
from zoo.training import optimizers

PAIRS = {
    "adam": (optimizers.Adam, keras.optimizers.Adam, {}),
    "adam, no momentum": (optimizers.Adam, keras.optimizers.Adam, {"beta_1": 0.0, "beta_2": 0.9}),
    "amsgrad": (optimizers.Adam, keras.optimizers.Adam, {"amsgrad": True}),
    "sgd": (optimizers.SGD, keras.optimizers.SGD, {}),
    "momentum": (optimizers.SGD, keras.optimizers.SGD, {"momentum": 0.5}),
    "nesterov": (optimizers.SGD, keras.optimizers.SGD, {"momentum": 0.5, "nesterov": True}),
    "rmsprop": (optimizers.RMSprop, keras.optimizers.RMSprop, {}),
    "centered": (optimizers.RMSprop, keras.optimizers.RMSprop, {"centered": True}),
    "adagrad": (
        optimizers.Adagrad,
        lambda rate, **more: keras.optimizers.Adagrad(rate, initial_accumulator_value=0.0, **more),
        {},
    ),
}  # fmt: skip
RATE = 1e-3


def trained(made, strategy, steps=30):
    """The weights after each step of gradients from 1e-8 to 1, and what the optimizer holds."""
    generator = np.random.default_rng(0)
    with strategy.scope():
        variable = keras.Variable(np.zeros((60, 50), np.float32), name="weight")
        optimizer = made()
        optimizer.build([variable])
    replicas = strategy.num_replicas_in_sync

    @tf.function
    def step(gradient):
        strategy.run(lambda: optimizer.apply([gradient / replicas], [variable]))

    found = []
    for _ in range(steps):
        size = 10.0 ** generator.uniform(-8, 0, (60, 50))
        gradient = size * generator.choice([-1, 1], (60, 50))
        step(tf.constant(gradient, tf.float32))
        found.append(variable.numpy())
    return np.stack(found), optimizer


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("replicas", [1, 2])
def test_a_fused_update_is_keras_own_within_rounding(name, replicas):
    ours, theirs, options = PAIRS[name]
    strategy = tf.distribute.OneDeviceStrategy("CPU:0") if replicas == 1 else mirrored()
    one, fused = trained(lambda: ours(RATE, **options), strategy)
    two, plain = trained(lambda: theirs(RATE, **options), strategy)
    # Both take 1 - 0.999 in float32, which has 3e-5 of rounding itself.  Relative to what the
    # steps so far can have moved a weight, which may come back to 0.
    reach = np.abs(np.diff(two, axis=0, prepend=0.0)).cumsum(axis=0)
    assert (np.abs(one - two) <= 1e-5 * reach).all()
    assert [v.path.split("/")[1:] for v in fused.variables] == [
        v.path.split("/")[1:] for v in plain.variables
    ]
    for mine, other in zip(fused.variables, plain.variables, strict=True):
        offset = fused.epsilon if name == "adagrad" and "accumulator" in mine.path else 0.0
        np.testing.assert_allclose(mine.numpy() - offset, other.numpy(), 2e-5, 1e-8)


def test_the_papers_schedule_by_hand():
    strategy = tf.distribute.OneDeviceStrategy("CPU:0")
    found, _ = trained(lambda: optimizers.AnnealedSGD(0.1, 1.5, 0.5, 0.7, 10), strategy, steps=12)
    generator = np.random.default_rng(0)
    weight = velocity = 0.0
    for step in range(12):
        size = 10.0 ** generator.uniform(-8, 0, (60, 50))
        gradient = size * generator.choice([-1, 1], (60, 50))
        velocity = (0.5 + 0.2 * min(step / 10, 1)) * velocity - 0.1 / 1.5**step * gradient
        weight = weight + velocity
        np.testing.assert_allclose(found[step], weight, 1e-4, 1e-7)
