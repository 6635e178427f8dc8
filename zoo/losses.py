"""Losses as plain functions: one number for each example, in the papers' letters.

An adversarial loss is a pair of functions of the discriminator's outputs for real and for generated
examples, float32 [B] each, with what it reports of them; both are minimized.  `ADVERSARIAL` has
those that a setting may name.
"""

import math
import typing
from collections.abc import Callable

import tensorflow as tf

TINY = 1e-12  # under the root of a gradient's norm, whose own gradient at 0 is infinite


class Adversarial(typing.NamedTuple):
    """An adversarial loss.

    discriminator: (real [B], fake [B]) -> [B].
    generator: fake [B] -> [B].
    report: (real [B], fake [B]) -> name -> [B], beside the two losses: what the outputs mean.
    """

    discriminator: Callable
    generator: Callable
    report: Callable


def log_sigmoid(logits):
    """log D from D's logits, stably."""
    return -tf.nn.softplus(-logits)


def log_one_minus_sigmoid(logits):
    """log(1 - D) from D's logits, stably."""
    return -tf.nn.softplus(logits)


def _cross_entropy(real, fake):
    return -(log_sigmoid(real) + log_one_minus_sigmoid(fake))


def _probabilities(real, fake):
    return {"d_real": tf.sigmoid(real), "d_fake": tf.sigmoid(fake)}


def _scores(real, fake):
    return {"score_real": real, "score_fake": fake}


# Goodfellow et al. 2014 (1406.2661): eq. 1, and the end of section 3.
MINIMAX = Adversarial(_cross_entropy, log_one_minus_sigmoid, _probabilities)
NON_SATURATING = Adversarial(_cross_entropy, lambda fake: -log_sigmoid(fake), _probabilities)

# Arjovsky et al. 2017 (1701.07875): eq. 3; the estimate E[f(real)] - E[f(fake)] of the Wasserstein
# distance is positive while the critic tells real from fake.
WASSERSTEIN = Adversarial(
    lambda real, fake: fake - real,
    lambda fake: -fake,
    lambda real, fake: {"wasserstein": real - fake},
)

# Lim and Ye 2017 (1705.02894), as SN-GAN has it (1802.05957, eqs. 16 and 17).
HINGE = Adversarial(
    lambda real, fake: tf.nn.relu(1.0 - real) + tf.nn.relu(1.0 + fake),
    lambda fake: -fake,
    _scores,
)


def least_squares(a, b, c):
    """Mao et al. 2016 (1611.04076), eq. 2: D takes generated examples to a and real ones to b, and
    G takes D's score of its examples to c."""
    return Adversarial(
        lambda real, fake: 0.5 * (real - b) ** 2 + 0.5 * (fake - a) ** 2,
        lambda fake: 0.5 * (fake - c) ** 2,
        _scores,
    )


def energy(margin):
    """Zhao et al. 2016 (1609.03126), section 2.1: D's output is an energy, which D takes to 0 for
    real examples and to `margin` or more for each generated one, and G to 0 for its own."""
    return Adversarial(
        lambda real, fake: real + tf.nn.relu(margin - fake),
        lambda fake: fake,
        lambda real, fake: {"energy_real": real, "energy_fake": fake},
    )


ADVERSARIAL = {"non_saturating": NON_SATURATING, "minimax": MINIMAX}


def gradient_norm(function, x):
    """‖∇ function(x)‖₂ [B]: of each example's own gradient, over all axes but the first.

    Args:
        function: examples [B, …] -> values [B]; it must not mix examples, as BatchNorm does.
        x: float32 [B, …].
    """
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    gradient = tape.gradient(value, x)
    return tf.sqrt(tf.reduce_sum(gradient**2, axis=list(range(1, x.shape.rank))) + TINY)


def gradient_penalty(function, x):
    """(‖∇ function(x)‖₂ - 1)² [B] (Gulrajani et al. 2017, 1704.00028, eq. 3)."""
    return (gradient_norm(function, x) - 1.0) ** 2


def class_cross_entropy(classes, logits):
    """-log p(class) [B], from classes one-hot [B, K] and logits [B, K]."""
    return tf.nn.softmax_cross_entropy_with_logits(classes, logits)


def gaussian_kl(mean, log_variance):
    """KL(N(mean, variance) || N(0, I)) [B] (Kingma and Welling 2013, 1312.6114, appendix B)."""
    return 0.5 * tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1.0 - log_variance, axis=-1)


def gaussian_kl_between(mean, log_variance, other_mean, other_log_variance):
    """KL(N(mean, variance) || N(other mean, other variance)) [B] of diagonal Gaussians."""
    difference = log_variance - other_log_variance
    distance = (mean - other_mean) ** 2 * tf.exp(-other_log_variance)
    return 0.5 * tf.reduce_sum(distance + tf.exp(difference) - 1.0 - difference, axis=-1)


def bernoulli_log_likelihood(images, logits):
    """Σ x log p + (1 - x) log(1 - p) [B] from logits (1312.6114, appendix C.1)."""
    cross_entropy = tf.nn.sigmoid_cross_entropy_with_logits(labels=images, logits=logits)
    return -tf.reduce_sum(cross_entropy, axis=[1, 2, 3])


def gaussian_log_likelihood(values, mean, log_variance):
    """Σ log N(value; mean, variance) [B], over all axes but the first (1312.6114, appendix C.2)."""
    density = -0.5 * (
        math.log(2 * math.pi) + log_variance + (values - mean) ** 2 * tf.exp(-log_variance)
    )
    return tf.reduce_sum(density, axis=list(range(1, density.shape.rank)))


def level_cross_entropy(logits, levels):
    """-log p(level) [B, H, W, C] in nats, from logits [B, H, W, C, K] and levels [B, H, W, C].

    K = 1 is the logit of level 1 of two (van den Oord et al. 2016, 1601.06759, eq. 1).
    """
    if logits.shape[-1] == 1:
        wrong = logits[..., 0] * (1.0 - 2.0 * levels)
        # log(1 + e^wrong), stably and of ops that devices have.
        return tf.nn.relu(wrong) + tf.math.log(1.0 + tf.exp(-tf.abs(wrong)))
    chosen = tf.one_hot(tf.cast(levels, tf.int32), logits.shape[-1])
    return -tf.reduce_sum(chosen * tf.nn.log_softmax(logits), axis=-1)
