"""The figures of pictures, in the features of a classifier, at one count on all sides.

Most of them depend on how many pictures there are, so the drawn ones, the real ones that they are
compared to, and the other real ones that are the floor, are as many: as the set that has fewest.
"""

import numpy as np

from zoo.metrics import figures, frechet, kernel, prdc, score


class Judge:
    """Judges sets of pictures.

    Args:
        classifier: what has `features(images)` and `probabilities(features)`.
        real: features [M, d] of the pictures that are compared to.
        floor: features [L, d] of other real pictures.
        num: how many drawn pictures there are going to be.
        names: which of `figures.PICTURES` to take.  No other is computed.

    Attributes:
        count: how many pictures are compared on each side.
        counts: the same by name, as JSON has it.
        real: name -> figure of the floor, the data's own.
        whole: the same of as many as there are, of what few pictures bias: `frechet`.
    """

    def __init__(self, classifier, real, floor, num, names):
        most = min(len(real), len(floor))
        self.count = min(num, most)
        each = dict.fromkeys(("drawn", "real", "held_out"), self.count)
        self.counts = dict.fromkeys(names, each)
        self._classifier, self._names = classifier, names
        self._real = real[some(len(real), self.count)]
        self.real = self.of_features(floor[some(len(floor), self.count)])
        self.whole = {}
        if "frechet" in names:
            sides = (x[some(len(x), most)] for x in (floor, real))
            self.whole["frechet"] = frechet.relative(*sides)

    def of(self, images):
        """Pictures float32 [N, H, W, C] in [0, 1], N at least `count` -> name -> figure.

        Of more than `count` it takes some, always the same.
        """
        images = images[self.rows(len(images))]
        return self.of_features(self._classifier.features(images))

    def rows(self, count):
        """Returns which of `count` drawn pictures are taken."""
        return some(count, self.count)

    def of_features(self, features):
        """Features [`count`, d] of drawn pictures -> name -> figure."""
        found = {}
        if "frechet" in self._names:
            found["frechet"] = frechet.relative(features, self._real)
        if "kernel" in self._names:
            found["kernel"] = kernel.kernel_distance(features, self._real)
        if any(name in figures.NEIGHBORS for name in self._names):
            found |= prdc.prdc(features, self._real)
        if "score" in self._names:
            found["score"] = score.classifier_score(self._classifier.probabilities(features))
        return {name: found[name] for name in self._names}


def some(count, wanted):
    """Rows of a set of `count`: `wanted` of them at random, always the same, in their order; all
    where there are no more.  A set may lie in the order of its classes."""
    return np.sort(np.random.RandomState(0).permutation(count)[:wanted])
