"""The Parzen window's log likelihood of held-out pictures (Goodfellow et al. 2014, 1406.2661).

A Gaussian of variance σ² is laid around each sample, and the density of their mixture is that of
the model (section 5 of the paper; Breuleux et al. 2011):

    log p(x) = log 1/N Σ_i N(x; sample_i, σ² I)

σ is the value of a logarithmic grid under which validation pictures are likeliest.  The paper's
authors took 10,000 samples, 1,000 validation pictures, and ten values from 0.1 to 1; `SIGMAS` goes
on at both ends with their steps.

It is a shaky figure: its variance is high, and it may rank models wrongly (arXiv:1511.01844,
section 3.2).  It depends on the number of samples and on the pictures' range, here [0, 1].
"""

import math

import numpy as np

from zoo.metrics import pairs
from zoo.metrics.pictures import some

SIGMAS = tuple(10.0 ** (i / 9) for i in range(-18, 10))  # 0.01 to 10
VALIDATION = 1000  # pictures that the width is chosen on, but a tenth of the training part at most


class Judge:
    """Judges sets of pictures by how likely they make held-out ones.

    Args:
        train: float32 [N, H, W, C] in [0, 1]; the last of them are the validation pictures, and as
            many others as are drawn are the floor.
        test: float32 [M, H, W, C].
        num: how many drawn pictures there are going to be.

    Attributes:
        counts: how many pictures are laid a Gaussian around, of the drawn ones and of the floor,
            and how many are held out and for validation.
        real: what `of` would return of the floor.
    """

    def __init__(self, train, test, num):
        most = len(train) - min(VALIDATION, len(train) // 10)
        self._validation, self._test = _flat(train[most:]), _flat(test)
        self._count = min(num, most)
        self.counts = {
            "drawn": self._count, "real": self._count, "held_out": len(test),
            "validation": len(self._validation),
        }  # fmt: skip
        self.real = self.of(train[some(most, self._count)])

    def of(self, images):
        """Returns the figure of drawn pictures, see `parzen`."""
        return parzen(_flat(images[: self._count]), self._validation, self._test)


def log_likelihood(samples, pictures, sigmas):
    """Returns log p(x) in nats under each of several widths, float64 [len(sigmas), M].

    Args:
        samples: [N, d], N at least 1.
        pictures: [M, d], M at least 1.
        sigmas: the deviations of the Gaussians, each above 0.

    Raises:
        UserError: no example, different widths, or NaN or infinity.
    """
    samples, pictures = pairs.checked(samples, pictures, least=1)
    found = np.empty((len(sigmas), len(pictures)))
    for rows in pairs.blocks(len(pictures), len(samples)):
        squared = pairs.squared(pictures[rows], samples)
        nearest = squared.min(axis=1, keepdims=True)  # its term is the largest, and stays 1
        beyond = squared - nearest
        for found_here, sigma in zip(found, sigmas, strict=True):
            total = np.exp(beyond / (-2.0 * sigma**2)).sum(axis=1)
            found_here[rows] = np.log(total) - nearest[:, 0] / (2.0 * sigma**2)
    scale = np.log(np.asarray(sigmas, np.float64) * math.sqrt(2.0 * math.pi))
    return found - math.log(len(samples)) - samples.shape[1] * scale[:, None]


def parzen(samples, validation, test, sigmas=SIGMAS):
    """Returns {"value", "standard_error", "sigma"}: the mean of log p(x) of the test pictures in
    nats, its standard error over them, and the width.

    Args:
        samples: [N, d], in [0, 1].
        validation: pictures [V, d] that the width is chosen on; none of `test`.
        test: pictures [M, d], M at least 2.
        sigmas: the grid.

    Raises:
        UserError: too few examples, different widths, or NaN or infinity.
    """
    pairs.checked(samples, test, least=2)
    likelihoods = log_likelihood(samples, validation, sigmas).mean(axis=1)
    sigma = sigmas[int(np.argmax(likelihoods))]
    (nats,) = log_likelihood(samples, test, [sigma])
    return {
        "value": float(nats.mean()),
        "standard_error": float(nats.std(ddof=1) / math.sqrt(len(nats))),
        "sigma": float(sigma),
    }


def _flat(images):
    return images.reshape(len(images), -1)
