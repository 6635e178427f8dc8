"""Draws from a PixelRNN under a progress bar: a row at a time, or, by the plain sampler, a pixel.

The pictures equal those of `Likelihood.draw`, which is one call and shows no progress.
"""

import math

import tensorflow as tf

from zoo.config import UserError, nearest

METHODS = ("cached", "plain")


def draw(model, latents, images, mask, temperature=1.0, method="cached", watch=None):
    """Draws the pixels of `images` where `mask` is 1.

    Args:
        model: a `Likelihood`.
        latents: uniform noise float32 [B, `model.latent`].
        images: float32 [B, H, W, C] in [0, 1].
        mask: float32 [B, H, W, 1].
        temperature: above 0; divides the logits.
        method: ``"cached"``, or ``"plain"`` for a full pass of the network for each pixel.
        watch: called with (pixels drawn, pixels in all), or None.

    Returns:
        float32 [B, H, W, C] in [0, 1].

    Raises:
        UserError: a temperature of 0 or below, or another method.
    """
    if not (math.isfinite(temperature) and temperature > 0):
        raise UserError(f"temperature must be above 0, and {temperature:g} is not.")
    if method not in METHODS:
        raise UserError(f"unknown sampler {method!r}: {nearest(method, METHODS)}.")
    latents, images, mask = (tf.cast(value, tf.float32) for value in (latents, images, mask))
    tasks = model.tasks(latents, images, mask)
    total, done, pictures = sum(math.prod(task[0].shape[1:3]) for task in tasks), 0, []
    way = _by_rows if method == "cached" else _by_pixels
    for number, task in enumerate(tasks):
        picture = None
        for pixels, picture in way(model, number, pictures, task, temperature):  # noqa: B007
            done += pixels
            if watch:
                watch(done, total)
        pictures.append(picture)
    return model.completed(pictures[-1], images, mask)


def _by_rows(model, number, before, task, temperature):
    """Yields (pixels drawn since the last time, the picture or None as long as it is not whole)."""
    rows_first = [tf.transpose(part, [1, 2, 0, 3]) for part in task]
    height, width, batch, _ = rows_first[0].shape

    @_graph(model)
    def begin():
        sampler, biases = model.sampler(number, before)
        return sampler.begin(batch, biases), biases

    @_graph(model)
    def row(place, state, biases, *parts):
        sampler, _ = model.sampler(number, before)
        return sampler.row(place, state, *parts, temperature, biases)

    state, biases = begin()
    rows = []
    for place in range(height):
        drawn, state = row(tf.constant(place), state, biases, *(part[place] for part in rows_first))
        rows.append(drawn)
        whole = place == height - 1
        yield width, tf.transpose(tf.stack(rows), [2, 0, 1, 3]) if whole else None


def _by_pixels(model, number, before, task, temperature):
    """As `_by_rows`."""

    @_graph(model)
    def pixel(picture, position):
        return model.draw_pixel(number, [*before, picture], position, task, temperature)

    picture = task[1]
    for position in range(math.prod(picture.shape[1:3])):
        picture = pixel(picture, tf.constant(position))
        yield 1, picture


def _graph(model):
    """Traces a function with the weights that are sampled."""

    def traced(function):
        def averaged(*inputs):
            with model.ema_scope():
                return function(*inputs)

        return tf.function(averaged, autograph=False)

    return traced
