"""Losses by hand."""

import math

import numpy as np
import pytest
import tensorflow as tf

from zoo import losses

REAL, FAKE = [0.3, -1.2, 2.0], [0.7, -0.4, 0.0]


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def check(found, by_hand):
    np.testing.assert_allclose(found, by_hand, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("loss", "g_loss"),
    [
        ("minimax", lambda f: math.log(1 - sigmoid(f))),
        ("non_saturating", lambda f: -math.log(sigmoid(f))),
    ],
)
def test_cross_entropies_by_hand(loss, g_loss):
    loss, real, fake = losses.ADVERSARIAL[loss], tf.constant(REAL), tf.constant(FAKE)
    d_loss = [
        -math.log(sigmoid(r)) - math.log(1 - sigmoid(f)) for r, f in zip(REAL, FAKE, strict=True)
    ]
    check(loss.discriminator(real, fake), d_loss)
    check(loss.generator(fake), [g_loss(f) for f in FAKE])
    report = loss.report(real, fake)
    check(report["d_real"], [sigmoid(r) for r in REAL])
    check(report["d_fake"], [sigmoid(f) for f in FAKE])


def test_wasserstein_by_hand():
    loss, real, fake = losses.WASSERSTEIN, tf.constant(REAL), tf.constant(FAKE)
    check(loss.discriminator(real, fake), np.subtract(FAKE, REAL))
    check(loss.generator(fake), np.negative(FAKE))
    check(loss.report(real, fake)["wasserstein"], np.subtract(REAL, FAKE))


@pytest.mark.parametrize("loss", losses.ADVERSARIAL)
def test_losses_are_finite_far_out(loss):
    far = tf.constant([-200.0, 200.0])
    assert np.isfinite(losses.ADVERSARIAL[loss].discriminator(far, -far)).all()
    assert np.isfinite(losses.ADVERSARIAL[loss].generator(far)).all()


@pytest.mark.parametrize("loss", losses.ADVERSARIAL)
def test_every_loss_pushes_the_generator_the_same_way(loss):
    fake = tf.Variable([0.3])
    with tf.GradientTape() as tape:
        value = losses.ADVERSARIAL[loss].generator(fake)
    assert tape.gradient(value, fake)[0] < 0


def test_penalty_by_hand():
    """f(x) = ½‖x‖² has the gradient x itself: its norm is over all axes but the first."""
    x = np.random.RandomState(0).rand(5, 2, 3, 1).astype(np.float32)
    norm = np.sqrt((x**2).sum(axis=(1, 2, 3)))

    def half_square(x):
        return 0.5 * tf.reduce_sum(x**2, axis=[1, 2, 3])

    check(losses.gradient_norm(half_square, tf.constant(x)), norm)
    check(losses.gradient_penalty(half_square, tf.constant(x)), (norm - 1) ** 2)


def test_class_cross_entropy_by_hand():
    classes, logits = tf.constant([[0.0, 1.0, 0.0]]), tf.constant([[0.5, -0.2, 1.0]])
    by_hand = 0.2 + math.log(math.exp(0.5) + math.exp(-0.2) + math.exp(1.0))
    check(losses.class_cross_entropy(classes, logits), [by_hand])


def test_kl_by_hand():
    mean, log_variance = [0.5, -1.0], [0.2, -0.7]
    by_hand = sum(0.5 * (m * m + math.exp(v) - 1 - v) for m, v in zip(mean, log_variance))  # noqa: B905
    found = losses.gaussian_kl(tf.constant([mean]), tf.constant([log_variance]))
    np.testing.assert_allclose(found, [by_hand], rtol=0, atol=1e-5)


def test_bernoulli_by_hand():
    x, logit = [1.0, 0.0, 0.25], [0.4, -0.3, 1.5]
    p = [1 / (1 + math.exp(-a)) for a in logit]
    by_hand = sum(a * math.log(b) + (1 - a) * math.log(1 - b) for a, b in zip(x, p, strict=True))
    shaped = [tf.reshape(tf.constant(v), (1, 3, 1, 1)) for v in (x, logit)]
    np.testing.assert_allclose(
        losses.bernoulli_log_likelihood(*shaped), [by_hand], rtol=0, atol=1e-5
    )


def test_gaussian_by_hand():
    x, mean, log_variance = [0.9, 0.1], [0.5, 0.3], [-1.0, 0.4]
    by_hand = sum(
        -0.5 * (math.log(2 * math.pi) + v + (a - m) ** 2 / math.exp(v))
        for a, m, v in zip(x, mean, log_variance, strict=True)
    )
    shaped = [tf.reshape(tf.constant(v), (1, 2, 1, 1)) for v in (x, mean, log_variance)]
    np.testing.assert_allclose(
        losses.gaussian_log_likelihood(*shaped), [by_hand], rtol=0, atol=1e-5
    )


def test_likelihood_by_hand():
    logits = tf.constant([[[[[0.0], [2.0]]]]])  # one picture of 1x1 in two colors
    levels = tf.constant([[[[1.0, 0.0]]]])
    by_hand = [math.log(2), math.log(1 + math.exp(2))]
    found = losses.level_cross_entropy(logits, levels)
    np.testing.assert_allclose(found, [[[by_hand]]], rtol=1e-5)
    logits = tf.constant([[[[[0.0, 1.0, 2.0]]]]])
    by_hand = -1 + math.log(1 + math.e + math.e**2)
    found = losses.level_cross_entropy(logits, tf.constant([[[[1.0]]]]))
    np.testing.assert_allclose(found, [[[[by_hand]]]], rtol=1e-5)
    # Far from zero nothing overflows, on either side.
    far = tf.constant([[[[[200.0]]]]])
    assert losses.level_cross_entropy(far, tf.constant([[[[0.0]]]])).numpy().item() == 200.0
    assert losses.level_cross_entropy(far, tf.constant([[[[1.0]]]])).numpy().item() == 0.0
