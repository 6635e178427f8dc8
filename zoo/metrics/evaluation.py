"""Which figures a model gets, by what it draws.

gaussians8, gaussians25  modes covered, share of good points, evenness of the cover (`modes`)
stacked                  modes covered, divergence of their shares from the training pictures', by
                         the frozen classifier of MNIST, color by color (`stacked`)
swiss_roll               share of points within 3 standard deviations of the roll (`modes`)
pictures with labels     in the features of a classifier: Fréchet distance over the trace of the
                         real features' covariance (`frechet`), kernel distance (`kernel`),
                         precision, recall, density and coverage (`prdc`), classifier score
                         (`score`); given a class, also the share that the classifier takes for it
                         (`accuracy`), and what varies within it (`per_class`)
pictures                 asked for by name, the Parzen window (`parzen`)
names                    the share of held-out pictures that are named right
lines of text            the divergence of their n-grams from held-out lines, and the share of them
                         that are training lines (`ngram`)

Pictures of MNIST and of the digits are judged by the frozen classifiers (`evaluator`), against the
test pictures; others by one that is trained here on the data's training part (`classifier`).

Beside each stands the data's own figure: of held-out points, of other real pictures against those
that the drawn ones are compared to, of the classifier on held-out pictures.  Modes, their evenness
and the figures of pictures depend on the number of examples, so the model's and the data's own are
taken of as many.  Other shares do not, and are of all.
"""

import numpy as np

from zoo.config import UserError
from zoo.data import names as spelling
from zoo.data import text
from zoo.data.sources import toy2d
from zoo.metrics import evaluator, figures, modes, ngram, parzen, per_class, pictures, stacked
from zoo.metrics.classifier import Classifier

ROLL = 2000  # corners of the polyline that stands for the Swiss roll
FROZEN_SPLIT = "test"  # what the frozen classifiers compare to


def judge(data, held_out, num, names=None, progress=None):
    """Returns the judge of `num` examples.

    It has `of(x, given, progress)`, name -> figure: a float, or a dict of it, `value`, and of what
    belongs to it; of pictures, `progress` is called with (figures done, figures in all).  It has
    `real`, name -> the data's own; `whole`, the same of as many examples as there are, of figures
    that few bias; `counts`, name -> of how many examples each is: `drawn` by the model, `real` for
    the data's own, and `held_out` that both are compared to; `held_out`, the split that these are
    of; and `evaluator`, the facts of the classifier that it sees with, as JSON has them,
    or None.

    Args:
        data: the `Dataset` that the model was trained on.
        held_out: the split that it was not trained on.  Of pictures that a frozen classifier
            judges it is `FROZEN_SPLIT`, whatever the run held out.
        num: how many examples `of` is going to be given.
        names: which figures to take, see `figures`; by default all.  No other is computed.
        progress: as of `of`, of the data's own pictures, which are judged first.

    Raises:
        UserError: there is no figure for this data, or not one that was asked for.
    """
    spec = data.spec
    if is_frozen(spec):
        held_out = FROZEN_SPLIT
    count = min(num, len(data.splits[held_out][0]))
    chosen = figures.chosen(spec, count, pixelwise=False, names=names)
    if figures.is_stacked(spec):
        return stacked.Judge(data, held_out, num, chosen)
    if spec.modality == "images":
        return _Pictures(data, held_out, num, chosen, names is not None, progress)
    lines = spec.modality == "text" and spec.condition == "none"
    kinds = {"text": _Lines if lines else _Names, "points": _Points}
    return kinds[spec.modality](data, held_out, num, chosen)


def is_frozen(spec):
    """Returns whether a frozen classifier judges what is drawn."""
    return evaluator.named(spec.name, spec.shape) is not None


class _Points:
    whole, evaluator = {}, None

    def __init__(self, data, held_out, num, names):
        self.held_out, self._name, self._names = held_out, data.spec.name, names
        real = data.examples(held_out, num)[0]
        self._count = len(real)
        self.real = self.of(real)
        self.counts = {name: {"drawn": self._count, "real": self._count} for name in self.real}

    def of(self, x, given=None, progress=None):
        x = x[: self._count]
        if self._name in toy2d.MODES:
            covered, good, kl = modes.mode_coverage(x, *toy2d.MODES[self._name])
            found = {"modes": covered, "good": good, "kl": kl}
            return {name: found[name] for name in self._names}
        roll = toy2d.swiss_roll(np.linspace(0, 1, ROLL))
        return {"near": modes.near_curve(x, roll, 3 * toy2d.SWISS_ROLL_DEVIATION)}


