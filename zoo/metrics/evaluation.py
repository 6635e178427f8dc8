"""Which figures a model gets, by what it draws.

gaussians8, gaussians25  modes covered, share of good points, evenness of the cover (`modes`)
swiss_roll               share of points within 3 standard deviations of the roll (`modes`)
pictures with labels     Fréchet distance in the features of a classifier of the same data's
                         training part, over the trace of the test features' covariance (`frechet`);
                         given a class, also the share that the classifier takes for that class
names                    the share of held-out pictures that are named right

Beside each stands the data's own figure: of held-out points, of training pictures against held-out
ones, of the classifier on held-out pictures.  Modes, their evenness and the Fréchet distance depend
on the number of examples, so the model's and the data's own are taken of as many: of all that were
drawn, or, where the data has fewer, of as many as it has.  Shares do not, and are of all.
"""

import numpy as np

from zoo.config import UserError
from zoo.data import names
from zoo.data.sources import toy2d
from zoo.metrics import frechet, modes
from zoo.metrics.classifier import Classifier

ROLL = 2000  # corners of the polyline that stands for the Swiss roll


def judge(data, held_out, num):
    """Returns the judge of `num` examples.

    It has `of(x, given)`, name -> figure; `real`, name -> the data's own; and `counts`, name -> of
    how many examples each is: `drawn` by the model, `real` for the data's own, and `held_out` that
    both are compared to.

    Args:
        data: the `Dataset` that the model was trained on.
        held_out: the split that it was not trained on.
        num: how many examples `of` is going to be given.

    Raises:
        UserError: there is no figure for this data.
    """
    if data.spec.modality == "text":
        return _Names(data, held_out, num)
    if data.spec.modality == "images":
        return _Pictures(data, held_out, num)
    if data.spec.name in toy2d.MODES or data.spec.name == "swiss_roll":
        return _Points(data, held_out, num)
    raise UserError(f"there is no figure for the points of {data.spec.name!r}.")


class _Points:
    def __init__(self, data, held_out, num):
        self._name = data.spec.name
        real = data.examples(held_out, num)[0]
        self._count = len(real)
        self.real = self.of(real, None)
        self.counts = {name: {"drawn": self._count, "real": self._count} for name in self.real}

    def of(self, x, given):
        x = x[: self._count]
        if self._name in toy2d.MODES:
            covered, good, kl = modes.mode_coverage(x, *toy2d.MODES[self._name])
            return {"modes": covered, "good": good, "kl": kl}
        roll = toy2d.swiss_roll(np.linspace(0, 1, ROLL))
        return {"near": modes.near_curve(x, roll, 3 * toy2d.SWISS_ROLL_DEVIATION)}


class _Pictures:
    def __init__(self, data, held_out, num):
        self._spec = data.spec
        images, _, labels = data.examples("train")
        self._classifier = Classifier.fit(images, labels, data.spec.classes)
        test, _, test_labels = data.examples(held_out)
        self._reference = self._classifier.features(test)
        # At random, since a data set may lie in the order of its classes.
        rows = np.random.RandomState(0).permutation(len(images))[:num]
        self._count = len(rows)
        self.real = {"frechet": self._frechet(images[rows])}
        self.counts = {
            "frechet": {"drawn": self._count, "real": self._count, "held_out": len(test)}
        }
        if data.spec.condition != "none":
            self.real["accuracy"] = float((self._classifier.predict(test) == test_labels).mean())
            self.counts["accuracy"] = {"drawn": num, "real": len(test)}

    def _frechet(self, images):
        features = self._classifier.features(images[: self._count])
        return frechet.relative(features, self._reference)

    def of(self, x, given):
        found = {"frechet": self._frechet(x)}
        if given is not None:
            wanted = given
            if self._spec.condition == "name":
                words = names.decode(given.reshape(-1, *self._spec.condition_shape),
                                     self._spec.names)  # fmt: skip
                wanted = np.array([self._spec.names.index(word) for word in words])
            found["accuracy"] = float((self._classifier.predict(x) == wanted).mean())
        return found


class _Names:
    def __init__(self, data, held_out, num):
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
        read = names.decode(x, self._words)
        right = [self._right[i % len(self._right)] == word for i, word in enumerate(read)]
        return {"right": float(np.mean(right))}
