"""How well examples cover modes, points in the plane a mixture's, or keep to a curve."""

import math

import numpy as np

from zoo.config import UserError

CHUNK = 1024  # points whose distances to every segment are held at a time


def mode_coverage(points, centers, sd):
    """Counts the modes of a mixture of round Gaussians that points cover.

    A point is *good* if it lies within 3 `sd` of its nearest center, and a mode is *covered* if it
    is the nearest of at least one good point (Srivastava et al. 2017, arXiv:1705.07761, section
    4.1; Lin et al. 2017, arXiv:1712.04086, section 4.1).  Of the mixture's own points a share of
    1 - e^(-9/2) = 0.989 is good.

    Args:
        points: [N, 2].
        centers: [K, 2].
        sd: the standard deviation of every mode, above 0.

    Returns:
        (modes, good, kl): the number of covered modes, 0 to K; the share of good points, 0 to 1;
        and the divergence in nats of the good points' distribution over the modes from the even
        one, 0 to log K, which shows an uneven cover.  Without a good point it is log K, its worst.

    Raises:
        UserError: a wrong shape, no point or no center, a value that is not finite, or an `sd`
            that is not above 0.
    """
    points, centers = _plane(points, "points"), _plane(centers, "centers")
    _check_positive(sd, "sd")
    squared = np.sum((points[:, None] - centers) ** 2, axis=-1)
    good = squared.min(axis=1) <= (3.0 * sd) ** 2
    counts = np.bincount(squared.argmin(axis=1)[good], minlength=len(centers))
    if not counts.any():
        return 0, 0.0, math.log(len(centers))
    covered, kl = cover(counts, np.full(len(centers), 1 / len(centers)))
    return covered, float(good.mean()), kl


def cover(counts, shares):
    """Returns (modes, kl) of examples that belong to modes.

    Args:
        counts: of the examples of each mode [K], not all of them 0.
        shares: of each mode in what they should be like [K], of sum 1.

    Returns:
        How many modes have an example, and KL(counts' shares || `shares`) in nats.
    """
    covered = counts > 0
    share = counts[covered] / counts.sum()
    kl = float(np.sum(share * np.log(share / shares[covered])))
    return int(covered.sum()), max(0.0, kl)


def near_curve(points, curve, distance):
    """Returns the share of points that lie within `distance` of a polyline, 0 to 1.

    Args:
        points: [N, 2].
        curve: [K, 2], the corners in their order, K at least 2.
        distance: above 0.

    Raises:
        UserError: a wrong shape, no point, fewer than 2 corners, a value that is not finite, or a
            distance that is not above 0.
    """
    points, curve = _plane(points, "points"), _plane(curve, "curve", least=2)
    _check_positive(distance, "distance")
    start, along = curve[:-1], np.diff(curve, axis=0)
    # A segment of no length is its own start, whatever it is divided by.
    length = np.maximum(np.sum(along**2, axis=-1), np.finfo(float).tiny)
    near = 0
    for i in range(0, len(points), CHUNK):
        off = points[i : i + CHUNK, None] - start
        place = np.clip(np.sum(off * along, axis=-1) / length, 0.0, 1.0)
        squared = np.sum((off - place[..., None] * along) ** 2, axis=-1)
        near += np.count_nonzero(squared.min(axis=1) <= distance**2)
    return near / len(points)


def _plane(values, what, least=1):
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or values.shape[1] != 2 or len(values) < least:
        raise UserError(
            f"{what} must have the shape [N, 2] with N at least {least}, not {list(values.shape)}."
        )
    if not np.isfinite(values).all():
        raise UserError(f"{what} hold values that are not finite.")
    return values


def _check_positive(value, what):
    if not (math.isfinite(value) and value > 0):
        raise UserError(f"{what} must be above 0, and {value!r} is not.")
