"""Latents of given pictures: by a model's encoder, or by the gradient through its generator.

A model with an `encode` (the VAEs) tells the mean of q(z|x).  Of others z descends the squared
error of the generator's picture (Creswell and Bharath 2016, 1611.05644), from several draws of the
prior, and the best is kept; numbers of a uniform part are clipped to their range after each step
(Lipton and Tripathi 2017, 1702.04782).  The steps are so many, their rate falls to 0, and the draws
are those of a seed: the same call finds the same bits.

An export has no model to take gradients of: it inverts by its signature `encode`, where it has one.
"""

import numpy as np

from zoo.config import UserError
from zoo.parts import MOST, slices, watched
from zoo.sampling import completion, conditions, moments

STARTS = 8  # draws of the prior that a picture is sought from
STEPS = 300  # of Adam (1412.6980) with its own settings
RATE = 0.1  # of the first step, in the units of z


def invert(sampler, pictures, condition=None, seed=0, watch=None):
    """Returns latents float32 [B, z] whose pictures are near the given ones.

    Args:
        sampler: what `zoo.load` returned.
        pictures: [H, W, C] or [B, H, W, C]: float in [0, 1], or 8-bit as in a file.
        condition: of a conditional model: one for all pictures, or one for each.
        seed: of the draws that the descent starts from.
        watch: called with (pictures done, pictures in all) now and then.

    Raises:
        UserError: pictures of another shape or range, a condition that is missing or of another
            number, a model that draws no pictures, or an export without `encode`.
    """
    spec = sampler.data_spec
    if spec.modality != "images":
        raise UserError(f"only pictures are inverted, and this model draws {spec.modality}.")
    images = completion.checked_pictures(spec, pictures)
    given = _given(sampler, condition, len(images))
    if not sampler.encodes and not hasattr(sampler, "model"):
        raise UserError(
            "this export has no encoder, and no model to take gradients of: invert by the run or "
            "the preset that it was made of."
        )
    if not sampler.encodes:
        return _Descent(sampler, seed).of(images, given, watch)
    return np.concatenate(
        [
            sampler.encode(images[i], None if given is None else given[i])
            for i in watched(slices(len(images), MOST), watch)
        ]
    )


def errors(drawn, pictures):
    """Returns the root of the mean squared difference of each two pictures, float [B]."""
    difference = (drawn - pictures).reshape(len(pictures), -1)
    return np.sqrt(np.mean(difference**2, axis=1))


def _given(sampler, condition, count):
    """A condition for each picture, or None."""
    if condition is None and sampler.given is not None:
        raise UserError(
            "this model is conditional: say what the pictures are of, by --label, --name or "
            "--condition, one for all or one for each."
        )
    if condition is None:
        return None
    found = conditions.checked(sampler.data_spec, condition)
    if len(found) not in (1, count):
        raise UserError(f"{len(found)} conditions for {count} pictures: give one, or as many.")
    return sampler.in_turn(condition, count)


class _Descent:
    """Adam on latents, from the same starts for every picture."""

    def __init__(self, sampler, seed):
        import tensorflow as tf

        self._model, self._prior = sampler.model, sampler.prior
        classes = max((width for kind, width in self._prior if kind == "categorical"), default=0)
        self._starts = sampler.latents(max(STARTS, classes), seed)
        begin = 0
        for kind, width in self._prior:
            if kind == "categorical":  # a class has no gradient: each is tried
                each = np.eye(width, dtype=np.float32)[np.arange(len(self._starts)) % width]
                self._starts[:, begin : begin + width] = each
            begin += width
        infinite = np.full((1, begin), np.inf, np.float32)
        self._low, self._high = (moments.bounded(x, self._prior) for x in (-infinite, infinite))
        self._moves = moments.columns(self._prior)[0].astype(np.float32)
        self._descend = tf.function(self._down, autograph=False, reduce_retracing=True)

    def of(self, images, given, watch=None):
        """Pictures float32 [B, H, W, C] -> float32 [B, z]."""
        import tensorflow as tf

        count, found = len(self._starts), []
        for rows in watched(slices(len(images), MOST // count), watch):
            some = images[rows]
            wanted = tf.constant(np.repeat(some, count, axis=0))
            told = None if given is None else tf.constant(np.repeat(given[rows], count, axis=0))
            begin = tf.constant(np.tile(self._starts, (len(some), 1)))
            z, error = (x.numpy() for x in self._descend(begin, wanted, told))
            best = error.reshape(len(some), count).argmin(axis=1)
            found.append(z.reshape(len(some), count, -1)[np.arange(len(some)), best])
        return np.concatenate(found)

    def _down(self, z, wanted, given):
        """Latents [N, z] -> (those after the last step, the squared error of each [N])."""
        import tensorflow as tf

        def error(z):
            difference = self._model.generate(z, given) - wanted
            return tf.reduce_sum(tf.square(difference), axis=[1, 2, 3])

        def step(i, z, first, second):
            with tf.GradientTape() as tape:
                tape.watch(z)
                loss = error(z)
            gradient = tape.gradient(loss, z) * self._moves
            first = 0.9 * first + 0.1 * gradient
            second = 0.999 * second + 0.001 * tf.square(gradient)
            t = tf.cast(i, tf.float32)
            scaled = first / (1 - 0.9 ** (t + 1)), second / (1 - 0.999 ** (t + 1))
            z -= RATE * (1 - t / STEPS) * scaled[0] / (tf.sqrt(scaled[1]) + 1e-8)
            return i + 1, tf.clip_by_value(z, self._low, self._high), first, second

        nothing = tf.zeros_like(z)
        _, z, _, _ = tf.while_loop(
            lambda i, *_: i < STEPS, step, (0, z, nothing, nothing), parallel_iterations=1
        )
        return z, error(z)
