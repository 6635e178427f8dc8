"""The PixelRNN family: sums to one, sees no later pixel, both samplers draw the same picture."""

import dataclasses
import itertools
import json
import math

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.conftest import loops_first
from tests.contract import PIXELWISE
from zoo import noise, registry
from zoo.autoregressive import cached, likelihood, receptive_field, stepwise
from zoo.config import UserError, override
from zoo.data.spec import DataSpec
from zoo.metrics import likelihood as figures
from zoo.networks import masked
from zoo.sampling import completion

# One that keeps rows and one that keeps states: the others stand between these two.
HERE = ("pixelcnn", "diagonal_bilstm")
GRAY, COLOR = (6, 4, 1), (4, 4, 3)
# Every layer, and every layer at two scales.
KINDS = [(name, {}) for name in PIXELWISE[:3]] + [
    ("multi_scale", {"network": name}) for name in PIXELWISE[:3]
]


def make(name, shape, levels=2, **settings):
    """A small model with weights far from zero, biases and first states too."""
    spec = DataSpec("pictures", shape, levels=levels, range="symmetric")
    module = registry.module(name)
    words = {"channels": 4, "blocks": 2, "ends": 6, **settings}
    if name == "multi_scale":
        words = {"condition": 3, "network": "pixelcnn", **words}
    model = module.build(override(module.Config(), words), spec)
    random = np.random.RandomState(0)
    for variable in model.trainable_variables:
        variable.assign(variable + 0.4 * random.randn(*variable.shape))
    return model


def all_pictures(levels, shape):
    """Every picture there is, float32 [levels ** values, H, W, C] in [-1, 1]."""
    places = math.prod(shape)
    found = np.stack(np.unravel_index(np.arange(levels**places), (levels,) * places), axis=-1)
    return (2 * found / (levels - 1) - 1).astype(np.float32).reshape(-1, *shape)


def total(function, pictures, part=8192):
    """Σ exp(-function) over pictures, in float64."""
    graph = tf.function(function, reduce_retracing=True)
    parts = [graph(pictures[i : i + part]).numpy() for i in range(0, len(pictures), part)]
    return np.exp(-np.concatenate(parts).astype(np.float64)).sum()


@pytest.mark.parametrize("name", PIXELWISE[:3])
@pytest.mark.parametrize(("levels", "shape"), [(2, (3, 3, 1)), (3, (2, 2, 3))])
def test_probabilities_sum_to_one(name, levels, shape):
    model = make(name, shape, levels, channels=3)
    assert abs(total(model.nll, all_pictures(levels, shape)) - 1) < 1e-5


def joint(model, levels, shape):
    """Σ p(s) p(x | s) over all s and x of a multi-scale model; each p(x | s) sums to one too."""
    found, pictures = 0.0, all_pictures(levels, shape)
    for small in all_pictures(levels, model.shape(0)):
        small = tf.constant(small[None])
        prior = likelihood.cross_entropy(model.logits(0, [small]), model.level(small))

        def nll(x, small=small):
            repeated = tf.repeat(small, tf.shape(x)[0], axis=0)
            return likelihood.cross_entropy(model.logits(1, [repeated, x]), model.level(x))

        inner = total(nll, pictures)
        assert abs(inner - 1) < 1e-5
        found += math.exp(-prior.numpy()[0]) * inner
    return found


@pytest.mark.parametrize(
    ("network", "levels", "shape"),
    [
        *((name, 2, (2, 4, 1)) for name in PIXELWISE[:3]),
        # 3 to the 15 pictures; what the other networks do in color is the same in one scale.
        pytest.param("pixelcnn", 3, (2, 2, 3), marks=pytest.mark.slow),
    ],
)
def test_the_joint_of_both_scales_sums_to_one(network, levels, shape):
    model = make("multi_scale", shape, levels, network=network, channels=3, blocks=1)
    assert abs(joint(model, levels, shape) - 1) < 1e-5


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


def context(name, shape):
    """Where the gradient of one bare layer's features at the center is not zero."""
    return receptive_field.of_layer(make(name, (*shape, 1)), shape).numpy() > 0


def test_context_of_a_bare_row_lstm_is_a_triangle():
    row, column = np.mgrid[:9, :15]
    up = 4 - row
    triangle = (up >= 0) & (column <= 7 + up) & (column >= 7 - up - 1)
    np.testing.assert_array_equal(context("row_lstm", (9, 15)), triangle)