class _Pictures:
    whole, evaluator = {}, None

    def __init__(self, data, held_out, num, names, asked, progress):
        self.held_out, self._spec, self._names = held_out, data.spec, names
        if data.spec.condition == "quadrants":
            # All of them are completed, not the first again and again.
            self.given = data.examples(held_out)[1]
        self.real, self.counts = {}, {}
        self._judge = self._within = self._window = None
        if "parzen" in names:
            train = np.concatenate([data.examples(part)[0] for part in _training(data, held_out)])
            self._window = parzen.Judge(train, data.examples(held_out)[0], num)
            self.real["parzen"] = self._window.real["value"]
            self.counts["parzen"] = self._window.counts
        if any(name not in figures.BY_NAME for name in names):
            self._look(data, held_out, num, names, asked, progress)

    def _look(self, data, held_out, num, names, asked, progress):
        """Prepares the figures that see through a classifier."""
        self._classifier, self.evaluator = classifier_of(data, data.spec.shape)
        if _shipped(data.spec):
            self.evaluator["reference"] = self._classifier.sha256["reference"]
        real, floor = _real(data, held_out, self._classifier)
        of_features = [name for name in names if name in figures.PICTURES]
        self._judge = pictures.Judge(
            self._classifier, real[0], floor[0], num, of_features, progress
        )
        self.real |= self._judge.real
        self.counts |= self._judge.counts
        self.whole = self._judge.whole
        if "accuracy" in names:
            found = self._classifier.probabilities(real[0]).argmax(axis=1)
            self.real["accuracy"] = float((found == real[1]).mean())
            self.counts["accuracy"] = {"drawn": num, "real": len(real[1])}
        within = [name for name in names if name in figures.WITHIN]
        if within:
            self._look_within(real, floor, num, within, asked)

    def _look_within(self, real, floor, num, names, asked):
        """Prepares the figures within each class; those that it has too few pictures for are left
        out, or refused where they were asked for."""
        classes = self._spec.names
        of_class = num // len(classes)
        fewest = min(of_class, *(per_class.rarest(y, len(classes)) for _, y in (real, floor)))
        few = [name for name in names if fewest < figures.WITHIN[name]]
        if few and asked:
            raise UserError(
                f"{few[0]!r} needs {figures.WITHIN[few[0]]} pictures of each class on each side, "
                f"and the rarest has {fewest}: leave it out."
            )
        self._names = [name for name in self._names if name not in few]
        names = [name for name in names if name not in few]
        if names:
            self._within = per_class.Judge(real, floor, of_class, classes, names)
            self.real |= {name: _value(found) for name, found in self._within.real.items()}
            sides = dict.fromkeys(("drawn", "real", "held_out"), self._within.count * len(classes))
            self.counts |= dict.fromkeys(names, sides)

    def of(self, x, given=None, progress=None):
        found = {}

        def done(count, _=None):
            if progress:
                progress(count, len(self._names))

        if self._judge:
            features = self._classifier.features(x)
            found |= self._judge.of_features(features[self._judge.rows(len(x))], done)
        if self._judge and self._spec.condition in figures.OF_CLASSES:
            wanted = self._wanted(given)
            if "accuracy" in self._names:
                taken = self._classifier.probabilities(features).argmax(axis=1)
                found["accuracy"] = float((taken == wanted).mean())
            if self._within:
                found |= self._within.of(features, wanted)
        if self._window:
            found["parzen"] = self._window.of(x)
        done(len(self._names))
        return {name: found[name] for name in self._names}

    def _wanted(self, given):
        """The class that each example was asked to be of."""
        if self._spec.condition == "label":
            return given
        shape = (-1, *self._spec.condition_shape)
        words = spelling.decode(given.reshape(shape), self._spec.names)
        return np.array([self._spec.names.index(word) for word in words])


def _value(found):
    return found["value"] if isinstance(found, dict) else found


def _training(data, held_out):
    """The parts that are neither held out nor test pictures."""
    return [part for part in ("train", "validation") if part in data.splits and part != held_out]


def classifier_of(data, shape):
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
    """Returns (features, labels) of the held-out pictures, and of others."""
    if _shipped(data.spec):
        return classifier.real, classifier.floor
    test, _, labels = data.examples(held_out)
    if is_frozen(data.spec):
        # The classifier has not seen the last training pictures, which a run may hold out.
        parts = ["train", "validation"] if data.options.holdout else ["train"]
        kept = slice(-len(test), None)
    else:
        parts = ["train"]
        kept = pictures.some(len(data.splits["train"][0]), len(test))
    others = [data.examples(part) for part in parts]
    images, other_labels = (np.concatenate([part[i] for part in others])[kept] for i in (0, 2))
    return (classifier.features(test), labels), (classifier.features(images), other_labels)


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
            classifier, self.evaluator = classifier_of(data, spec.condition_shape)
            found = classifier.predict(y.reshape(-1, *spec.condition_shape))
            self.real["right"] = float((found == labels).mean())
            self.counts["right"]["real"] = len(labels)

    def of(self, x, given, progress=None):
        read = spelling.decode(x, self._words)
        right = [self._right[i % len(self._right)] == word for i, word in enumerate(read)]
        return {"right": float(np.mean(right))}


class _Lines:
    whole, evaluator = {}, None

    def __init__(self, data, held_out, num, names):
        self.held_out, self._symbols = held_out, data.spec.alphabet
        self._judge = ngram.Judge(data.lines("train"), data.lines(held_out), num, names)
        self.real, self.counts = self._judge.real, self._judge.counts

    def of(self, x, given=None, progress=None):
        return self._judge.of(text.decode(x, self._symbols))
