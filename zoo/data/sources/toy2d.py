"""Points in the plane, the toy data of the Wasserstein papers.

The scales are those of the WGAN-GP authors' code (1704.00028, section 4): standard deviations of
about 1 over all.  The points are drawn once, from the zoo's own generator, so that a run can be
resumed and a figure compared.
"""

import math

import numpy as np

from zoo import noise
from zoo.data.source import Source

TRAIN, TEST = 100_000, 10_000
_RING = [(math.cos(k * math.pi / 4), math.sin(k * math.pi / 4)) for k in range(8)]
_GRID = [(x, y) for x in range(-2, 3) for y in range(-2, 3)]

# name -> (centers float64 [K, 2], standard deviation of each mode)
MODES = {
    "gaussians8": (2.0 * np.array(_RING) / 1.414, 0.02 / 1.414),
    "gaussians25": (2.0 * np.array(_GRID) / 2.828, 0.05 / 2.828),
}
SWISS_ROLL_DEVIATION = 0.25 / 7.5


def swiss_roll(u):
    """The roll's middle line float64 [N, 2] at u in [0, 1]: t (cos t, sin t), t in [1.5π, 4.5π]."""
    t = 1.5 * math.pi * (1.0 + 2.0 * np.asarray(u, np.float64))
    return t[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1) / 7.5


def _mixture(name, stream):
    centers, deviation = MODES[name]
    modes = np.floor(stream.uniform((1,)).numpy()[:, 0] * len(centers)).astype(int)
    return centers[modes] + deviation * stream.normal((2,)).numpy(), modes


def _roll(name, stream):
    u = stream.uniform((1,)).numpy()[:, 0]
    return swiss_roll(u) + SWISS_ROLL_DEVIATION * stream.normal((2,)).numpy(), None


def read(name, image_size=0, length=0):
    """Returns 100,000 points to train on and 10,000 of another draw to test on; mixtures' labels
    are their modes."""
    del image_size, length  # of pictures, and of lines of text
    splits = {}
    for seed, (split, count) in enumerate((("train", TRAIN), ("test", TEST))):
        stream = noise.Noise(seed, noise.PROTOCOL, np.arange(count))
        points, modes = (_mixture if name in MODES else _roll)(name, stream)
        labels = np.full(count, -1) if modes is None else modes
        splits[split] = points.astype(np.float32), labels.astype(np.int32)
    names = tuple(str(mode) for mode in range(len(MODES[name][0]))) if name in MODES else ()
    return Source(splits, names, version="1.0.0")
