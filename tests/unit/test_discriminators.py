"""`zoo.diagnose --features` and `--filters`: the probe, the guided gradient, and what they say."""

import json

import keras
import numpy as np
import pytest

import zoo
import zoo.diagnose
from tests import ROOT, contract
from zoo.config import UserError
from zoo.diagnosing import discriminators, features, filters
from zoo.networks.mlp import flat


@pytest.mark.parametrize("name", ["dcgan", "sngan", "infogan"])
def test_the_layers_in_a_line_are_what_the_network_computes(name):
    network = contract.make(name, zoo.load_data(name).spec).discriminator
    x = np.random.RandomState(0).uniform(-1, 1, (3, 8, 8, 1)).astype(np.float32)
    maps = x
    for layer in network.convolutions:
        maps = layer(maps)
    if name == "infogan":
        rest = network.trunk.layers[len(network.convolutions) :]
        for layer in rest:
            maps = layer(maps)
        value, expected = maps, network(x)[1]
    else:
        value, expected = network.output_layer(flat(maps))[:, 0], network(x)
    np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)
    stages = discriminators.stages(network)
    assert [type(layers[0]).__name__[-6:] for layers in stages] == ["Conv2D"] * len(stages)
    assert sum(map(len, stages)) == len(network.convolutions)


def test_the_untrained_one_has_the_weights_that_training_began_with():
    sampler = zoo.load("dcgan_digits")
    trained, untrained = discriminators.both(sampler, "dcgan_digits")
    began = contract.make("dcgan", sampler.data_spec, seed=sampler.config.seed)
    expected = discriminators.stages(began.discriminator)[1][0].kernel.numpy()
    np.testing.assert_array_equal(untrained[1][0].kernel.numpy(), expected)
    assert np.abs(trained[1][0].kernel.numpy() - expected).max() > 0.01


def test_max_pooling_by_hand():
    maps = np.arange(49.0).reshape(1, 7, 7, 1)
    # Of 7 places, 0-1, 1-3, 3-5 and 5-6: the largest is the last one of each.
    ends = np.array([1, 3, 5, 6])
    np.testing.assert_array_equal(
        features.max_pooled(maps)[0, :, :, 0], 7 * ends[:, None] + ends[None]
    )
    small = np.random.RandomState(0).randn(2, 2, 3, 5)
    np.testing.assert_array_equal(features.max_pooled(small), small)
    even = np.random.RandomState(0).randn(2, 8, 8, 3)
    np.testing.assert_array_equal(
        features.max_pooled(even), even.reshape(2, 4, 2, 4, 2, 3).max(axis=(2, 4))
    )


def test_pooled_features_are_those_of_all_layers(monkeypatch):
    monkeypatch.setattr(features, "CHUNK", 2)
    network = contract.make("dcgan", zoo.load_data("dcgan").spec).discriminator
    x = np.random.RandomState(0).uniform(-1, 1, (5, 8, 8, 1)).astype(np.float32)
    first, second, _ = network.activations(x)
    expected = [features.max_pooled(maps.numpy()).reshape(5, -1) for maps in (first, second)]
    found = features.pooled(discriminators.stages(network), x)
    np.testing.assert_allclose(found, np.concatenate(expected, axis=1), rtol=1e-5, atol=1e-7)


def test_the_probe_on_features_that_are_separable_and_on_noise():
    random = np.random.RandomState(0)
    y, truth = np.tile(np.arange(4), 25), np.tile(np.arange(4), 50)
    noise, test_noise = random.randn(100, 30), random.randn(200, 30)
    axes = 8 * np.eye(4, 30)
    right, _ = features.probed(noise + axes[y], y, test_noise + axes[truth], truth)
    assert right > 0.97
    wrong = features.probed(noise, y, test_noise, truth)
    assert 0.1 < wrong[0] < 0.4  # a quarter by chance
    # However large the features are: by a power of two, all is the same bit for bit.
    assert features.probed(noise / 64, y, test_noise / 64, truth) == wrong


def test_draws_of_labels_have_as_many_of_each_class_in_each_part():
    y = np.repeat(np.arange(3), [50, 30, 70])
    rows = features.drawn_rows(y, 3, 60, seed=1)
    assert len(set(rows)) == 60
    np.testing.assert_array_equal(y[rows], np.tile(np.arange(3), 20))
    assert set(rows) != set(features.drawn_rows(y, 3, 60, seed=2))
    with pytest.raises(UserError, match=r"multiple of the 3 classes.*pass --labels=60"):
        features.drawn_rows(y, 3, 61, 0)
    with pytest.raises(UserError, match="pass --labels=15"):
        features.drawn_rows(y, 3, 3, 0)
    with pytest.raises(UserError, match="a class has 30 pictures, and --labels=150 asks for 50"):
        features.drawn_rows(y, 3, 150, 0)


