"""Drawing pixel by pixel: both samplers draw the same picture, as the likelihood says."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.pixelwise import COLOR, GRAY, KINDS, all_pictures, drawn, make
from tests.selection import PIXELWISE, fast_first
from zoo import noise
from zoo.autoregressive import cached, stepwise
from zoo.config import UserError


def test_choose_is_the_inverse_of_the_distribution_function():
    logits = tf.math.log(tf.constant([[0.2, 0.5, 0.3]] * 5))
    uniforms = tf.constant([0.1, 0.21, 0.69, 0.71, 0.99])
    np.testing.assert_array_equal(cached.choose(logits, uniforms, 1.0), [0, 1, 1, 2, 2])
    np.testing.assert_array_equal(cached.choose(logits, uniforms, 1e-3), [1] * 5)
    # At temperature 2 the probabilities are as the roots: 0.263, 0.415, 0.322.
    np.testing.assert_array_equal(cached.choose(logits[:1], uniforms[1:2], 2.0), [0])
    on = tf.math.log(tf.constant([[0.3 / 0.7]] * 2))
    np.testing.assert_array_equal(cached.choose(on, tf.constant([0.69, 0.71]), 1.0), [0, 1])


SAMPLED = [
    pytest.param(
        name, settings, levels, shape,
        # Each layer and one of them in color in `make test`; tracing takes the time.
        marks=[] if name == "pixelcnn" or (shape == GRAY and name != "multi_scale") else [
            pytest.mark.slow],
    )
    for name, settings in KINDS for levels, shape in ((2, GRAY), (4, COLOR))
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings", "levels", "shape"), SAMPLED)
def test_both_samplers_draw_the_same_picture(name, settings, levels, shape):
    model = make(name, shape, levels, skip=shape == COLOR, **settings)
    plain = drawn(model, "plain", temperature=0.8)
    assert len(np.unique(plain)) == levels
    np.testing.assert_array_equal(drawn(model, "cached", temperature=0.8), plain)


@pytest.mark.parametrize("name", fast_first(PIXELWISE, ("pixelcnn",)))
def test_rows_drawn_one_by_one_are_the_whole_picture(name):
    """What a sampler under a bar draws is what `generate`, `sample` and exports draw."""
    model = make(name, GRAY, 2)
    np.testing.assert_array_equal(tf.function(model.sample)(5, 3), drawn(model, "cached"))


@pytest.mark.parametrize("name", fast_first(PIXELWISE, ("pixelcnn",)))
def test_completion(name):
    """Given pixels stay as they are, to the bit; all erased is sampling; both samplers agree."""
    model = make(name, GRAY, 4)
    random = np.random.RandomState(4)
    images = np.repeat(random.rand(1, *GRAY), 5, axis=0).astype(np.float32)
    mask = (random.rand(1, *GRAY[:2], 1) < 0.5).repeat(5, axis=0).astype(np.float32)
    found = drawn(model, "cached", images, mask)
    np.testing.assert_array_equal(found[mask == 0], images[mask == 0])
    assert set(np.unique(np.round(3 * found[mask == 1], 5))) <= {0.0, 1.0, 2.0, 3.0}
    assert np.abs(found - found[:1]).max() > 0.3  # each its own
    np.testing.assert_array_equal(drawn(model, "plain", images, mask), found)
    np.testing.assert_array_equal(drawn(model, "cached", images), drawn(model, "cached"))


def test_samples_are_distributed_as_the_likelihood_says():
    for shape, levels in (((2, 2, 1), 2), ((1, 1, 3), 3)):
        model = make("row_lstm", shape, levels)
        for variable in model.trainable_variables:
            variable.assign(1.5 * variable)
        exact = np.exp(-model.nll(all_pictures(levels, shape)).numpy())
        assert exact.max() > 3 * exact.mean()  # far from even
        places = levels ** np.arange(math.prod(shape))[::-1]
        found = np.rint((levels - 1) * drawn(model, "cached", num=4000)).reshape(4000, -1) @ places
        shares = np.bincount(found.astype(int), minlength=len(exact)) / 4000
        assert (np.abs(shares - exact) < 4.5 * np.sqrt(exact / 4000)).all()


@pytest.mark.parametrize("name", fast_first(PIXELWISE, ("pixelcnn",)))
def test_pixel_by_pixel_steps_are_the_sample(name):
    model = make(name, GRAY, 4)
    pictures = []
    for number in range(len(model.strides)):
        height, width, _ = model.shape(number)
        step = tf.function(lambda *given, number=number: model.one_pixel(number, *given))
        picture = tf.zeros([3, *model.shape(number)])
        for position in range(height * width):
            picture = step(*pictures, picture, tf.constant(position), tf.constant(9))
        pictures.append(picture)
    np.testing.assert_array_equal(pictures[-1], model.sample(3, 9))


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"temperature": 0}, "temperature must be above 0, and 0 is not"),
        ({"temperature": -1.0}, "temperature must be above 0, and -1 is not"),
        ({"temperature": float("nan")}, "temperature must be above 0, and nan is not"),
        ({"method": "fast"}, "unknown sampler 'fast'"),
    ],
)
def test_wrong_ways_to_draw(settings, sentence):
    model = make("pixelcnn", GRAY, blocks=1)
    latents = model.latents(noise.Noise(3, noise.SAMPLING, tf.range(2)))
    with pytest.raises(UserError, match=sentence):
        stepwise.draw(model, latents, np.zeros((2, *GRAY)), np.ones((2, 6, 4, 1)), **settings)
