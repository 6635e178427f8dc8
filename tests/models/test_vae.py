"""The VAE's terms by hand, its bound, its decoders and networks."""

import math

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.contract import ModelCase, eagerly, make, run_steps
from zoo import losses, noise
from zoo.config import UserError, override
from zoo.data import load
from zoo.data.spec import DataOptions, DataSpec


def short_run(**extra):
    """The held-out ELBO; before, that of a Bernoulli for each pixel, independent of the others: the
    bound of a decoder that ignores its latents."""
    digits = zoo.load_data("vae")
    train, test = (digits.examples(split)[0] for split in ("train", "test"))
    rate = train.mean(axis=0).clip(1e-4, 1 - 1e-4)
    independent = (test * np.log(rate) + (1 - test) * np.log(1 - rate)).sum(axis=(1, 2, 3)).mean()
    model = make("vae", digits.spec, batch_size=100, steps_per_execution=25, **extra)
    run_steps(model, digits, 1500)
    elbo = model.evaluate(digits.evaluation("test", 100), verbose=0, return_dict=True)["elbo"]
    return {"digits": ({"elbo": float(independent)}, {"elbo": elbo})}


def learns():
    before, after = short_run()["digits"]
    assert after["elbo"] > before["elbo"] + 1.5


CASE = ModelCase(learns=learns)


def test_elbo_is_reconstruction_minus_kl(digits):
    model = eagerly(make("vae", digits.spec))
    logs = run_steps(model, digits, 1)
    for name in ("elbo", "reconstruction", "kl"):
        assert name in logs
    np.testing.assert_allclose(logs["elbo"], np.subtract(logs["reconstruction"], logs["kl"]), 1e-5)


def test_importance_weighted_bound_of_a_linear_gaussian_is_exact():
    # A decoder and an encoder that ignore x: q = N(m, s²), p(x|z) = p(x), so the bound tends to
    # log p(x), and equals it for q = p whatever k is.
    spec = DataSpec("tiny", (2, 1, 1))
    model = make("vae", spec, latent=2)
    for variable in model.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    images = tf.constant([[[[1.0]], [[0.0]]]])
    expected = 2 * math.log(0.5)
    for k in (1, 7):
        drawn = noise.Noise(0, noise.EVALUATION, tf.range(1))
        found = model.importance_weighted_bound(images, k, drawn)
        np.testing.assert_allclose(found, [expected], rtol=0, atol=1e-5)
    bias = model.encoder.trainable_variables[-1]
    bias.assign([0.5, -0.5, 0.3, -0.3])
    bounds = [
        model.importance_weighted_bound(
            tf.repeat(images, 500, 0), k, noise.Noise(0, noise.EVALUATION, tf.range(500))
        ).numpy().mean()
        for k in (1, 5, 50)
    ]  # fmt: skip
    kl = float(losses.gaussian_kl(tf.constant([[0.5, -0.5]]), tf.constant([[0.3, -0.3]]))[0])
    assert abs(bounds[0] - (expected - kl)) < 0.1
    assert bounds[0] < bounds[1] < bounds[2]
    assert abs(bounds[2] - expected) < 0.02


@pytest.mark.parametrize("decoder", ["bernoulli", "gaussian"])
@pytest.mark.parametrize("network", ["mlp", "conv"])
@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (64, 64, 3), (7, 5, 3)])
def test_networks_fit_themselves_to_the_data(network, decoder, shape):
    model = make("vae", DataSpec("any", shape), network=network, decoder=decoder, channels=8)
    images = model.sample(2, 0).numpy()
    assert images.shape == (2, *shape)
    assert model.reconstruct(images).shape == images.shape
    mean, log_variance = model.encode(images)
    assert mean.shape == log_variance.shape == (2, 20)


@pytest.mark.parametrize("range_", ["unit", "symmetric"])
def test_gaussian_decoder_trains_in_both_ranges(range_):
    data = load("digits", override(DataOptions(), {"range": range_}))
    words = {"optimizer": "adam", "learning_rate": 1e-3, "steps_per_execution": 50}
    model = make("vae", data.spec, decoder="gaussian", **words)
    logs = [run_steps(model, data, 50)["elbo"][-1] for _ in range(4)]
    assert np.isfinite(logs).all()
    assert logs[-1] > logs[0] + 20
    # The corner pixels never change: their variance stops at the data's rounding.
    width = {"unit": 1, "symmetric": 2}[range_] / 16
    _, log_variance = model._gaussian(model.decoder(tf.zeros((1, 20))))
    assert log_variance.numpy().min() >= math.log(width**2 / 12)


def test_bernoulli_refuses_a_symmetric_range():
    data = load("digits", override(DataOptions(), {"range": "symmetric"}))
    with pytest.raises(UserError, match="Bernoulli decoder needs pictures in"):
        make("vae", data.spec)


def test_encoder_and_decoder_meet(digits):
    words = {"optimizer": "adam", "learning_rate": 1e-3, "steps_per_execution": 50}
    model = make("vae", digits.spec, batch_size=100, **words)
    run_steps(model, digits, 600)
    images = digits.examples("test")[0]
    error = np.abs(model.reconstruct(images).numpy() - images).mean()
    spread = np.abs(images.mean(axis=0) - images).mean()
    assert error < 0.75 * spread
