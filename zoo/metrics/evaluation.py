"""Which figures a model gets, by what it draws.

gaussians8, gaussians25  modes covered, share of good points, evenness of the cover (`modes`)
swiss_roll               share of points within 3 standard deviations of the roll (`modes`)
pictures with labels     Fréchet distance in the features of a classifier of the same data's
                         training part, over the trace of the test features' covariance (`frechet`);
                         given a class, also the share that the classifier takes for that class
names                    the share of held-out pictures that are named right

Beside each stands the data's own figure: of held-out points, of the training part against the test
part, of the classifier on held-out pictures.
"""

import numpy as np

from zoo.config import UserError
from zoo.data import names
from zoo.data.sources import toy2d
from zoo.metrics import frechet, modes
from zoo.metrics.classifier import Classifier

ROLL = 2000  # corners of the polyline that stands for the Swiss roll


def judge(data, held_out):
    """Returns the judge of what is drawn: has `of(x, given)` and `real`, each name -> figure.

    Args:
        data: the `Dataset` that the model was trained on.
        held_out: the split that it was not trained on.

    Raises:
        UserError: there is no figure for this data.
    """
    if data.spec.modality == "text":
        return _Names(data, held_out)
    if data.spec.modality == "images":
        return _Pictures(data, held_out)
    if data.spec.name in toy2d.MODES or data.spec.name == "swiss_roll":
        return _Points(data, held_out)
    raise UserError(f"there is no figure for the points of {data.spec.name!r}.")


class _Points:
    def __init__(self, data, held_out):
        self._name = data.spec.name
        self.real = self.of(data.examples(held_out)[0], None)

    def of(self, x, given):
        if self._name in toy2d.MODES:
            covered, good, kl = modes.mode_coverage(x, *toy2d.MODES[self._name])
            return {"modes": covered, "good": good, "kl": kl}
        roll = toy2d.swiss_roll(np.linspace(0, 1, ROLL))
        return {"near": modes.near_curve(x, roll, 3 * toy2d.SWISS_ROLL_DEVIATION)}


class _Pictures:
    def __init__(self, data, held_out):
        self._spec = data.spec
        images, _, labels = data.examples("train")
        self._classifier = Classifier.fit(images, labels, data.spec.classes)
        test, _, test_labels = data.examples(held_out)
        self._reference = self._classifier.features(test)
        self.real = {
            "frechet": frechet.relative(self._classifier.features(images), self._reference),
            "accuracy": float((self._classifier.predict(test) == test_labels).mean()),
        }
        if data.spec.condition == "none":
            del self.real["accuracy"]

    def of(self, x, given):
        found = {"frechet": frechet.relative(self._classifier.features(x), self._reference)}
        if given is not None:
            wanted = given
            if self._spec.condition == "name":
                words = names.decode(given.reshape(-1, *self._spec.condition_shape),
                                     self._spec.names)  # fmt: skip
                wanted = np.array([self._spec.names.index(word) for word in words])
            found["accuracy"] = float((self._classifier.predict(x) == wanted).mean())
        return found


class _Names:
    def __init__(self, data, held_out):
        self._words = data.spec.names
        _, y, labels = data.examples(held_out)
        self.given = labels if data.spec.condition == "label" else y
        self._right = [self._words[label] for label in labels]
        images = data.spec.condition == "image"
        self.real = {}
        if images:
            shape = data.spec.condition_shape
            _, seen, known = data.examples("train")
            classifier = Classifier.fit(seen.reshape(-1, *shape), known, data.spec.classes)
            found = classifier.predict(y.reshape(-1, *shape))
            self.real["right"] = float((found == labels).mean())

    def of(self, x, given):
        read = names.decode(x, self._words)
        right = [self._right[i % len(self._right)] == word for i, word in enumerate(read)]
        return {"right": float(np.mean(right))}
