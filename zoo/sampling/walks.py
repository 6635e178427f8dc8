"""Walks through a latent space."""

import math

import numpy as np

from zoo.config import UserError


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
