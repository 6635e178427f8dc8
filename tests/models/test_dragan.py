"""DRAGAN: its perturbation and one step by hand, the deviation of the global batch."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, mirrored, run_steps
from zoo import losses, noise
from zoo.adversarial import dragan
from zoo.config import UserError

RATE = 0.05


def short_run(**extra):
    """The Fréchet distance."""
    pictures = {"hidden": (256,), "learning_rate": 1e-3, "batch_size": 64, "ema": 0.99, **extra}
    return {"digits": learning.judged("dragan", "digits", 1500, **pictures)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 10


CASE = ModelCase(learns=learns)


@pytest.fixture(scope="module")
def data():
    return zoo.load_data("dragan")


@pytest.fixture(scope="module")
def plane():
    return zoo.load_data("dragan", "gaussians8")


def stream(count, step=0):
    return noise.Noise(0, noise.TRAINING, tf.range(count), step)


@pytest.mark.parametrize("perturbation", ["uniform", "symmetric"])
def test_perturbation_by_hand(perturbation, data):
    model = make("dragan", data.spec, perturbation=perturbation)
    x = data.examples("train")[0][:5]
    draws = stream(5)
    delta = draws.uniform((64,)).numpy().reshape(x.shape)
    if perturbation == "symmetric":
        delta = 2 * delta - 1
    alpha = draws.uniform((1, 1, 1)).numpy()
    x_p = x + 0.5 * x.std() * delta
    found = model.around(tf.constant(x), stream(5)).numpy()
    np.testing.assert_allclose(found, x + alpha * (x_p - x), rtol=0, atol=1e-5)
    # One place for each sample, where a port has one for each pixel.
    places = ((found - x) / (x_p - x))[np.abs(x_p - x) > 0.01]
    assert len(np.unique(places.round(3))) == 5


def linear(plane, strategy=None, **settings):
    """A model of points whose networks are one linear layer each, under plain SGD."""
    words = {"hidden": (), "optimizer": "sgd", "learning_rate": RATE, "latent": 3, "beta_1": 0.0}
    return make("dragan", plane.spec, strategy, **words | settings)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_one_step_by_hand(plane):
    """D(x) = w·x + b has the gradient w everywhere: the penalty is (‖w‖ - 1)² with λ = 10."""
    model = linear(plane)
    x = next(iter(plane.train(model.config.batch_size)))["x"].numpy()
    draws = stream(len(x))
    z = 2 * draws.uniform((3,)).numpy() - 1
    draws.uniform((2,)), draws.uniform((1,))  # δ and α
    later = 2 * draws.uniform((3,)).numpy() - 1
    matrix, bias = (v.numpy() for v in model.generator.trainable_variables)
    w, b = np.array([0.9, -1.2]), 0.3  # of norm 1.5
    for variable, value in zip(model.discriminator.trainable_variables, (w[:, None], [b]),
                               strict=True):  # fmt: skip
        variable.assign(value)
    logs = {name: values[-1] for name, values in run_steps(model, plane, 1).items()}
    fake = z @ matrix + bias
    up, down = sigmoid(x @ w + b) - 1, sigmoid(fake @ w + b)  # ∂L_D / ∂ logit
    gradient = (up[:, None] * x + down[:, None] * fake).mean(axis=0) + 10 * 2 * 0.5 * w / 1.5
    found_w, found_b = (v.numpy() for v in model.discriminator.trainable_variables)
    np.testing.assert_allclose(found_w[:, 0], w - RATE * gradient, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found_b, b - RATE * (up + down).mean(), rtol=0, atol=1e-5)
    np.testing.assert_allclose(logs["penalty"], 0.25, rtol=0, atol=1e-5)
    d_loss = -np.log(sigmoid(x @ w + b)) - np.log(1 - sigmoid(fake @ w + b))
    np.testing.assert_allclose(logs["d_loss"], d_loss.mean(), rtol=0, atol=1e-5)
    w, b = found_w[:, 0], found_b[0]
    up = sigmoid((later @ matrix + bias) @ w + b) - 1
    moved = matrix - RATE * np.outer((up[:, None] * later).mean(axis=0), w)
    np.testing.assert_allclose(
        model.generator.trainable_variables[0].numpy(), moved, rtol=0, atol=1e-5
    )


def test_the_norm_is_over_all_axes_of_a_picture():
    """f(x) = Σ x has the gradient 1 in each of the 2x3 pixels: of norm √6, and not √2 or √3."""
    x = tf.zeros((4, 2, 3, 1))
    found = losses.gradient_penalty(lambda x: tf.reduce_sum(x, axis=[1, 2, 3]), x)
    np.testing.assert_allclose(found, np.full(4, (np.sqrt(6) - 1) ** 2), rtol=0, atol=1e-5)


def test_the_deviation_is_of_the_global_batch(plane):
    """Each replica's own examples are all equal here: their own deviation is 0."""
    halves = [np.full((4, 2), value, np.float32) for value in (1.0, 4.0)]
    strategy = mirrored()
    model = linear(plane, strategy)
    shares = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(halves[context.replica_id_in_sync_group])
    )
    found = tf.function(lambda x: strategy.run(model.deviation, args=(x,)))(shares).values
    np.testing.assert_allclose(found, [1.5, 1.5], rtol=0, atol=1e-6)
    one = linear(plane).deviation(tf.concat(halves, axis=0))
    np.testing.assert_allclose(one, np.std(np.concatenate(halves)), rtol=0, atol=1e-6)


def test_settings_of_the_authors(data):
    config = dragan.Config()
    assert (config.penalty, config.perturbation) == (10.0, "uniform")  # λ is 0.25 in a port
    assert (config.learning_rate, config.beta_1, config.beta_2) == (1e-4, 0.5, 0.9)
    model = make("dragan", data.spec)
    assert model.updates_per_step == 1
    for network in ("mlp", "dcgan"):
        model = make("dragan", data.spec, network=network, channels=32)
        names = {type(layer).__name__ for layer in model.discriminator._flatten_layers()}
        assert not {name for name in names if "Norm" in name}  # a port has BatchNorm in D
    shapes = [v.shape for v in make("dragan", data.spec).discriminator.trainable_variables]
    assert shapes == [(64, 128), (128,), (128, 1), (1,)]


@pytest.mark.slow
def test_dcgan_networks(data):
    model = eagerly(make("dragan", data.spec, network="dcgan", channels=32))
    history = run_steps(model, data, 2)
    assert np.isfinite(history["penalty"]).all()
    assert model.sample(3).shape == (3, 8, 8, 1)


def test_points_need_the_mlp(plane):
    with pytest.raises(UserError, match=r"draw pictures, and 'gaussians8' has none: pass"):
        make("dragan", plane.spec, network="dcgan")
