"""SN-GAN: its hinge loss and what moves u; both kinds of networks."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, mirrored, run_steps
from zoo import losses
from zoo.adversarial import sngan
from zoo.data.spec import DataSpec
from zoo.networks import spectral_norm


def short_run(**extra):
    """The Fréchet distance."""
    settings = {"batch_size": 64, "ema": 0.99, "d_channels": 128, "learning_rate": 1e-3, **extra}
    return {"digits": learning.judged("sngan", "digits", 600, **settings)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 1.5


# While every score is within the margins, the two halves of the hinge loss pull the bias equally.
CASE = ModelCase(small={"channels": 32, "d_channels": 32}, exempt=("score/bias",), learns=learns)


@pytest.fixture(scope="module")
def data():
    return zoo.load_data("sngan")


def us(model):
    """Every u of the discriminator."""
    return [layer.u.numpy() for layer in spectral_norm.layers(model.discriminator)]


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def test_hinge_by_hand():
    real, fake = np.float32([0.3, -1.2, 2.0]), np.float32([0.7, -1.4, -1.0])
    found = losses.HINGE.discriminator(real, fake)
    np.testing.assert_allclose(found, [0.7 + 1.7, 2.2, 0.0], rtol=0, atol=1e-5)
    np.testing.assert_allclose(losses.HINGE.generator(fake), -fake, rtol=0, atol=1e-5)
    report = losses.HINGE.report(real, fake)
    np.testing.assert_array_equal(report["score_real"], real)


def test_u_moves_once_in_an_update_of_d_and_by_nothing_else(data):
    model = eagerly(make("sngan", data.spec))
    layers = spectral_norm.layers(model.discriminator)
    assert len(layers) == 4  # all that have a kernel
    calls = {id(layer): 0 for layer in layers}
    for layer in layers:

        def counted(layer=layer, original=layer.power_iteration):
            calls[id(layer)] += 1
            original()

        layer.power_iteration = counted
    expected = []
    for layer in layers:
        w = layer.kernel.numpy().reshape(-1, layer.kernel.shape[-1]).T
        v = w.T @ layer.u.numpy()
        expected.append(w @ v / np.linalg.norm(w @ v))
    run_steps(model, data, 1)
    assert set(calls.values()) == {1}
    for found, by_hand in zip(us(model), expected, strict=True):
        np.testing.assert_allclose(found, by_hand, rtol=0, atol=1e-5)
    # Neither by an evaluation nor by what G's step does.
    before = model.discriminator.get_weights()
    batch = next(iter(data.evaluation("test", 32)))
    model.test_step(batch)
    with tf.GradientTape() as tape:
        z = model.latents(model.evaluation_noise(model.batch(batch)))
        score = model.discriminator(model.generator(z, training=True), training=True)
        loss = tf.reduce_mean(-score)
    tape.gradient(loss, model.generator.trainable_variables)
    assert same(before, model.discriminator.get_weights())


@pytest.mark.slow
def test_a_still_d_stays_while_g_learns(data):
    """With D's rate at 0 its kernels stay, and so do the layers' norms once u has converged."""
    model = make("sngan", data.spec)
    model.discriminator_optimizer.learning_rate = 0.0
    kernels = [layer.kernel.numpy() for layer in spectral_norm.layers(model.discriminator)]
    run_steps(model, data, 60)
    for layer, kernel in zip(spectral_norm.layers(model.discriminator), kernels, strict=True):
        np.testing.assert_array_equal(layer.kernel.numpy(), kernel)
        matrix = layer.normalized().numpy().reshape(-1, kernel.shape[-1])
        np.testing.assert_allclose(np.linalg.norm(matrix, 2), 1.0, rtol=0, atol=0.02)


@pytest.mark.slow
def test_replicas_keep_the_same_u(data):
    found = []
    for strategy in (None, mirrored()):
        model = make("sngan", data.spec, strategy, optimizer="sgd", learning_rate=0.02)
        run_steps(model, data, 2)
        parts = [layer.u.value for layer in spectral_norm.layers(model.discriminator)]
        found.append([[p.numpy() for p in getattr(u, "values", [u])] for u in parts])
    for (one,), (first, second) in zip(*found, strict=True):
        np.testing.assert_array_equal(first, second)
        np.testing.assert_allclose(first, one, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_residual_networks(data):
    model = eagerly(make("sngan", data.spec, network="resnet", resnet_channels=32, n_dis=2))
    history = run_steps(model, data, 2)
    assert np.isfinite(history["d_loss"]).all()
    assert model.sample(3).shape == (3, 8, 8, 1)
    layers = model.discriminator._flatten_layers()
    kernels = [layer for layer in layers if hasattr(layer, "kernel")]
    assert kernels == spectral_norm.layers(model.discriminator)  # every one is normalized


@pytest.mark.slow
def test_networks_of_the_paper():
    spec = DataSpec("cifar10", (32, 32, 3), range="symmetric")
    model = sngan.build(sngan.Config(), spec)
    shapes = [layer.kernel.shape for layer in spectral_norm.layers(model.discriminator)]
    assert sorted((s[-1], s[0]) for s in shapes if len(s) == 4) == [
        (64, 3), (64, 4), (128, 3), (128, 4), (256, 3), (256, 4), (512, 3),
    ]  # fmt: skip
    assert [s for s in shapes if len(s) == 2] == [(4 * 4 * 512, 1)]
    model = sngan.build(sngan.Config(network="resnet"), spec)
    assert [block.shape for block in model.discriminator.blocks] == [
        (16, 16, 128), (8, 8, 128), (8, 8, 128), (8, 8, 128),
    ]  # fmt: skip
    assert model.generator.small == (4, 4, 256)
