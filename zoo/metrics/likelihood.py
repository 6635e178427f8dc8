"""Exact likelihoods of held-out pictures, and what a model without any structure gets.

Nats are per picture; bits per dimension are nats / (H W C log 2).  Figures of different protocols
of binarization are of different data: `likelihood.json` names it.
"""

import math

import numpy as np


def summary(nats, spec):
    """Sums up -log p(x) of pictures.

    Args:
        nats: [N], N at least 2.
        spec: the `DataSpec`.

    Returns:
        name -> (mean, standard error of the mean), in both units.
    """
    mean, error = mean_and_error(nats)
    bits = spec.values * math.log(2.0)
    return {"nll": (mean, error), "bits_per_dim": (mean / bits, error / bits)}


def mean_and_error(nats):
    """Returns the mean of [N] and its standard error, N at least 2."""
    return float(np.mean(nats)), float(np.std(nats, ddof=1) / math.sqrt(len(nats)))


def independent(train, test, levels):
    """-log p(x) in nats of held-out pictures under a histogram of each pixel's own levels.

    Every level is counted once more than it was seen, so that none is impossible.

    Args:
        train, test: float32 [N, H, W, C] and [M, H, W, C] in [0, 1].
        levels: how many gray levels a channel has.

    Returns:
        float64 [M].
    """
    train, test = (
        np.rint(images.reshape(len(images), -1) * (levels - 1)).astype(np.int64)
        for images in (train, test)
    )
    nats = np.zeros(len(test))
    for pixel in range(train.shape[1]):
        counts = np.bincount(train[:, pixel], minlength=levels) + 1.0
        nats -= np.log(counts / counts.sum())[test[:, pixel]]
    return nats
