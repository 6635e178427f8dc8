"""The Fréchet distance between two sets of features (Heusel et al. 2017, arXiv:1706.08500).

Each set is summed up by the mean m and the covariance C of its features, and the squared distance
of the two Gaussians (Dowson and Landau 1982, eq. 4; Heusel et al., eq. 6) is

    |m1 - m2|² + tr(C1 + C2 - 2 (C1^(1/2) C2 C1^(1/2))^(1/2))

With C = RᵀR, the last trace is the sum of the singular values of R1 R2ᵀ, and R is the triangular
factor of the centered features.  So no covariance is formed and no root of a matrix is taken: a
singular covariance (fewer examples than features, or a feature that never changes) is no special
case, and nothing is lost to squaring.

The estimate is biased upwards on few examples: compare figures at one count only.
"""

import numpy as np

from zoo.config import UserError


def frechet_distance(features, reference):
    """Returns the squared Fréchet distance, a float of at least 0.

    Args:
        features: [N, d], N at least 2.
        reference: [M, d], M at least 2.

    Raises:
        UserError: fewer than 2 examples, different widths, or a value that is not finite.
    """
    return _distance(_gaussian(features, "features"), _gaussian(reference, "reference"))


def relative(features, reference):
    """Returns the distance over the trace of the reference's covariance: a float of at least 0.

    It has no unit, so data sets can be compared: 0 is the reference itself, and 1 is as far off as
    repeating the reference's mean.

    Args and errors are those of `frechet_distance`; besides:

    Raises:
        UserError: the reference's examples are all alike.
    """
    fitted, target = _gaussian(features, "features"), _gaussian(reference, "reference")
    spread = np.sum(target[1] ** 2)
    if spread == 0:
        raise UserError("the reference's features are all alike, which leaves no scale to use.")
    return float(_distance(fitted, target) / spread)


def _gaussian(values, what):
    """(mean [d], R [min(N, d), d] with RᵀR the covariance over N - 1), in float64."""
    values = np.asarray(values, np.float64)
    if values.ndim != 2 or len(values) < 2 or not values.shape[1]:
        raise UserError(
            f"a Fréchet distance needs {what} [N, d] of at least 2 examples, not "
            f"{list(values.shape)}."
        )
    if not np.isfinite(values).all():
        raise UserError(f"the {what} hold values that are not finite.")
    mean = values.mean(axis=0)
    return mean, np.linalg.qr((values - mean) / np.sqrt(len(values) - 1), mode="r")


def _distance(one, other):
    (mean, root), (other_mean, other_root) = one, other
    if len(mean) != len(other_mean):
        raise UserError(
            f"features of width {len(mean)} cannot be compared to those of width "
            f"{len(other_mean)}: take both from one network."
        )
    overlap = np.linalg.svd(root @ other_root.T, compute_uv=False).sum()
    squared = np.sum((mean - other_mean) ** 2)
    spreads = np.sum(root**2) + np.sum(other_root**2)
    return max(0.0, float(squared + spreads - 2.0 * overlap))  # rounding may fall below 0
