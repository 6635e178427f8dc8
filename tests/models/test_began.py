"""BEGAN: its losses and its equilibrium by hand, over replicas too; its networks."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, mirrored, run_steps
from zoo.adversarial import began
from zoo.data.spec import DataSpec
from zoo.networks import autoencoder


def short_run(**extra):
    """The Fréchet distance; on pictures this small variety needs a γ near 1."""
    settings = {"batch_size": 32, "ema": 0.99, "channels": 16, "latent": 16, "gamma": 0.9}
    settings |= {"learning_rate": 3e-4, "lambda_k": 0.01, **extra}
    return {"digits": learning.judged("began", "digits", 500, **settings)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 2


CASE = ModelCase(small={"channels": 8, "latent": 8}, learns=learns)


@pytest.fixture(scope="module")
def data():
    return zoo.load_data("began")


def errors(model, x):
    """The mean of |x - D(x)| of each picture, in NumPy."""
    return np.abs(x - model.discriminator(x).numpy()).mean(axis=(1, 2, 3))


def test_one_step_by_hand(data):
    rate, k = 1e-3, 0.4
    model = make("began", data.spec, optimizer="sgd", learning_rate=rate, beta_1=0.0, gamma=0.7)
    model.k.assign(k)
    batch = next(iter(data.train(32, model.config.seed)))
    noise = model.noise(model.batch(batch))
    z_d, z_g = model.latents(noise), model.latents(noise)
    assert np.abs(z_d - z_g).max() > 0.1  # two draws
    fakes = model.generator(z_d)
    d_weights = model.discriminator.trainable_variables
    with tf.GradientTape() as tape:
        real = tf.abs(batch["x"] - model.discriminator(batch["x"]))
        fake = tf.abs(fakes - model.discriminator(fakes))
        loss = tf.reduce_mean(real) - k * tf.reduce_mean(fake)
    expected = [
        w.numpy() - rate * g.numpy() for w, g in zip(d_weights, tape.gradient(loss, d_weights),
                                                     strict=True)
    ]  # fmt: skip
    real = errors(model, batch["x"]).mean()
    before = [w.numpy() for w in model.generator.trainable_variables]
    logs = {name: values[-1] for name, values in run_steps(model, data, 1).items()}
    for weight, value in zip(d_weights, expected, strict=True):
        np.testing.assert_allclose(weight, value, rtol=0, atol=1e-6)
    # G's step is judged by the moved D, with weights that have not moved yet.
    after = [w.numpy() for w in model.generator.trainable_variables]
    for weight, value in zip(model.generator.trainable_variables, before, strict=True):
        weight.assign(value)
    with tf.GradientTape() as tape:
        drawn = model.generator(z_g)
        loss = tf.reduce_mean(tf.abs(drawn - model.discriminator(drawn)))
    gradients = tape.gradient(loss, model.generator.trainable_variables)
    for old, new, gradient in zip(before, after, gradients, strict=True):
        np.testing.assert_allclose(new, old - rate * gradient.numpy(), rtol=0, atol=1e-6)
    fake = float(loss)
    balance = 0.7 * real - fake
    np.testing.assert_allclose(logs["l_real"], real, rtol=1e-5)
    np.testing.assert_allclose(logs["l_fake"], fake, rtol=1e-5)
    np.testing.assert_allclose(logs["k"], k + 1e-3 * balance, rtol=0, atol=1e-6)
    np.testing.assert_allclose(logs["convergence"], real + abs(balance), rtol=1e-5)
    np.testing.assert_allclose(model.k, logs["k"], rtol=0, atol=1e-7)


@pytest.mark.parametrize(("begin", "gamma", "end"), [(0.0, 1.0, 1.0), (1.0, 0.0, 0.0)])
def test_k_stays_between_0_and_1(begin, gamma, end, data):
    model = eagerly(make("began", data.spec, gamma=gamma, lambda_k=1e3))
    model.k.assign(begin)
    run_steps(model, data, 1)
    assert float(model.k) == end


@pytest.mark.slow
def test_k_follows_the_global_batch_on_every_replica(data):
    """Each replica alone would move k by its own half's means."""
    settings = {"optimizer": "sgd", "learning_rate": 0.02, "lambda_k": 0.5}
    found = []
    for strategy in (None, mirrored()):
        model = make("began", data.spec, strategy, **settings)
        run_steps(model, data, 2)
        value = model.k.value
        found.append([float(part) for part in getattr(value, "values", [value])])
    (one,), two = found
    assert one > 0.01
    np.testing.assert_allclose(two, [one, one], rtol=0, atol=1e-6)


def test_networks_of_the_paper():
    spec = DataSpec("faces", (64, 64, 3), range="symmetric")
    model = began.build(began.Config(), spec)
    assert autoencoder.stages(spec) == 3  # to 8x8
    kernels = [v.shape for v in model.discriminator.encoder.trainable_variables if v.ndim == 4]
    first, *rest = [shape[-1] for shape in kernels]
    assert first == 64
    assert rest == [64, 64, 128, 128, 128, 192, 192, 192, 256, 256, 256]  # n (i + 1), linearly
    kernels = [v.shape for v in model.generator.trainable_variables if v.ndim == 4]
    assert [shape[-1] for shape in kernels] == [64] * 8 + [3]
    assert {shape[:2] for shape in kernels} == {(3, 3)}
    names = {type(layer).__name__ for layer in model._flatten_layers()}
    assert not {name for name in names if "Norm" in name or "Dropout" in name}
    shapes = [v.shape for v in model.discriminator.decoder.trainable_variables]
    assert shapes == [v.shape for v in model.generator.trainable_variables]
