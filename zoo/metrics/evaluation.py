"""Which figures a model gets, by what it draws.

gaussians8, gaussians25  modes covered, share of good points, evenness of the cover (`modes`)
swiss_roll               share of points within 3 standard deviations of the roll (`modes`)
pictures with labels     in the features of a classifier of the same data's training part: Fréchet
                         distance over the trace of the test features' covariance (`frechet`),
                         kernel distance (`kernel`), precision, recall, density and coverage
                         (`prdc`); given a class, also the share that the classifier takes for it
names                    the share of held-out pictures that are named right

Beside each stands the data's own figure: of held-out points, of training pictures against held-out
ones, of the classifier on held-out pictures.  Modes, their evenness and the Fréchet distance depend
on the number of examples, so the model's and the data's own are taken of as many: of all that were
drawn, or, where the data has fewer, of as many as it has.  Precision, recall, density and coverage
depend on the counts of both sides: drawn, real and held-out examples are as many.  Other shares do
not, and are of all.
"""

import numpy as np

from zoo.data import names as spelling
from zoo.data.sources import toy2d
from zoo.metrics import figures, frechet, kernel, modes, prdc
from zoo.metrics.classifier import Classifier

ROLL = 2000  # corners of the polyline that stands for the Swiss roll


def judge(data, held_out, num, names=None):
    """Returns the judge of `num` examples.

    It has `of(x, given)`, name -> figure; `real`, name -> the data's own; and `counts`, name -> of
    how many examples each is: `drawn` by the model, `real` for the data's own, and `held_out` that
    both are compared to.

    Args:
        data: the `Dataset` that the model was trained on.
        held_out: the split that it was not trained on.
        num: how many examples `of` is going to be given.
        names: which figures to take, see `figures`; by default all.  No other is computed.

    Raises:
        UserError: there is no figure for this data, or not one that was asked for.
    """
    count = min(num, len(data.splits[held_out][0]))
    names = figures.chosen(data.spec, count, pixelwise=False, names=names)
    of = {"text": _Names, "images": _Pictures, "points": _Points}[data.spec.modality]
    return of(data, held_out, num, names)


class _Points:
    def __init__(self, data, held_out, num, names):
        self._name, self._names = data.spec.name, names
        real = data.examples(held_out, num)[0]
        self._count = len(real)
        self.real = self.of(real, None)
        self.counts = {name: {"drawn": self._count, "real": self._count} for name in self.real}

    def of(self, x, given):
        x = x[: self._count]
        if self._name in toy2d.MODES:
            covered, good, kl = modes.mode_coverage(x, *toy2d.MODES[self._name])
            found = {"modes": covered, "good": good, "kl": kl}
            return {name: found[name] for name in self._names}
        roll = toy2d.swiss_roll(np.linspace(0, 1, ROLL))
        return {"near": modes.near_curve(x, roll, 3 * toy2d.SWISS_ROLL_DEVIATION)}


class _Pictures:
    def __init__(self, data, held_out, num, names):
        self._spec, self._names = data.spec, names
        images, _, labels = data.examples("train")
        self._classifier = Classifier.fit(images, labels, data.spec.classes)
        test, _, test_labels = data.examples(held_out)
        # At random, since a data set may lie in the order of its classes.
        rows = np.random.RandomState(0).permutation(len(images))[:num]
        some = np.random.RandomState(0).permutation(len(test))[:num]
        self._count, self._equal = len(rows), min(len(rows), len(some))
        self.real, self.counts = {}, {}
        if self._of_features:
            self._reference = self._classifier.features(test)
            self._neighbors = self._reference[some[: self._equal]]
            self.real = self._distances(images[rows])
        for name in self.real:
            near = name in figures.NEIGHBORS
            count, against = (self._equal,) * 2 if near else (self._count, len(test))
            self.counts[name] = {"drawn": count, "real": count, "held_out": against}
        if "accuracy" in names:
            self.real["accuracy"] = float((self._classifier.predict(test) == test_labels).mean())
            self.counts["accuracy"] = {"drawn": num, "real": len(test)}

    @property
    def _of_features(self):
        return [name for name in self._names if name in figures.PICTURES]

    def _distances(self, images):
        features, found = self._classifier.features(images[: self._count]), {}
        if "frechet" in self._names:
            found["frechet"] = frechet.relative(features, self._reference)
        if "kernel" in self._names:
            found["kernel"] = kernel.kernel_distance(features, self._reference)
        if any(name in figures.NEIGHBORS for name in self._names):
            found |= prdc.prdc(features[: self._equal], self._neighbors)
        return {name: found[name] for name in self._of_features}

    def of(self, x, given):
        found = self._distances(x) if self._of_features else {}
        if "accuracy" in self._names:
            wanted = given
            if self._spec.condition == "name":
                words = spelling.decode(given.reshape(-1, *self._spec.condition_shape),
                                        self._spec.names)  # fmt: skip
                wanted = np.array([self._spec.names.index(word) for word in words])
            found["accuracy"] = float((self._classifier.predict(x) == wanted).mean())
        return found


class _Names:
    def __init__(self, data, held_out, num, _):
        self._words = data.spec.names
        _, y, labels = data.examples(held_out)
        self.given = labels if data.spec.condition == "label" else y
        self._right = [self._words[label] for label in labels]
        images = data.spec.condition == "image"
        self.real, self.counts = {}, {"right": {"drawn": num}}
        if images:
            shape = data.spec.condition_shape
            _, seen, known = data.examples("train")
            classifier = Classifier.fit(seen.reshape(-1, *shape), known, data.spec.classes)
            found = classifier.predict(y.reshape(-1, *shape))
            self.real["right"] = float((found == labels).mean())
            self.counts["right"]["real"] = len(labels)

    def of(self, x, given):
        read = spelling.decode(x, self._words)
        right = [self._right[i % len(self._right)] == word for i, word in enumerate(read)]
        return {"right": float(np.mean(right))}