def test_context_of_a_bare_diagonal_bilstm_is_all_that_was_before():
    row, column = np.mgrid[:9, :15]
    before = (row < 4) | ((row == 4) & (column <= 7))
    np.testing.assert_array_equal(context("diagonal_bilstm", (9, 15)), before)


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
        for name in PIXELWISE[:3]
    }
    np.testing.assert_array_equal(seen["diagonal_bilstm"], before)
    for name in ("row_lstm", "pixelcnn"):
        assert not (seen[name] & ~before).any()
        assert (before & ~seen[name]).any()
    assert seen["row_lstm"].sum() > seen["pixelcnn"].sum()


def lstm_by_hand(gates, cell):
    output, forget, opening = (1 / (1 + np.exp(-part)) for part in np.split(gates, 4)[:3])
    cell = forget * cell + opening * np.tanh(np.split(gates, 4)[3])
    return output * np.tanh(cell), cell


def test_row_lstm_by_hand():
    """The layer against its definition, pixel by pixel."""
    layer = make("row_lstm", GRAY).networks[0].blocks[0]
    x = np.random.RandomState(2).randn(1, *GRAY[:2], 8).astype(np.float32)
    gates = layer.input_to_state(x).numpy()[0]
    kernel, first = layer.state_to_state.numpy(), layer.first_state.numpy()
    height, width = GRAY[:2]
    hidden = np.repeat(first[None, :1], width, axis=1)[0]
    cell = np.repeat(first[None, 1:], width, axis=1)[0]
    for row in range(height):
        padded = np.pad(hidden, [[1, 1], [0, 0]])
        found = [
            lstm_by_hand(gates[row, c] + padded[c : c + 3].ravel() @ kernel, cell[c])
            for c in range(width)
        ]
        hidden, cell = (np.stack(part) for part in zip(*found, strict=True))
        np.testing.assert_allclose(layer.bare(x).numpy()[0, row], hidden, atol=1e-5)


@pytest.mark.parametrize("shape", [(6, 4), (3, 5), (1, 4), (4, 1)])
def test_diagonal_bilstm_by_hand(shape):
    """The skewed loop against its definition: from the left, and from the right a row above."""
    layer = make("diagonal_bilstm", (*shape, 1)).networks[0].blocks[0]
    height, width = shape
    x = np.random.RandomState(2).randn(1, *shape, 8).astype(np.float32)
    maps = []
    for way in range(2):
        given = layer.input_to_state[way](x).numpy()[0]
        given = given[:, ::-1] if way else given
        first_hidden, first_cell = layer.first_state.numpy()[way]
        kernel = layer.state_to_state[way].numpy()
        states = {}
        for row, column in itertools.product(range(height), range(width)):
            left = states.get((row, column - 1), (first_hidden, first_cell))
            above = states.get((row - 1, column), (first_hidden, None))
            seen = np.concatenate([left[0], above[0]])
            states[row, column] = lstm_by_hand(given[row, column] + seen @ kernel, left[1])
        hidden = np.array([[states[r, c][0] for c in range(width)] for r in range(height)])
        maps.append(hidden[:, ::-1] if way else hidden)
    below = np.concatenate([np.zeros_like(maps[1][:1]), maps[1][:-1]])
    np.testing.assert_allclose(layer.bare(x).numpy()[0], maps[0] + below, atol=1e-5)


def test_masks_by_hand():
    seen = masked.visible(3, 6, 3, "A")
    np.testing.assert_array_equal(seen, [[0, 0, 1, 1, 1, 1], [0, 0, 0, 0, 1, 1], [0] * 6])
    seen = masked.visible(3, 3, 3, "B", copies=2)
    np.testing.assert_array_equal(seen, [[1, 1, 1] * 2, [0, 1, 1] * 2, [0, 0, 1] * 2])
    np.testing.assert_array_equal(masked.visible(4, 2, 1, "A"), np.zeros((4, 2)))


def test_likelihood_by_hand():
    logits = tf.constant([[[[[0.0], [2.0]]]]])  # one picture of 1x1 in two colors
    levels = tf.constant([[[[1.0, 0.0]]]])
    by_hand = math.log(2) + math.log(1 + math.exp(2))
    np.testing.assert_allclose(likelihood.cross_entropy(logits, levels), [by_hand], rtol=1e-5)
    logits = tf.constant([[[[[0.0, 1.0, 2.0]]]]])
    by_hand = -1 + math.log(1 + math.e + math.e**2)
    found = likelihood.cross_entropy(logits, tf.constant([[[[1.0]]]]))
    np.testing.assert_allclose(found, [by_hand], rtol=1e-5)
    # Far from zero nothing overflows, on either side.
    far = tf.constant([[[[[200.0]]]]])
    np.testing.assert_allclose(likelihood.cross_entropy(far, tf.constant([[[[0.0]]]])), [200.0])
    np.testing.assert_allclose(likelihood.cross_entropy(far, tf.constant([[[[1.0]]]])), [0.0])


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


