"""Precision, recall, density and coverage of a set of features, by nearest neighbors.

Around each example of a set lies a ball that reaches to its k-th nearest other example.

precision  share of drawn examples inside the ball of any real one: are they good?
recall     share of real examples inside the ball of any drawn one: are all kinds drawn?
           (both: Kynkäänniemi et al. 2019, arXiv:1904.06991, with k = 3 and 50,000 of each)
density    mean number of real balls that a drawn example is inside, over k: precision that one
           outlier with a large ball cannot raise.  It may exceed 1.
coverage   share of real balls that have a drawn example inside: recall by the real examples' balls,
           which bad drawn examples cannot enlarge
           (both: Naeem et al. 2020, arXiv:2002.09797, with k = 5 and 10,000 of each)

An example on the edge of a ball is inside, as in equation 1 of Kynkäänniemi et al.  For two sets of
one distribution the expected density is 1, and the expected coverage is about 1 - 1/2ᵏ, 0.969 for
k = 5, if both have as many examples; with more drawn ones it rises.  So take equal counts.
"""

import numpy as np

from zoo.metrics import pairs

K = 5


def prdc(features, reference, k=K):
    """Returns {"precision", "recall", "density", "coverage"}, floats of at least 0.

    Args:
        features: of drawn examples, [N, d], N above k.
        reference: of real examples, [M, d], M above k.
        k: which nearest neighbor a ball reaches to, at least 1.

    Raises:
        UserError: too few examples, different widths, or NaN or infinity.
    """
    drawn, real = pairs.checked(features, reference, least=k + 1)
    center = real.mean(axis=0)  # near 0 the least is lost to rounding
    drawn, real = drawn - center, real - center
    # A k-th neighbor is on the edge of its ball: rounding must not put it outside.
    slack = 1e-12 * max(np.sum(x * x, axis=1).max() for x in (drawn, real))
    drawn_balls, real_balls = (_balls(x, k) + slack for x in (drawn, real))
    inside, recalled, covered = np.zeros(len(drawn), np.int64), 0, 0
    for i in pairs.blocks(len(real), len(drawn)):
        squared = pairs.squared(real[i], drawn)
        near = squared <= real_balls[i, None]
        inside += near.sum(axis=0)
        covered += np.count_nonzero(near.any(axis=1))
        recalled += np.count_nonzero((squared <= drawn_balls).any(axis=1))
    return {
        "precision": float(np.mean(inside > 0)),
        "recall": float(recalled / len(real)),
        "density": float(inside.mean() / k),
        "coverage": float(covered / len(real)),
    }


def _balls(x, k):
    """The squared distance of each example to its k-th nearest other one."""
    found = np.empty(len(x))
    for i in pairs.blocks(len(x), len(x)):
        squared = pairs.squared(x[i], x)
        squared[np.arange(i.stop - i.start), np.arange(i.start, i.stop)] = np.inf
        found[i] = np.partition(squared, k - 1, axis=1)[:, k - 1]
    return found
