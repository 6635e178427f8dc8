"""The multi-scale model: the joint of both scales."""

import math

import pytest
import tensorflow as tf

from tests import learning
from tests.contract import ModelCase
from tests.pixelwise import LAYERS, all_pictures, make, total
from zoo import losses


def short_run(**extra):
    """Held-out bits per dimension."""
    return learning.pixelwise("multi_scale", **extra)


def learns():
    # The joint of both scales.
    learning.beats_independent_pixels(short_run(), 0.15)


# A convolution under XLA is most of the time that a check takes.
CASE = ModelCase(
    small={"channels": 6, "blocks": 1, "ends": 8, "network": "pixelcnn"}, learns=learns
)


def nats(logits, levels):
    """-log p [B] of all levels."""
    return tf.reduce_sum(losses.level_cross_entropy(logits, levels), axis=[1, 2, 3])


def joint(model, levels, shape):
    """Σ p(s) p(x | s) over all s and x of a multi-scale model; each p(x | s) sums to one too."""
    found, pictures = 0.0, all_pictures(levels, shape)
    for small in all_pictures(levels, model.shape(0)):
        small = tf.constant(small[None])
        prior = nats(model.logits(0, [small]), model.level(small))

        def nll(x, small=small):
            repeated = tf.repeat(small, tf.shape(x)[0], axis=0)
            return nats(model.logits(1, [repeated, x]), model.level(x))

        inner = total(nll, pictures)
        assert abs(inner - 1) < 1e-5
        found += math.exp(-prior.numpy()[0]) * inner
    return found


@pytest.mark.parametrize(
    ("network", "levels", "shape"),
    [
        *((name, 2, (2, 4, 1)) for name in LAYERS),
        # What the other networks do in color is the same in one scale.
        ("pixelcnn", 2, (2, 2, 3)),
    ],
)
def test_the_joint_of_both_scales_sums_to_one(network, levels, shape):
    model = make("multi_scale", shape, levels, network=network, channels=3, blocks=1)
    assert abs(joint(model, levels, shape) - 1) < 1e-5
