"""The pairs of two sets of features, in blocks, so that memory does not grow with their number."""

import numpy as np

from zoo.config import UserError
from zoo.parts import slices

BLOCK = 2**20  # pairs at a time, 8 MB of float64 for each array that is made of them


def checked(features, reference, least, dtype=np.float64):
    """Returns both as [N, d] and [M, d] of a dtype.

    Args:
        features, reference: [N, d] and [M, d].
        least: how many examples each must have.
        dtype: of what is returned.

    Raises:
        UserError: another shape, too few examples, different widths, or NaN or infinity.
    """
    arrays = []
    for values, what in ((features, "features"), (reference, "reference")):
        values = np.asarray(values, dtype)
        if values.ndim != 2 or len(values) < least or not values.shape[1]:
            raise UserError(
                f"this figure needs {what} [N, d] of at least {least} examples, not "
                f"{list(values.shape)}."
            )
        if not np.isfinite(values).all():
            raise UserError(f"the {what} contain NaN or infinity.")
        arrays.append(values)
    one, other = arrays
    if one.shape[1] != other.shape[1]:
        raise UserError(
            f"features of width {one.shape[1]} cannot be compared to those of width "
            f"{other.shape[1]}: take both from one network."
        )
    return one, other


def blocks(rows, columns):
    """Slices of 0 to `rows`, each of about `BLOCK` pairs with all of `columns`."""
    return slices(rows, BLOCK // columns)


def squared(x, y):
    """The squared distances [N, M] of x [N, d] and y [M, d], exact but for rounding."""
    norms = np.sum(x * x, axis=1)[:, None] + np.sum(y * y, axis=1)
    return np.maximum(norms - 2.0 * (x @ y.T), 0.0)