def test_choose_is_the_inverse_of_the_distribution_function():
    logits = tf.math.log(tf.constant([[0.2, 0.5, 0.3]] * 5))
    uniforms = tf.constant([0.1, 0.21, 0.69, 0.71, 0.99])
    np.testing.assert_array_equal(cached.choose(logits, uniforms, 1.0), [0, 1, 1, 2, 2])
    np.testing.assert_array_equal(cached.choose(logits, uniforms, 1e-3), [1] * 5)
    # At temperature 2 the probabilities are as the roots: 0.263, 0.415, 0.322.
    np.testing.assert_array_equal(cached.choose(logits[:1], uniforms[1:2], 2.0), [0])
    on = tf.math.log(tf.constant([[0.3 / 0.7]] * 2))
    np.testing.assert_array_equal(cached.choose(on, tf.constant([0.69, 0.71]), 1.0), [0, 1])


def drawn(model, method, images=None, mask=None, temperature=1.0, num=5):
    latents = model.latents(noise.Noise(3, noise.SAMPLING, tf.range(num)))
    images = np.zeros((num, *model.data_spec.shape)) if images is None else images
    mask = np.ones((num, *model.data_spec.shape[:2], 1)) if mask is None else mask
    return stepwise.draw(model, latents, images, mask, temperature, method).numpy()


SAMPLED = [
    pytest.param(
        name, settings, levels, shape,
        # Each layer in color and one of two scales in `make test`; tracing takes the time.
        marks=[] if (shape == COLOR) == (name != "multi_scale") and settings != {
            "network": "diagonal_bilstm"} else [pytest.mark.slow],
    )
    for name, settings in KINDS for levels, shape in ((2, GRAY), (4, COLOR))
]  # fmt: skip


@pytest.mark.parametrize(("name", "settings", "levels", "shape"), SAMPLED)
def test_both_samplers_draw_the_same_picture(name, settings, levels, shape):
    model = make(name, shape, levels, skip=shape == COLOR, **settings)
    plain = drawn(model, "plain", temperature=0.8)
    assert len(np.unique(plain)) == levels
    np.testing.assert_array_equal(drawn(model, "cached", temperature=0.8), plain)


@pytest.mark.parametrize("name", loops_first(PIXELWISE, HERE))
def test_rows_drawn_one_by_one_are_the_whole_picture(name):
    """What a sampler under a bar draws is what `generate`, `sample` and exports draw."""
    model = make(name, GRAY, 2)
    np.testing.assert_array_equal(tf.function(model.sample)(5, 3), drawn(model, "cached"))


@pytest.mark.parametrize("name", loops_first(PIXELWISE, HERE))
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


def test_completion_is_drawn_given_what_is_before():
    """Of two pixels the second given the first, against the exact probabilities."""
    model = make("diagonal_bilstm", (1, 2, 1), 2)
    images = np.tile(np.float32([1.0, 0.0]).reshape(1, 1, 2, 1), (4000, 1, 1, 1))
    mask = np.tile(np.float32([0, 1]).reshape(1, 1, 2, 1), (4000, 1, 1, 1))
    on = model.log_prob(np.float32([[1, 1], [1, 0]]).reshape(2, 1, 2, 1)).numpy()
    exact = 1 / (1 + math.exp(on[1] - on[0]))
    found = drawn(model, "cached", images, mask, num=4000)[:, 0, 1, 0].mean()
    assert abs(found - exact) < 4 * math.sqrt(exact * (1 - exact) / 4000)


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


@pytest.mark.parametrize("name", loops_first(PIXELWISE, HERE))
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


def test_pictures_off_the_levels():
    """A likelihood is of the nearest levels; whoever hands over others hears of it."""
    model = make("pixelcnn", GRAY)
    x = np.random.RandomState(0).uniform(-1, 1, (3, *GRAY)).astype(np.float32)
    np.testing.assert_array_equal(model.nll(x), model.nll(np.sign(x)))
    with pytest.raises(UserError, match="none of the 2 levels"):
        completion.check_levels(model.data_spec, (x + 1) / 2)
    completion.check_levels(model.data_spec, (np.sign(x) + 1) / 2)