def dense(weights):
    """A 1x1 convolution with these weights [in, out], on pictures of one pixel."""
    layer = keras.layers.Conv2D(weights.shape[1], 1, use_bias=False, dtype="float32")
    layer.build((None, 1, 1, weights.shape[0]))
    layer.set_weights([weights[None, None]])
    return layer


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_guided_backpropagation_by_hand(slope):
    """Four paths through a layer of rectifiers, and a rectifier behind them."""

    def found(*second):
        layers = [
            dense(np.array([[1.0, -2.0, 3.0, -4.0]], np.float32)),
            keras.layers.LeakyReLU(negative_slope=slope, dtype="float32"),
            dense(np.array(second, np.float32)[:, None]),
            keras.layers.LeakyReLU(negative_slope=slope, dtype="float32"),
            dense(np.array([[3.0]], np.float32)),
        ]
        return filters.guided_gradient(layers, np.ones((1, 1, 1, 1), np.float32), 0).item()

    # The first path alone has a positive input and a positive gradient: 1 * 2 * 3.
    assert found(2.0, 2.5, -0.1, -0.1) == pytest.approx(6)
    assert found(2.0, 2.5, 0.1, -0.1) == pytest.approx(6 + 3 * 0.1 * 3)
    # The last rectifier's input is negative: it passes nothing, as a ReLU.
    assert found(-2.0, 2.5, -0.1, 0.0) == 0


def test_the_gradient_is_of_the_largest_place_and_of_the_channel():
    """A linear layer's is its kernel, at the place where the response is largest."""
    kernel = np.random.RandomState(0).randn(3, 3, 1, 2).astype(np.float32)
    layer = keras.layers.Conv2D(2, 3, use_bias=False, dtype="float32")
    layer.build((None, 6, 6, 1))
    layer.set_weights([kernel])
    x = np.random.RandomState(1).randn(4, 6, 6, 1).astype(np.float32)
    maps = layer(x).numpy()
    found = filters.guided_gradient([layer], x, 1)
    for picture, gradient in enumerate(found):
        row, column = np.unravel_index(maps[picture, :, :, 1].argmax(), (4, 4))
        expected = np.zeros((6, 6, 1), np.float32)
        expected[row : row + 3, column : column + 3] = kernel[..., 1]
        np.testing.assert_allclose(gradient, expected)
    np.testing.assert_allclose(filters.responses([layer], x), maps.max(axis=(1, 2)))
    flat_picture = filters.guided_gradient([layer], np.zeros_like(x), 1)
    assert np.count_nonzero(flat_picture[0]) == 9  # all places are equal: the first alone


@pytest.mark.slow
def test_features_and_filters_from_the_command_line(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(features, "DRAWS", 2)
    monkeypatch.setattr(features, "C", (1.0,))
    out = tmp_path / "x.png"
    zoo.diagnose.main(["--run=dcgan_digits", "--features", "--labels=100", f"--out={out}"])
    found = json.loads(out.with_suffix(".json").read_text())
    assert found["command"] == (
        f"python -m zoo.diagnose --run=dcgan_digits --features --labels=100 --out={out}"
    )
    (one,) = found["runs"]
    assert (one["run"], one["layers"], one["held_out"]["examples"]) == ("dcgan_digits", 2, 297)
    assert list(one["accuracy"]) == ["D's features", "untrained D's features", "pixels"]
    for features_ in one["accuracy"].values():
        assert 0.8 < features_["mean"] < 1
        assert len(features_["of_draws"]) == 2
    assert one["accuracy"]["pixels"]["width"] == 64
    mean = one["accuracy"]["D's features"]["mean"]
    assert f"D's features {mean:.1%} ±" in capsys.readouterr().out

    zoo.diagnose.main(["--run=dcgan_digits", "--filters", f"--out={out}"])
    (one,) = json.loads(out.with_suffix(".json").read_text())["runs"]
    values = np.array(one["trained"]["responses"])
    assert values.shape == (filters.CHANNELS, filters.STRONGEST)
    assert (np.diff(values) <= 0).all()
    x = zoo.load_data("dcgan").examples("test")[0]
    layers = zoo.load("dcgan_digits").model.discriminator.convolutions
    best = one["trained"]["strongest"][3][0]
    responses = filters.responses(layers, 2 * x - 1)[:, 3]
    assert responses.argmax() == best
    assert responses.max() == pytest.approx(values[3, 0], rel=1e-5)
    assert out.stat().st_size > 10_000


@pytest.mark.parametrize("mode", ["features", "filters"])
@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        ("wgan_digits", "'wgan_digits' is of wgan, whose networks have no discriminator of conv"),
        ("vae_digits", "'vae_digits' is of vae, whose networks have no discriminator of conv"),
        (str(ROOT / "exports" / "dcgan"), "is an export, which has no model"),
    ],
)
def test_models_without_one_get_a_sentence(mode, run, sentence, tmp_path):
    with pytest.raises(UserError, match=sentence) as caught:
        zoo.diagnose.main([f"--run={run}", f"--{mode}", f"--out={tmp_path / 'x.png'}"])
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_gradients_as_pictures():
    from zoo.viz import probes

    x = np.array([[-1.0, 0.5], [0.0, 0.0]]).reshape(2, 1, 2, 1)
    expected = np.array([[0.0, 0.75], [0.5, 0.5]]).reshape(2, 1, 2, 1)
    np.testing.assert_allclose(probes.signed(x), expected)
