"""`zoo.diagnose --manifold`, `--reconstructions` and `--likelihood_map`."""

import json
import math
import statistics

import numpy as np
import pytest
import tensorflow as tf

import zoo
import zoo.diagnose
import zoo.train
from tests import ROOT, contract
from zoo.config import UserError
from zoo.diagnosing import likelihood_map, manifold, reconstructions
from zoo.sampling.model_sampler import ModelSampler


def test_the_grid_of_latents_by_hand():
    third = statistics.NormalDist().inv_cdf(1 / 6)  # of three places: 1/6, 1/2, 5/6
    assert third == pytest.approx(-0.9674216)
    along = [third, 0, -third]
    expected = [(x, y) for y in reversed(along) for x in along]
    np.testing.assert_allclose(manifold.latents(3), expected, atol=1e-6)
    # As much of the prior in each cell: a hundredth of N(0, 1) lies below the first of 50.
    first = manifold.latents(50)[0]
    assert 0.5 * (1 + math.erf(first[0] / math.sqrt(2))) == pytest.approx(0.01, rel=1e-3)
    np.testing.assert_allclose(first[1], -first[0], rtol=1e-5)


def test_the_manifold_is_drawn_from_these_latents(digits):
    model = contract.make("vae", digits.spec, latent=2, hidden=(16,))
    sampler = ModelSampler(zoo.load("vae_digits").run, model)
    found = manifold.of(sampler, "two")
    np.testing.assert_array_equal(found.pictures, sampler.generate(manifold.latents(20)))
    x, _, labels = digits.examples("test")
    z = sampler.encode(x)
    np.testing.assert_allclose(found.codes, 0.5 * (1 + tf.math.erf(z / np.sqrt(2))), atol=1e-6)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_allclose(found.facts["codes"]["mean"], z.mean(axis=0), rtol=1e-5)


def test_reconstructions_are_those_of_the_model(digits):
    sampler = zoo.load("vae_digits")
    found = reconstructions.of(sampler, "vae_digits")
    x = digits.examples("test")[0]
    made = sampler.model.reconstruct(x).numpy()
    error = np.sqrt(((made - x) ** 2).mean(axis=(1, 2, 3))).mean()
    told = found.facts["root_mean_square_error"]
    assert told["reconstructions"] == pytest.approx(error, rel=1e-4)
    mean = digits.examples("train")[0].mean(axis=0)
    error = np.sqrt(((mean - x) ** 2).mean(axis=(1, 2, 3))).mean()
    assert told["mean_training_picture"] == pytest.approx(error, rel=1e-4)
    cells = found.sheet.reshape(3, 2, 10, 8, 8, 1)
    shown = [int(np.where((x == one).all(axis=(1, 2, 3)))[0][0]) for one in cells[0, 0]]
    np.testing.assert_allclose(cells[0, 1], made[shown], atol=1e-5)


@pytest.mark.parametrize("name", ["pixelcnn", "multi_scale"])
@pytest.mark.parametrize("binarize", ["none", "threshold"])
def test_a_map_sums_to_the_picture(name, binarize):
    data = zoo.load_data(name, binarize=binarize)
    model = contract.make(name, data.spec)
    for weight in model.trainable_weights:  # so that no two pixels are alike
        weight.assign(weight + 0.1 * np.random.RandomState(0).randn(*weight.shape))
    x = data.examples("test")[0][:5]
    maps = likelihood_map.of_pictures(model, x)
    assert maps.shape == (5, 8, 8)
    assert maps.std() > 0.05
    nll = model.nll(tf.constant(data.spec.from_unit(x))).numpy()
    np.testing.assert_allclose(maps.sum(axis=(1, 2)), nll, rtol=1e-5)
    np.testing.assert_allclose(-maps.sum(axis=(1, 2)), model.log_prob(x).numpy(), rtol=1e-5)


def test_a_map_has_each_factor_at_its_pixel():
    """A change of a pixel changes its own factor and those after it in raster order alone."""
    data = zoo.load_data("pixelcnn")
    model = contract.make("pixelcnn", data.spec)
    x = data.examples("test")[0][:1]
    other = x.copy()
    other[0, 3, 5] = 1 - np.round(other[0, 3, 5])
    differ = likelihood_map.of_pictures(model, x) != likelihood_map.of_pictures(model, other)
    assert not differ.ravel()[: 3 * 8 + 5].any()
    assert differ[0, 3, 5]
    # By hand, from the logits of that pixel.
    logits = model.logits(0, [tf.constant(data.spec.from_unit(other))])[0, 3, 5, 0].numpy()
    level = round(float(other[0, 3, 5, 0]) * 16)
    by_hand = np.log(np.exp(logits).sum()) - logits[level]
    found = likelihood_map.of_pictures(model, other)[0, 3, 5]
    assert found == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.slow
def test_from_the_command_line(tmp_path, capsys):
    out, vae = tmp_path / "x.png", tmp_path / "two"
    words = ["--model=vae", "--steps=2", "--config.latent=2", "--config.hidden=16", "--jit=off"]
    zoo.train.main([*words, f"--run={vae}"])
    capsys.readouterr()
    for run, mode, keys in (
        (vae, "manifold", {"side": 20}),
        ("vae_digits", "reconstructions", {"latent": 20, "step": 20_000}),
        ("pixelcnn_digits", "likelihood_map", {"of": "the picture"}),
    ):
        zoo.diagnose.main([f"--run={run}", f"--{mode}", f"--out={out}"])
        found = json.loads(out.with_suffix(".json").read_text())
        assert found["command"] == f"python -m zoo.diagnose --run={run} --{mode} --out={out}"
        (one,) = found["runs"]
        assert keys.items() <= one.items()
        assert (one["run"], one["code"]["versions"]["zoo"]) == (str(run), zoo.__version__)
        assert capsys.readouterr().out.startswith(f"{run}: ")
        assert out.stat().st_size > 5_000
        out.unlink()
    # What zoo.evaluate says of the same pictures.
    rows = likelihood_map.some(297, likelihood_map.PICTURES)[: likelihood_map.SHOWN]
    x = zoo.load_data("pixelcnn").examples("test")[0][rows]
    nll = -zoo.load("pixelcnn_digits").log_prob(x)
    np.testing.assert_allclose(one["nll"]["of_shown"], nll, rtol=1e-5)


EXPORT = str(ROOT / "exports" / "vae")


@pytest.mark.parametrize(
    ("mode", "run", "sentence"),
    [
        ("manifold", "vae_digits", "whose latent is two normal numbers, and 'vae_digits' is anoth"),
        ("manifold", "pixelcnn_digits", "train vae with --config.latent=2"),
        ("reconstructions", "wgan_digits", "'wgan_digits' is of wgan, which has no encoder"),
        ("likelihood_map", "vae_digits", "is of a PixelRNN, and 'vae_digits' is of vae"),
        ("manifold", EXPORT, "is an export, which has no model"),
        ("reconstructions", EXPORT, "is an export, which has no model"),
        ("likelihood_map", EXPORT, "is an export, which has no model"),
        ("likelihood_map", "nobody", "'nobody' is neither a run directory nor an export"),
        ("manifold --labels=100", "vae_digits", "--labels has a meaning with --features alone"),
        ("manifold --filters", "vae_digits", "give one of --filters and --manifold, not both"),
    ],
)
def test_bad_calls_get_one_sentence(mode, run, sentence, tmp_path):
    words = [f"--{word.lstrip('-')}" for word in mode.split()]
    with pytest.raises(UserError, match=sentence) as caught:
        zoo.diagnose.main([f"--run={run}", *words, f"--out={tmp_path / 'x.png'}"])
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