@pytest.mark.parametrize("name", loops_first(PIXELWISE, HERE))
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


def test_a_run_completes_and_tells_likelihoods(runs, digits):
    sampler = zoo.load(runs("pixelcnn"))
    images = digits.examples("test", 6)[0]
    found = sampler.complete(images, np.eye(8), seed=1)
    np.testing.assert_array_equal(found[:, np.eye(8) == 0], images[:, np.eye(8) == 0])
    assert (found != images).any()
    np.testing.assert_allclose(sampler.log_prob(images), sampler.model.log_prob(images), rtol=1e-5)
    with pytest.raises(UserError, match="none of the 17 levels"):
        sampler.log_prob(images * 0.97)
    with pytest.raises(UserError, match="2 masks for 6 pictures"):
        sampler.complete(images, np.ones((2, 8, 8, 1)))
    with pytest.raises(UserError, match="only a model that draws pixel by pixel can complete"):
        zoo.load(runs("gan")).complete(images, np.eye(8))
    calls = []
    sampler.complete(images, np.eye(8), watch=lambda done, total: calls.append((done, total)))
    assert calls == [(8 * row, 64) for row in range(1, 9)]


def test_completions_from_the_command_line(runs, command, digits, tmp_path):
    from PIL import Image

    picture = np.round(digits.examples("test", 1)[0][0, ..., 0] * 255).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "img.png")
    mask = np.zeros((8, 8), np.uint8)
    mask[4:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    words = ["--complete=img.png", "--mask=mask.png", "--num=5", f"--run={runs('pixelcnn')}"]
    for out in ("grid.png", "x.npy"):
        done = command("sample", *words, f"--out={out}", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "x.npy")
    assert found.shape == (5, 8, 8, 1)
    np.testing.assert_allclose(found[:, :4], np.repeat(picture[None, :4, :, None], 5, 0) / 255)
    assert len(np.unique(found[:, 4:].reshape(5, -1), axis=0)) == 5
    assert Image.open(tmp_path / "grid.png").size[0] > 100
    done = command("sample", *words[3:], "--sampler=plain", "--out=p.npy", "--num=4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = command("sample", *words[3:], "--out=c.npy", "--num=4", cwd=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), np.load(tmp_path / "c.npy"))


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """Pictures and masks that are not what a model of 8x8 gray pictures can complete."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("bad")
    color = np.random.RandomState(0).randint(0, 255, (8, 8, 3), np.uint8)
    Image.fromarray(color).save(folder / "color.png")
    Image.fromarray(color[..., 0]).save(folder / "good.png")
    Image.fromarray(np.repeat(color[..., :1], 3, axis=-1)).save(folder / "gray_in_rgb.png")
    Image.fromarray(color[:7, :, 0]).save(folder / "small.png")
    np.save(folder / "levels.npy", np.full((8, 8, 1), 16.0))
    np.save(folder / "mask.npy", np.eye(8))
    np.save(folder / "half.npy", np.full((8, 8), 0.5))
    np.save(folder / "mask9.npy", np.eye(9))
    np.save(folder / "many.npy", np.zeros((3, 8, 8, 1)))
    np.save(folder / "none.npy", np.zeros((0, 8, 8, 1)))
    np.save(folder / "words.npy", np.full((8, 8, 1), "a"))
    np.save(folder / "complex.npy", np.full((8, 8, 1), 1j))
    np.savez(folder / "several.npz", a=np.eye(8))
    (folder / "several.npz").rename(folder / "several.npy")
    (folder / "text.png").write_text("no picture")
    return folder


@pytest.mark.parametrize(
    ("read", "name", "sentence"),
    [
        ("picture", "small.png", r"and this one is \[7, 8, 1\]"),
        ("picture", "levels.npy", r"a picture's values lie in \[0, 1\]"),
        ("picture", "color.png", "draws gray pictures of 8x8"),
        ("picture", "text.png", "neither a picture nor a .npy"),
        ("mask", "mask9.npy", r"the mask is \[9, 9, 1\]|the mask is \[9, 9\]"),
        ("mask", "half.npy", "a mask holds 1 where"),
        ("picture", "many.npy", "holds 3 of them"),
        ("mask", "many.npy", "holds 3 of them"),
        ("picture", "none.npy", "must be an array of numbers, and at least one"),
        ("mask", "none.npy", "must be an array of numbers, and at least one"),
        ("picture", "words.npy", "must be an array of numbers"),
        ("mask", "words.npy", "must be an array of numbers"),
        ("picture", "complex.npy", "must be an array of numbers"),
        ("picture", "several.npy", "neither a picture nor a .npy"),
    ],
)
def test_what_cannot_be_completed_is_named(read, name, sentence, bad, digits):
    with pytest.raises(UserError, match=sentence):
        getattr(completion, f"read_{read}")(bad / name, digits.spec)


def test_what_can_be_completed_is_read(bad, digits):
    picture = completion.read_picture(bad / "good.png", digits.spec)
    assert picture.shape == (1, 8, 8, 1)
    np.testing.assert_array_equal(
        completion.read_picture(bad / "gray_in_rgb.png", digits.spec), picture
    )
    color = dataclasses.replace(digits.spec, shape=(8, 8, 3))
    np.testing.assert_array_equal(
        completion.read_picture(bad / "good.png", color), picture.repeat(3, axis=-1)
    )
    np.testing.assert_array_equal(
        completion.read_mask(bad / "mask.npy", digits.spec), np.eye(8)[None, ..., None]
    )


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


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--complete=small.png --mask=mask.npy", "and this one is [7, 8, 1]"),
        ("--complete=none.png --mask=mask.npy", "No such file"),
        ("--complete=good.png", "--mask=FILE"),
        ("--temperature=0", "temperature must be above 0, and 0 is not"),
        ("--interpolate --temperature=0.9", "has no latents to walk between"),
        ("--label=3 --sampler=plain", "takes no condition"),
        ("--temperature=0.5 --run=GAN", "--temperature is for models that draw pixel by pixel"),
    ],
)
def test_bad_calls_get_one_sentence(words, sentence, bad, runs, command, tmp_path):
    words = [
        word.replace("=", f"={bad}/", 1) if word.endswith((".png", ".npy")) else word
        for word in words.replace("GAN", str(runs("gan"))).split()
    ]
    done = command("sample", f"--run={runs('pixelcnn')}", *words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


def test_likelihood_figures_by_hand():
    spec = DataSpec("pictures", (1, 2, 1), levels=2)
    found = figures.summary(np.array([1.0, 3.0]), spec)
    np.testing.assert_allclose(found["nll"], (2.0, 1.0))
    np.testing.assert_allclose(found["bits_per_dim"], (1 / math.log(2), 0.5 / math.log(2)))
    train = np.float32([[0, 1], [0, 1], [0, 0]]).reshape(3, 1, 2, 1)
    test = np.float32([[0, 1], [1, 0]]).reshape(2, 1, 2, 1)
    by_hand = [-math.log(4 / 5 * 3 / 5), -math.log(1 / 5 * 2 / 5)]
    np.testing.assert_allclose(figures.independent(train, test, 2), by_hand)


def test_evaluation_tells_likelihoods(runs, command):
    run = runs("pixelcnn")
    done = command("evaluate", f"--run={run}", "--metrics=likelihood", "--split=test")
    assert done.returncode == 0, done.stderr
    found = json.loads((run / "likelihood.json").read_text())
    nll, bits = (found["figures"][name] for name in ("nll", "bits_per_dim"))
    assert found["held_out"] == {"split": "test", "examples": 297}
    assert (found["of"], found["binarize"]) == ("the picture", "none")
    np.testing.assert_allclose(nll["mean"] / bits["mean"], 64 * math.log(2))
    assert 1.5 < bits["independent_pixels"] < 3
    assert f"bits_per_dim {bits['mean']:.4f} ± {bits['standard_error']:.4f}" in done.stdout
    for words, sentence in (
        ((f"--run={run}", "--split=tset"), "has no split 'tset': did you mean 'test'?"),
        ((f"--run={run}", "--metrics=nll"), "unknown metrics 'nll'"),
        ((f"--run={runs('gan')}", "--metrics=likelihood"), "tell an exact likelihood"),
    ):
        done = command("evaluate", *words)
        assert done.returncode == 2
        assert sentence in done.stderr


def test_contexts_as_a_figure(runs, command, tmp_path):
    out = tmp_path / "contexts.png"
    done = command("diagnose", f"--run={runs('pixelcnn')}", f"--out={out}")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(out.with_suffix(".json").read_text())["runs"]
    assert found["pixels in the context of one layer"] == 5
    assert found["pixels in the context of whole network"] == 36
    assert out.stat().st_size > 1000
    done = command("diagnose", f"--run={runs('pixelcnn')},{runs('gan')}", f"--out={out}")
    assert done.returncode == 2
    assert "which has no context to diagnose" in done.stderr
