"""LSGAN: its three targets by hand, and what it is not; both kinds of networks."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, run_steps
from zoo import losses
from zoo.config import UserError

REAL, FAKE = np.float32([0.3, -1.2, 2.0]), np.float32([0.7, -0.4, 0.0])
TARGETS = {"binary": (0, 1, 1), "pearson": (-1, 1, 0)}


def short_run(**extra):
    """The Fréchet distance."""
    pictures = {"batch_size": 64, "ema": 0.99, **extra}
    return {"digits": learning.judged("lsgan", "digits", 400, **pictures)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 3


CASE = ModelCase(learns=learns)


@pytest.fixture(scope="module")
def data():
    return zoo.load_data("lsgan")


@pytest.mark.parametrize("targets", TARGETS)
def test_losses_by_hand(targets, data):
    a, b, c = TARGETS[targets]
    loss = make("lsgan", data.spec, targets=targets).adversarial_loss
    d_loss = 0.5 * (REAL - b) ** 2 + 0.5 * (FAKE - a) ** 2
    np.testing.assert_allclose(loss.discriminator(REAL, FAKE), d_loss, rtol=0, atol=1e-5)
    np.testing.assert_allclose(loss.generator(FAKE), 0.5 * (FAKE - c) ** 2, rtol=0, atol=1e-5)
    report = loss.report(tf.constant(REAL), tf.constant(FAKE))  # scores, and no sigmoid of them
    np.testing.assert_array_equal(report["score_real"], REAL)
    np.testing.assert_array_equal(report["score_fake"], FAKE)


def test_the_mean_of_squares_and_not_a_root_of_their_sum():
    loss = losses.least_squares(*TARGETS["binary"])
    ours = float(tf.reduce_mean(loss.discriminator(REAL, FAKE)))
    squares = np.sum((REAL - 1) ** 2), np.sum(FAKE**2)
    np.testing.assert_allclose(ours, 0.5 * sum(squares) / 3, rtol=0, atol=1e-5)
    assert abs(ours - sum(np.sqrt(squares))) > 1  # a port's l2 norm
    assert abs(ours - sum(squares) / 3) > 0.5  # a port's, without ½
    # The gradient of the root does not fall with the error.
    score = tf.Variable([0.9, 0.9])
    with tf.GradientTape() as tape:
        value = tf.reduce_mean(loss.generator(score))
    np.testing.assert_allclose(tape.gradient(value, score), [-0.05, -0.05], rtol=0, atol=1e-5)


def test_no_weight_is_clipped(data):
    model = eagerly(make("lsgan", data.spec, network="mlp"))
    run_steps(model, data, 1)
    assert max(np.abs(w).max() for w in model.discriminator.get_weights()) > 0.1


@pytest.mark.slow
def test_mlp_of_pictures_and_of_points(data):
    for examples in (data, zoo.load_data("lsgan", "gaussians8")):
        model = eagerly(make("lsgan", examples.spec, network="mlp", latent=4))
        history = run_steps(model, examples, 2)
        assert np.isfinite(history["d_loss"]).all()
        assert model.sample(3).shape == (3, *examples.spec.shape)
        assert model.discriminator.trainable_variables[-1].shape == (1,)  # the score has a bias


def test_points_need_the_mlp():
    with pytest.raises(UserError, match=r"draw pictures, and 'gaussians8' has none: pass"):
        zoo.build("lsgan", zoo.load_data("lsgan", "gaussians8"))
