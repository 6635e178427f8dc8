"""Points in the plane, the toy data of the Wasserstein papers, as TFDS builders.

The scales are those of the WGAN-GP authors' code (1704.00028, section 4): standard deviations of
about 1 over all.  The points are drawn once, from the zoo's own generator, so that a run can be
resumed and a figure compared.
"""

import math

import numpy as np
import tensorflow_datasets as tfds

from zoo import noise

TRAIN, TEST = 100_000, 10_000
_RING = [(math.cos(k * math.pi / 4), math.sin(k * math.pi / 4)) for k in range(8)]
_GRID = [(x, y) for x in range(-2, 3) for y in range(-2, 3)]

# name -> (centres float64 [K, 2], standard deviation of each mode)
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
    centres, deviation = MODES[name]
    modes = np.floor(stream.uniform((1,)).numpy()[:, 0] * len(centres)).astype(int)
    return centres[modes] + deviation * stream.normal((2,)).numpy(), modes


def _roll(name, stream):
    u = stream.uniform((1,)).numpy()[:, 0]
    return swiss_roll(u) + SWISS_ROLL_DEVIATION * stream.normal((2,)).numpy(), None


class _Plane(tfds.core.GeneratorBasedBuilder, skip_registration=True):
    VERSION = tfds.core.Version("1.0.0")
    draw = staticmethod(_mixture)

    def _info(self):
        features = {"point": tfds.features.Tensor(shape=(2,), dtype=np.float32)}
        if self.name in MODES:
            features["label"] = tfds.features.ClassLabel(num_classes=len(MODES[self.name][0]))
        return tfds.core.DatasetInfo(
            builder=self,
            description="Points in the plane on the scales of the WGAN-GP authors' code.",
            features=tfds.features.FeaturesDict(features),
            homepage="https://arxiv.org/abs/1704.00028",
            license="CC0",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # nothing is downloaded
        return {
            "train": self._generate_examples(0, TRAIN),
            "test": self._generate_examples(1, TEST),
        }

    def _generate_examples(self, seed, count):
        stream = noise.Noise(seed, noise.PROTOCOL, np.arange(count))
        points, modes = self.draw(self.name, stream)
        for key, point in enumerate(points.astype(np.float32)):
            label = {} if modes is None else {"label": int(modes[key])}
            yield key, {"point": point, **label}


class Gaussians8(_Plane):
    """Eight Gaussians on a ring."""


class Gaussians25(_Plane):
    """Twenty-five Gaussians on a grid."""


class SwissRoll(_Plane):
    """A Swiss roll seen from its side."""

    draw = staticmethod(_roll)
