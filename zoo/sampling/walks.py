"""Walks through a latent space: between two latents, and along one code at a time."""

import math

import numpy as np

from zoo.config import UserError

STEPS = 8  # along a code that is a number
RANGES = {"normal": (-2.0, 2.0), "uniform": (0.0, 1.0), "symmetric": (-1.0, 1.0)}


def walks(sampler, rows, seed=0, steps=8, condition=None):
    """Walks between pairs of latents, a row a walk under one condition.

    A normal part of z goes on the great circle z = cos(t) a + sin(t) b for t from 0 to π/2: every
    point of it is distributed as the ends are, where a straight line would pass too near to 0.  A
    uniform one goes on the straight line, which stays in the cube (as 1511.06434, section 6.1); a
    class stays what it is.

    Returns:
        (float32 [rows * steps, …], the condition of each or None, `steps`).
    """
    if sampler.pixelwise:
        raise UserError(
            "a model that draws pixel by pixel has no latents to walk between: leave "
            "--interpolate out."
        )
    ends = sampler.latents(2 * rows, seed).reshape(rows, 2, -1)
    t = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    weights = {
        "normal": (np.cos(t * math.pi / 2), np.sin(t * math.pi / 2)),
        "categorical": (np.ones_like(t), np.zeros_like(t)),
    }
    path, begin = [], 0
    for kind, width in sampler.prior:
        part = ends[..., begin : begin + width]
        from_one, to_other = weights.get(kind, (1 - t, t))
        path.append(from_one * part[:, :1] + to_other * part[:, 1:])
        begin += width
    path = np.concatenate(path, axis=-1)
    given = sampler.in_turn(condition, rows)
    along = None if given is None else np.repeat(given, steps, axis=0)
    z = path.reshape(rows * steps, -1).astype(np.float32)
    return sampler.generate(z, along), along, steps


def codes(sampler, num, seed=0, condition=None):
    """Varies one code at a time: a row for each code of a latent, and then of the next latent.

    The codes are all parts of z but the first and dropout's, which are noise: a row goes through
    the classes of a categorical part, or through the range of one number, and the rest of z stays.

    Returns:
        (about `num` examples in whole rows, float32 [N, …], the condition of each or None, the
        number of columns).

    Raises:
        UserError: there are none.
    """
    (_, begin), *parts = sampler.prior
    if all(kind == "dropout" for kind, _ in parts):
        raise UserError(
            "the latents of this model have no codes: leave --codes out, or sample an infogan."
        )
    columns = max((width for kind, width in parts if kind == "categorical"), default=STEPS)
    values = []  # of each code: the places in z, and what stands there [columns, places]
    for kind, width in parts:
        if kind == "categorical":
            classes = np.eye(width)[np.arange(columns) % width]
            values.append((slice(begin, begin + width), classes))
        else:
            line = np.linspace(*RANGES[kind], columns)[:, None]
            values += [(slice(i, i + 1), line) for i in range(begin, begin + width)]
        begin += width
    rows = -(-num // (len(values) * columns))
    z = np.tile(sampler.latents(rows, seed)[:, None, None], (1, len(values), columns, 1))
    for row, (places, steps) in enumerate(values):
        z[:, row, :, places] = steps
    given = sampler.in_turn(condition, rows)
    along = None if given is None else np.repeat(given, len(values) * columns, axis=0)
    return sampler.generate(z.reshape(-1, z.shape[-1]), along), along, columns
