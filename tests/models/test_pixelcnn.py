"""PixelCNN: what it knows by itself, and levels."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests import learning
from tests.contract import ModelCase
from tests.pixelwise import GRAY, make
from zoo.config import UserError
from zoo.sampling import completion


def short_run(**extra):
    """Held-out bits per dimension."""
    return learning.pixelwise("pixelcnn", **extra)


def learns():
    learning.beats_independent_pixels(short_run(), 0.35)


# A convolution under XLA is most of the time that a check takes.
CASE = ModelCase(small={"channels": 6, "blocks": 1, "ends": 8}, learns=learns)


@pytest.mark.parametrize("levels", [2, 5])
def test_a_model_that_knows_nothing(levels):
    """With all weights zero every level is as likely: nats by hand, and in bits per dimension."""
    model = make("pixelcnn", GRAY, levels)
    for variable in model.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    images = np.random.RandomState(0).rand(3, *GRAY).astype(np.float32)
    np.testing.assert_allclose(model.log_prob(images), [-24 * math.log(levels)] * 3, rtol=1e-5)
    found = model.units(-model.log_prob(images))
    np.testing.assert_allclose(found["bits_per_dim"], [math.log2(levels)] * 3, rtol=1e-5)


def test_pictures_off_the_levels():
    """A likelihood is of the nearest levels; whoever hands over others hears of it."""
    model = make("pixelcnn", GRAY)
    x = np.random.RandomState(0).uniform(-1, 1, (3, *GRAY)).astype(np.float32)
    np.testing.assert_array_equal(model.nll(x), model.nll(np.sign(x)))
    with pytest.raises(UserError, match="not among the 2 levels"):
        completion.check_levels(model.data_spec, (x + 1) / 2)
    completion.check_levels(model.data_spec, (np.sign(x) + 1) / 2)
