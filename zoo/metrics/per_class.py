"""Figures within each class, of a model that is given a class.

A Fréchet distance over all pictures sees little of a model that draws the same few pictures of each
class: most of the features' variance is between the classes.

`distances`  the relative Fréchet distance within each class, where there are pictures enough: at
             least `LEAST` times as many as features.  The worst class shows what a mean hides.
`spread`     the trace of the features' covariance within a class over that of real pictures: 1 if
             a class varies as much as it should, 0 if it is one picture.  It is unbiased on few
             pictures, and says nothing of how good they are.

A Fréchet distance is biased upwards on few examples, so a `Judge` takes as many pictures of each
class, on each side.
"""

import numpy as np

from zoo.config import UserError
from zoo.metrics import frechet

LEAST = 2  # pictures for each feature, in each class and on each side


class Judge:
    """Judges sets of pictures within the classes that were asked for.

    Args:
        real: features [M, d] of the pictures that are compared to, and their labels [M].
        floor: the same of other real pictures.
        num: how many pictures of each class are going to be drawn, or more.
        classes: their names.
        names: which of ``"spread"`` and ``"frechet_per_class"`` to take.

    Attributes:
        count: how many pictures of each class are compared on each side: as many as the class has
            that has fewest.
        real: name -> what `of` would return of the floor.
    """

    def __init__(self, real, floor, num, classes, names):
        self._classes, self._names = classes, names
        self.count = min(num, *(rarest(labels, len(classes)) for _, labels in (real, floor)))
        self._real = self._some(*real)
        self.real = self.of(*floor)

    def of(self, features, labels):
        """Returns name -> figure: a float, or a dict of the mean over the classes, `value`, and
        `by_class`, name of a class -> float.

        Args:
            features: [N, d], of drawn pictures.
            labels: the classes that were asked for, integers [N].

        Raises:
            UserError: there are too few pictures of a class.
        """
        sides, found = (*self._some(features, labels), *self._real), {}
        if "spread" in self._names:
            found["spread"] = spread(*sides)
        if "frechet_per_class" in self._names:
            each = distances(*sides)
            found["frechet_per_class"] = {
                "value": float(np.mean(list(each.values()))),
                "by_class": {self._classes[label]: value for label, value in each.items()},
            }
        return found

    def _some(self, features, labels):
        rows = first(labels, self.count)
        return features[rows], np.asarray(labels)[rows]


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
