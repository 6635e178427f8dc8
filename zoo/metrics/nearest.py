"""Nearest training pictures: does a model copy?

Drawn pictures are compared to the training pictures, and so are held-out pictures, which nothing
has copied.  Where samples are nearer to the training pictures than those are, they are too near
(the three samples of Meehan et al. 2020, arXiv:2004.05675).  In pixels a copy that is shifted a
little is far (arXiv:1511.01844), so that distances are also taken in a classifier's features.
"""

import numpy as np

from zoo.metrics import pairs
from zoo.parts import slices

LOW = 0.05  # the quantile that stands for the nearest
BLOCK = 2**24  # pairs at a time, 64 MB of float32


def nearest(x, reference):
    """Finds the nearest of `reference` to each of `x`.

    Args:
        x: [N, d].
        reference: [M, d].

    Returns:
        (its row int64 [N], its Euclidean distance float64 [N], which is 0 of the same numbers).

    Raises:
        UserError: different widths, none, or NaN or infinity.
    """
    x, reference = pairs.checked(x, reference, least=1, dtype=np.float32)
    half = 0.5 * np.sum(reference * reference, axis=1)
    rows = np.empty(len(x), np.int64)
    for i in slices(len(x), BLOCK // len(reference)):
        rows[i] = np.argmin(half - x[i] @ reference.T, axis=1)
    # By the difference: that of the products is rounding where two are nearly the same.
    return rows, np.linalg.norm(x.astype(np.float64) - reference[rows], axis=1)


def compared(drawn, held_out):
    """Compares distances [N] of drawn and [M] of held-out examples to their nearest training ones.

    Returns:
        A dict of `drawn` and `held_out`, of each `median`, `quantile_05` and `least`; of
        `median_ratio` and `quantile_05_ratio`, drawn over held-out, about 1 where nothing is copied
        and 0 where all is, None where the held-out ones are training ones; and of `share_nearer`,
        the share of drawn examples that are nearer than the 5 % quantile of held-out ones, about
        0.05 where nothing is copied.
    """
    of = {
        name: {
            "median": float(np.median(distances)),
            "quantile_05": float(np.quantile(distances, LOW)),
            "least": float(distances.min()),
        }
        for name, distances in (("drawn", drawn), ("held_out", held_out))
    }
    ratios = {
        f"{key}_ratio": of["drawn"][key] / of["held_out"][key] if of["held_out"][key] else None
        for key in ("median", "quantile_05")
    }
    nearer = float(np.mean(drawn < of["held_out"]["quantile_05"]))
    return of | ratios | {"share_nearer": nearer}
