"""The importance-weighted bound against log p(x) where that is known, and against one big sum."""

import math

import numpy as np
import pytest
import tensorflow as tf

from tests.contract import make
from zoo import losses
from zoo.noise import EVALUATION, Noise
from zoo.variational import bound

# z ~ N(0, I), x = A z + 0.5 e; q(z|x) is a Gaussian around the right mean, too wide.
A = np.array([[1.0, 0.5], [-0.3, 0.8], [0.6, -1.2]])
VARIANCE = 0.25
PRECISION = np.eye(2) + A.T @ A / VARIANCE  # of the exact posterior
MEAN = np.linalg.solve(PRECISION, A.T / VARIANCE)
WIDTH = 3.0 * np.diag(np.linalg.inv(PRECISION))  # the variances of q


def log_weight(noise, x, mean):
    width = tf.constant(WIDTH, tf.float32)
    z = mean + tf.sqrt(width) * noise.normal((2,))
    nowhere = tf.zeros_like(x)
    return (
        losses.gaussian_log_likelihood(z, 0.0, tf.zeros_like(z))
        + losses.gaussian_log_likelihood(
            x, z @ tf.constant(A.T, tf.float32), nowhere + math.log(VARIANCE)
        )
        - losses.gaussian_log_likelihood(z, mean, tf.zeros_like(z) + tf.math.log(width))
    )


def pictures(count):
    random = np.random.RandomState(0)
    x = random.randn(count, 2) @ A.T + math.sqrt(VARIANCE) * random.randn(count, 3)
    return x, (np.float32(x), np.float32(x @ MEAN.T))


def log_p(x):
    covariance = A @ A.T + VARIANCE * np.eye(3)
    quadratic = np.sum(x * np.linalg.solve(covariance, x.T).T, axis=1)
    return -0.5 * (3 * math.log(2 * math.pi) + np.linalg.slogdet(covariance)[1] + quadratic)


def found(given, k):
    noise = Noise(0, EVALUATION, tf.range(given[0].shape[0]))
    return bound.importance_weighted(log_weight, given, k, noise)


def test_the_bound_rises_to_the_exact_likelihood():
    x, given = pictures(300)
    exact = log_p(x).mean()
    graph = tf.function(found, autograph=False)
    bounds = [graph(given, k).numpy().mean() for k in (1, 10, 100, 1000)]
    # By hand: the ELBO is below log p by KL(q || posterior).
    ratio = PRECISION @ np.diag(WIDTH)
    kl = 0.5 * (np.trace(ratio) - 2 - math.log(np.linalg.det(ratio)))
    assert 0.5 < kl < 1.5
    assert bounds[0] == pytest.approx(exact - kl, abs=0.15)
    assert bounds == sorted(bounds)
    assert bounds[1] < exact - 0.02
    assert bounds[3] == pytest.approx(exact, abs=0.003)


@pytest.mark.parametrize("samples", [1, 3, 50])
def test_it_is_the_sum_over_all_samples_however_many_a_turn_takes(samples, monkeypatch):
    monkeypatch.setattr(bound, "SAMPLES", samples)
    _, given = pictures(4)
    noise = Noise(0, EVALUATION, tf.range(4)).at(tf.range(7))
    each = np.float64(log_weight(noise, *(tf.tile(value, [7, 1]) for value in given)))
    weights = np.exp(each.reshape(7, 4))
    for k in (1, 3, 7):  # a larger k begins with the same samples
        expected = np.log(weights[:k].mean(axis=0))
        np.testing.assert_allclose(found(given, k), expected, rtol=0, atol=2e-6)
        graph = tf.function(found, autograph=False)
        np.testing.assert_allclose(graph(given, k), expected, rtol=0, atol=2e-6)


def test_tiny_likelihoods_do_not_underflow():
    _, given = pictures(2)

    def tiny(noise, x, mean):
        return log_weight(noise, x, mean) - 5000.0

    noise = Noise(0, EVALUATION, tf.range(2))
    shifted = bound.importance_weighted(tiny, given, 60, noise)
    np.testing.assert_allclose(shifted + 5000.0, found(given, 60), rtol=0, atol=2e-3)


def test_many_pictures_in_parts(digits, monkeypatch):
    model = make("vae", digits.spec, hidden=(16,), latent=3)
    images, seen = digits.examples("test", 10)[0], []
    monkeypatch.setattr(bound, "PICTURES", 3)
    parts = bound.of_pictures(model, images, 4, watch=lambda *done: seen.append(done))
    assert seen == [(3, 10), (6, 10), (9, 10), (10, 10)]
    whole, other = (
        model.importance_weighted_bound(images, 4, Noise(seed, EVALUATION, tf.range(10))).numpy()
        for seed in (0, 1)
    )
    np.testing.assert_allclose(parts, whole, rtol=1e-5)
    assert whole.std() > 0.1
    assert np.abs(whole - other).min() > 0
