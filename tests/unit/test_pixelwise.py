"""The PixelRNN family: what a pixel's distribution sees, that all sum to one, averaged weights."""

import itertools
import math

import numpy as np
import pytest
import tensorflow as tf

from tests.pixelwise import GRAY, KINDS, LAYERS, all_pictures, drawn, make, total
from tests.selection import PIXELWISE, fast_first
from zoo import registry
from zoo.autoregressive import receptive_field
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.networks import masked


def test_masks_by_hand():
    seen = masked.visible(3, 6, 3, "A")
    np.testing.assert_array_equal(seen, [[0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1], [0] * 6])
    seen = masked.visible(3, 3, 3, "B", copies=2)
    np.testing.assert_array_equal(seen, [[1, 1, 1] * 2, [0, 1, 1] * 2, [0, 0, 1] * 2])
    np.testing.assert_array_equal(masked.visible(4, 2, 1, "A"), np.zeros((4, 2)))


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize(("levels", "shape"), [(2, (3, 3, 1)), (3, (2, 2, 3))])
def test_probabilities_sum_to_one(name, levels, shape):
    model = make(name, shape, levels, channels=3)
    assert abs(total(model.nll, all_pictures(levels, shape)) - 1) < 1e-5


@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize(("name", "settings"), KINDS)
def test_no_logit_sees_its_own_value_or_a_later_one(name, settings, skip):
    """Exactly, for every pixel and color; and something sees each but the last."""
    shape = (4, 4, 3)
    model = make(name, shape, 4, skip=skip, channels=6, ends=24, **settings)
    last = len(model.strides) - 1
    places = list(itertools.product(*(range(size) for size in shape)))
    # Changed in one place each, and the last in none; of six pictures, as a ReLU may hide a change.
    x = np.random.RandomState(1).randint(0, 4, (6, 1, *shape)) / 1.5 - 1
    x = np.repeat(x, len(places) + 1, axis=1).astype(np.float32)
    before = [tf.constant(x[:, :, ::2, ::2].reshape(-1, 2, 2, 3))] * last
    for row, place in enumerate(places):
        x[(slice(None), row, *place)] += 0.7
    logits = tf.function(lambda x: model.logits(last, [*before, x]))(x.reshape(-1, *shape))
    found = logits.numpy().reshape(6, len(places) + 1, len(places), 4)
    same = (found[:, :-1] == found[:, -1:]).all(axis=(0, 3))  # [changed, seen from]
    for row, place in enumerate(places):
        assert same[row, : row + 1].all(), place
        assert not same[row, row + 1 :].all() or row == len(places) - 1, place


def test_contexts_of_whole_networks():
    """Row LSTMs and PixelCNN leave out what lies far to the side, the Diagonal BiLSTM one pixel.

    The last of the row above: mask A hides it from its own feature, and nothing follows it there.
    """
    row, column = np.mgrid[:9, :15]
    before = (row < 4) | ((row == 4) & (column < 7))
    before[3, 14] = False
    x = tf.constant(np.random.RandomState(0).rand(8, 9, 15, 1), tf.float32)
    seen = {
        name: receptive_field.of_network(make(name, (9, 15, 1), blocks=1), x).numpy() > 0
        for name in LAYERS
    }
    np.testing.assert_array_equal(seen["diagonal_bilstm"], before)
    for name in ("row_lstm", "pixelcnn"):
        assert not (seen[name] & ~before).any()
        assert (before & ~seen[name]).any()
    assert seen["row_lstm"].sum() > seen["pixelcnn"].sum()


@pytest.mark.parametrize("name", fast_first(PIXELWISE, ("pixelcnn",)))
def test_everything_drawn_or_told_is_by_the_averaged_weights(name):
    averaged = make(name, GRAY, 4, ema=0.5)  # the live weights are far from the averages
    plain = make(name, GRAY, 4)
    for variable, average in zip(
        plain.trainable_variables, averaged._averaged.weights, strict=True
    ):
        variable.assign(average)
    images = np.random.RandomState(0).rand(3, *GRAY).astype(np.float32)
    blanks = [tf.zeros([3, *plain.shape(number)]) for number in range(len(plain.strides))]
    x = tf.constant(2 * images - 1)
    for way in (
        lambda model: model.log_prob(images),
        lambda model: model.sample(3, 1),
        lambda model: model.complete(images, np.eye(6, 4, dtype=np.float32)[..., None], 1),
        lambda model: model.one_pixel(len(blanks) - 1, *blanks, 5, 1),
        lambda model: drawn(model, "cached"),
        lambda model: drawn(model, "plain"),
        lambda model: receptive_field.of_network(model, x),
        lambda model: receptive_field.of_layer(model, (6, 4)),
    ):
        np.testing.assert_allclose(way(averaged), way(plain), atol=1e-5)
    assert np.abs(averaged.nll(x) - plain.nll(x)).max() > 0.01


def test_first_weights_are_glorot_uniform():
    """Of each direction and each k x 1 kernel by itself, as a gate's sum is over that alone."""
    for name, inputs in (("diagonal_bilstm", (64, 64)), ("row_lstm", (2 * 64, 96))):
        module = registry.module(name)
        spec = DataSpec("pictures", (4, 4, 1), levels=2, range="symmetric")
        layer = module.build(module.Config(), spec).networks[0].blocks[0]
        convs, kernels = (
            value if isinstance(value, list) else [value]
            for value in (layer.input_to_state, layer.state_to_state)
        )
        for weight in kernels:
            bound = math.sqrt(6 / (inputs[1] + 128))
            assert 0.97 * bound < np.abs(weight).max() <= bound
        taps = inputs[0] // 64
        for conv in convs:
            bound = math.sqrt(6 / (taps * (64 + 128)))
            assert 0.97 * bound < np.abs(conv.kernel).max() <= bound


@pytest.mark.parametrize(
    ("name", "spec", "sentence"),
    [
        ("pixelcnn", {"dequantized": True}, "leave --data.dequantize out"),
        ("multi_scale", {"shape": (3, 4, 1)}, "pass --data.image_size=4"),
        ("row_lstm", {"shape": (2,)}, "draws images, and not points"),
        ("multi_scale", {"shape": (2,)}, "draws images, and not points"),
    ],
)
def test_data_that_cannot_be_drawn(name, spec, sentence):
    facts = {"shape": (4, 4, 1), "levels": 4, "range": "symmetric", **spec}
    module = registry.module(name)
    with pytest.raises(UserError, match=sentence):
        module.build(module.Config(), DataSpec("pictures", **facts))
