"""Which figures a model gets, by what it draws.

gaussians8, gaussians25  modes covered, share of good points, evenness of the cover (`modes`)
swiss_roll               share of points within 3 standard deviations of the roll (`modes`)
pictures with labels     in the features of a classifier: Fréchet distance over the trace of the
                         real features' covariance (`frechet`), kernel distance (`kernel`),
                         precision, recall, density and coverage (`prdc`), classifier score
                         (`score`); given a class, also the share that the classifier takes for it
names                    the share of held-out pictures that are named right

Pictures of MNIST and of the digits are judged by the frozen classifiers (`evaluator`), against the
test pictures; others by one that is trained here on the data's training part (`classifier`).

Beside each stands the data's own figure: of held-out points, of other real pictures against those
that the drawn ones are compared to, of the classifier on held-out pictures.  Modes, their evenness
and the figures of pictures depend on the number of examples, so the model's and the data's own are
taken of as many.  Other shares do not, and are of all.
"""

import numpy as np

from zoo.data import names as spelling
from zoo.data.sources import toy2d
from zoo.metrics import evaluator, figures, modes, pictures
from zoo.metrics.classifier import Classifier

ROLL = 2000  # corners of the polyline that stands for the Swiss roll
FROZEN_SPLIT = "test"  # what the frozen classifiers compare to


def judge(data, held_out, num, names=None):
    """Returns the judge of `num` examples.

    It has `of(x, given)`, name -> figure; `real`, name -> the data's own; `whole`, the same of as
    many examples as there are, of figures that few bias; `counts`, name -> of how many examples
    each is: `drawn` by the model, `real` for the data's own, and `held_out` that both are compared
    to; `held_out`, the split that these are of; and `evaluator`, the facts of the classifier that
    it sees with, as JSON has them, or None.

    Args:
        data: the `Dataset` that the model was trained on.
        held_out: the split that it was not trained on.  Of pictures that a frozen classifier
            judges it is `FROZEN_SPLIT`, whatever the run held out.
        num: how many examples `of` is going to be given.
        names: which figures to take, see `figures`; by default all.  No other is computed.

    Raises:
        UserError: there is no figure for this data, or not one that was asked for.
    """
    spec = data.spec
    if is_frozen(spec):
        held_out = FROZEN_SPLIT
    count = min(num, len(data.splits[held_out][0]))
    names = figures.chosen(spec, count, pixelwise=False, names=names)
    of = {"text": _Names, "images": _Pictures, "points": _Points}[spec.modality]
    return of(data, held_out, num, names)


def is_frozen(spec):
    """Returns whether a frozen classifier judges what is drawn."""
    return evaluator.named(spec.name, spec.shape) is not None


class _Points:
    whole, evaluator = {}, None

    def __init__(self, data, held_out, num, names):
        self.held_out, self._name, self._names = held_out, data.spec.name, names
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
        self.held_out, self._spec = held_out, data.spec
        self._accuracy = "accuracy" in names
        self._classifier, self.evaluator = _classifier(data, data.spec.shape)
        if _shipped(data.spec):
            self.evaluator["reference"] = self._classifier.sha256["reference"]
        real, labels, floor = _real(data, held_out, self._classifier)
        of_features = [name for name in names if name in figures.PICTURES]
        self._judge = pictures.Judge(self._classifier, real, floor, num, of_features)
        self.real, self.counts = dict(self._judge.real), dict(self._judge.counts)
        self.whole = self._judge.whole
        if self._accuracy:
            found = self._classifier.probabilities(real).argmax(axis=1)
            self.real["accuracy"] = float((found == labels).mean())
            self.counts["accuracy"] = {"drawn": num, "real": len(labels)}

    def of(self, x, given):
        found = self._judge.of(x)
        if self._accuracy:
            wanted = given
            if self._spec.condition == "name":
                words = spelling.decode(given.reshape(-1, *self._spec.condition_shape),
                                        self._spec.names)  # fmt: skip
                wanted = np.array([self._spec.names.index(word) for word in words])
            found["accuracy"] = float((self._classifier.predict(x) == wanted).mean())
        return found


def _classifier(data, shape):
    """Returns what tells pictures of this shape apart, and its facts as JSON has them."""
    spec, name = data.spec, evaluator.named(data.spec.name, shape)
    if name:
        frozen = evaluator.load(name)
        return frozen, {
            "frozen": True,
            "trained_on": name,
            "classifier": frozen.sha256["classifier"],
        }
    x, y, labels = data.examples("train")
    images = (x if spec.modality == "images" else y).reshape(-1, *shape)
    trained = Classifier.fit(images, labels, spec.classes)
    return trained, {"frozen": False, "trained_on": spec.name, "classifier": trained.sha256()}


def _shipped(spec):
    """Whether the real pictures are those whose features come with the frozen classifier."""
    return is_frozen(spec) and spec.binarize == "none" and not spec.dequantized


def _real(data, held_out, classifier):
    """Returns (features, labels) of the held-out pictures, and the features of others."""
    if _shipped(data.spec):
        return *classifier.real, classifier.floor.features
    test, _, labels = data.examples(held_out)
    if is_frozen(data.spec):
        # The classifier has not seen the last training pictures, which a run may hold out.
        parts = ["train", "validation"] if data.options.holdout else ["train"]
        others = np.concatenate([data.examples(part)[0] for part in parts])[-len(test) :]
    else:
        others = data.examples("train")[0]
        others = others[pictures.some(len(others), len(test))]
    return classifier.features(test), labels, classifier.features(others)


class _Names:
    whole, evaluator = {}, None

    def __init__(self, data, held_out, num, _):
        spec = data.spec
        self.held_out, self._words = held_out, spec.names
        _, y, labels = data.examples(held_out)
        self.given = labels if spec.condition == "label" else y
        self._right = [self._words[label] for label in labels]
        self.real, self.counts = {}, {"right": {"drawn": num}}
        if spec.condition == "image":
            classifier, self.evaluator = _classifier(data, spec.condition_shape)
            found = classifier.predict(y.reshape(-1, *spec.condition_shape))
            self.real["right"] = float((found == labels).mean())
            self.counts["right"]["real"] = len(labels)

    def of(self, x, given):
        read = spelling.decode(x, self._words)
        right = [self._right[i % len(self._right)] == word for i, word in enumerate(read)]
        return {"right": float(np.mean(right))}
