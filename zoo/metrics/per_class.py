"""Figures within each class, of a model that is given a class.

A Fréchet distance over all pictures hardly sees a model that draws one picture for each class: most
of the features' variance is between the classes.  Within a class that model has none.

`distances`  the relative Fréchet distance within each class, where there are pictures enough: at
             least `LEAST` times as many as features.  The worst class shows what a mean hides.
`spread`     the trace of the features' covariance within a class over that of real pictures: 1 if
             a class varies as much as it should, 0 if it is one picture.  It is unbiased on few
             pictures, and says nothing of how good they are.

A Fréchet distance is biased upwards on few examples: compare classes at one count (`first`).
"""

import numpy as np

from zoo.config import UserError
from zoo.metrics import frechet

LEAST = 2  # pictures for each feature, in each class and on each side


def first(labels, count):
    """Returns the rows of the first `count` examples of each class, in their order.

    Args:
        labels: integers [N].
        count: at least 1; a class that has fewer gives all of them.
    """
    labels = np.asarray(labels)
    rows = [np.flatnonzero(labels == label)[:count] for label in np.unique(labels)]
    return np.sort(np.concatenate(rows))


def rarest(labels, classes):
    """Returns how many examples the rarest of all classes 0 to `classes` - 1 has."""
    return int(np.bincount(np.asarray(labels), minlength=classes).min())


def distances(features, labels, reference, reference_labels):
    """Returns class -> relative Fréchet distance within it, floats of at least 0.

    Args:
        features: of drawn pictures, [N, d].
        labels: the class that was asked for, integers [N].
        reference: features of real pictures, [M, d].
        reference_labels: their classes, integers [M].

    Raises:
        UserError: a class has fewer than `LEAST` * d pictures on a side; or see
            `frechet.relative`.
    """
    least = LEAST * np.shape(features)[-1]
    by_class = _by_class(features, labels, reference, reference_labels, least)
    return {label: frechet.relative(*both) for label, both in by_class.items()}


def spread(features, labels, reference, reference_labels):
    """Returns the variance within the classes over that of real pictures, a float of at least 0.

    Both are sums over the classes, each of which counts alike, whatever its number of pictures.

    Args are those of `distances`.

    Raises:
        UserError: a class has fewer than 2 pictures on a side, or all real pictures of each class
            are alike.
    """
    by_class = _by_class(features, labels, reference, reference_labels, least=2)
    drawn, real = (
        sum(np.var(both[side], axis=0, ddof=1).sum() for both in by_class.values())
        for side in (0, 1)
    )
    if real == 0:
        raise UserError("the real pictures of each class are all alike, which leaves no scale.")
    return float(drawn / real)


def _by_class(features, labels, reference, reference_labels, least):
    """Class -> (features, reference) of it, float64."""
    found = {}
    for label in np.union1d(labels, reference_labels).tolist():
        both = []
        for values, classes, side in (
            (features, labels, "drawn"),
            (reference, reference_labels, "real"),
        ):
            own = np.asarray(values, np.float64)[np.asarray(classes) == label]
            if len(own) < least:
                raise UserError(
                    f"there are {len(own)} {side} pictures of class {label}, and a figure within "
                    f"it needs {least}: take more, or leave the figure out."
                )
            both.append(own)
        found[label] = tuple(both)
    return found
