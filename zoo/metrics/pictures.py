"""The figures of pictures, in the features of a classifier, at one count on all sides.

Most of them depend on how many pictures there are, so the drawn ones, the real ones that they are
compared to, and the other real ones that are the floor, are as many: as the set that has fewest.
"""

import numpy as np

from zoo.metrics import frechet, kernel, prdc, score


class Judge:
    """Judges sets of pictures.

    Args:
        classifier: what has `features(images)` and `probabilities(features)`.
        real: features [M, d] of the pictures that are compared to.
        floor: features [L, d] of other real pictures.
        num: how many drawn pictures there are going to be.
        names: which of `figures.PICTURES` to take.  No other is computed.
        progress: see `of_features`, of the floor.

    Attributes:
        count: how many pictures are compared on each side.
        counts: the same by name, as JSON has it.
        real: name -> figure of the floor, the data's own.
        whole: the same of as many as there are, of what few pictures bias: `frechet`.
    """

    def __init__(self, classifier, real, floor, num, names, progress=None):
        most = min(len(real), len(floor))
        self.count = min(num, most)
        each = dict.fromkeys(("drawn", "real", "held_out"), self.count)
        self.counts = dict.fromkeys(names, each)
        self._classifier, self._names = classifier, names
        self._real = real[some(len(real), self.count)]
        self.real = self.of_features(floor[some(len(floor), self.count)], progress)
        self.whole = {}
        if "frechet" in names:
            sides = (x[some(len(x), most)] for x in (floor, real))
            self.whole["frechet"] = frechet.relative(*sides)

    def of(self, images, progress=None):
        """Pictures float32 [N, H, W, C] in [0, 1], N at least `count` -> name -> figure.

        Of more than `count` it takes some, always the same.  `progress`: see `of_features`.
        """
        images = images[self.rows(len(images))]
        return self.of_features(self._classifier.features(images), progress)

    def rows(self, count):
        """Returns which of `count` drawn pictures are taken."""
        return some(count, self.count)

    def of_features(self, features, progress=None):
        """Features [`count`, d] of drawn pictures -> name -> figure.

        `progress`, if any, is called with (figures done, figures in all).
        """
        found = {}
        for name in self._names:
            if name in found:
                continue
            found |= self._figures(name, features)
            if progress:
                progress(len(found), len(self._names))
        return {name: found[name] for name in self._names}

    def _figures(self, name, features):
        """name -> figure, of `name` and of those that are taken with it."""
        if name == "frechet":
            return {name: frechet.relative(features, self._real)}
        if name == "kernel":
            return {name: kernel.kernel_distance(features, self._real)}
        if name == "score":
            return {name: score.classifier_score(self._classifier.probabilities(features))}
        found = prdc.prdc(features, self._real)
        return {name: found[name] for name in self._names if name in found}


def some(count, wanted):
    """Rows of a set of `count`: `wanted` of them at random, always the same, in their order; all
    where there are no more.  A set may lie in the order of its classes."""
    return np.sort(np.random.RandomState(0).permutation(count)[:wanted])
