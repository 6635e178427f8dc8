"""Example 1 of WGAN (Arjovsky et al. 2017, 1701.07875): two distances of parallel lines.

    P_0 is uniform on {0} x [0, 1], and P_t on {t} x [0, 1]

Their supports are disjoint unless t = 0.  So the Jensen-Shannon divergence is log 2 for each other
t, and its gradient in t is 0: a generator learns nothing from it.  The Wasserstein distance is |t|.

Beside both stands what a network finds that is trained to tell the lines apart: a discriminator,
whose best value of E[log D(x)] + E[log(1 - D(y))] is 2 JS - 2 log 2 (1406.2661, theorem 1), and a
critic with gradient penalty (1704.00028), whose best value of E[f(x)] - E[f(y)] is W.
"""

import math

import keras
import numpy as np
import tensorflow as tf

from zoo import losses, noise
from zoo.data.spec import DataSpec
from zoo.diagnosing.diagnosis import Diagnosis
from zoo.networks import mlp
from zoo.networks.initializers import Initializers
from zoo.runs import provenance
from zoo.viz import trainings

OFFSETS = tuple(np.linspace(-1, 1, 9).tolist())
STEPS = 400  # of Adam, for each network
UNITS, BATCH, RATE, PENALTY = (64, 64), 256, 2e-3, 10.0
PLANE = DataSpec("parallel_lines", (2,), 0)


def exact(offset):
    """Returns (the Jensen-Shannon divergence in nats, the Wasserstein distance) at an offset."""
    return (math.log(2) if offset else 0.0), abs(offset)


def estimated(offsets, steps=STEPS, seed=0):
    """Trains a discriminator and a critic at each offset; returns a list of (the divergence, the
    distance) as they find them on points that they were not trained on.

    Args:
        offsets: of the second line from the first.
        steps: of Adam, for each network.
        seed: of the first weights and of all points.
    """
    return [
        (_divergence(_Trained(offset, steps, seed)), _distance(_Trained(offset, steps, seed)))
        for offset in offsets
    ]


def diagnosed(seed=0, offsets=OFFSETS, steps=STEPS):
    """Returns the `Diagnosis`, of no run; see `estimated`."""
    found = estimated(offsets, steps, seed)
    distances = {
        name: {
            "exact": [exact(offset)[place] for offset in offsets],
            "trained": [pair[place] for pair in found],
        }
        for place, name in enumerate(("Jensen-Shannon divergence", "Wasserstein distance"))
    }
    facts = {
        "offsets": list(offsets), "seed": seed, "steps": steps, "batch": BATCH,
        "distances": distances, "code": provenance.code(),
    }  # fmt: skip
    words = [
        f"{name} at offsets {offsets[0]:g} to {offsets[-1]:g}: exact "
        f"{min(both['exact']):.3f} to {max(both['exact']):.3f}, trained "
        f"{min(both['trained']):.3f} to {max(both['trained']):.3f}"
        for name, both in distances.items()
    ]
    return Diagnosis(trainings.distances(offsets, distances), [facts], words)


class _Trained:
    """A network on the plane, and the points that it is trained on."""

    def __init__(self, offset, steps, seed):
        self.offset, self._steps, self._seed = offset, steps, seed
        self.network = mlp.Critic(PLANE, UNITS, Initializers(seed), "float32", use_bias=True)

    def points(self, step, purpose=noise.TRAINING):
        """Returns points of both lines [B, 2], and numbers [B, 1] between 0 and 1."""
        drawn = noise.Noise(self._seed, purpose, tf.range(BATCH), step)
        first, second, between = (drawn.uniform((1,)) for _ in range(3))
        real = tf.concat([tf.zeros_like(first), first], axis=1)
        return real, tf.concat([self.offset * tf.ones_like(second), second], axis=1), between

    def minimize(self, loss):
        """Takes the steps; `loss` is a function of what `points` returns."""
        optimizer = keras.optimizers.Adam(RATE, beta_1=0.5, beta_2=0.9)
        variables = self.network.trainable_variables
        optimizer.build(variables)

        @tf.function(autograph=False)
        def step(number):
            with tf.GradientTape() as tape:
                value = tf.reduce_mean(loss(*self.points(number)))
            optimizer.apply_gradients(zip(tape.gradient(value, variables), variables, strict=True))

        for number in range(self._steps):
            step(tf.constant(number))


def _divergence(trained):
    def loss(real, fake, between):
        return losses.MINIMAX.discriminator(trained.network(real), trained.network(fake))

    trained.minimize(loss)
    value = -tf.reduce_mean(loss(*trained.points(0, noise.EVALUATION)))
    return float(value) / 2 + math.log(2)


def _distance(trained):
    def loss(real, fake, between):
        found = losses.WASSERSTEIN.discriminator(trained.network(real), trained.network(fake))
        at = real + between * (fake - real)
        return found + PENALTY * losses.gradient_penalty(trained.network, at)

    trained.minimize(loss)
    real, fake, _ = trained.points(0, noise.EVALUATION)
    return float(tf.reduce_mean(trained.network(real)) - tf.reduce_mean(trained.network(fake)))
