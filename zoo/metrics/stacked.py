"""Which of the 1,000 modes of stacked MNIST a model draws, by the frozen classifier of MNIST.

The classifier reads each color of a picture as a digit, and the three are the picture's number.
A mode is covered if at least one picture has its number.  `kl` is the divergence in nats of the
drawn pictures' numbers from those of the training pictures: KL(drawn || training), which
Srivastava et al. (2017, arXiv:1705.07761) and Lin et al. (2017, arXiv:1712.04086) call reverse.
Both depend on how many pictures there are: theirs are 26,000.
"""

import numpy as np

from zoo.metrics import evaluator, modes

DIGITS = 10
NUMBERS = DIGITS**3


class Judge:
    """Judges drawn pictures, see `evaluation.judge`."""

    def __init__(self, data, held_out, num, names):
        self.held_out, self.whole, self._names = held_out, {}, names
        self._classifier = evaluator.load("mnist")
        self.evaluator = {
            "frozen": True,
            "trained_on": self._classifier.name,
            "classifier": self._classifier.sha256["classifier"],
        }
        self._shares = shares(data.splits["train"][1])
        real, y, _ = data.examples(held_out, num)
        if data.spec.condition == "quadrants":
            self.given = y
        self._count = len(real)
        self.real = self.of(real)
        self.counts = {name: {"drawn": self._count, "real": self._count} for name in names}

    def of(self, x, given=None, progress=None):
        """Pictures float32 [N, 28, 28, 3] in [0, 1] -> name -> figure."""
        drawn = numbers(self._classifier, x[: self._count])
        covered, kl = modes.cover(np.bincount(drawn, minlength=NUMBERS), self._shares)
        found = {"modes": covered, "kl": kl}
        return {name: found[name] for name in self._names}


def numbers(classifier, images):
    """Returns the numbers int64 [N] that a classifier of digits reads in [N, H, W, 3]."""
    red, green, blue = (classifier.predict(images[..., i : i + 1]) for i in range(3))
    return 100 * red + 10 * green + blue


def shares(found):
    """Returns the share of each of the 1,000 numbers, float64 [1000], of pictures with these ones.

    The colors are drawn one without the other, so it is the product of the digits' shares in each
    color: no number's share is 0 because few pictures are held.
    """
    red, green, blue = (
        np.bincount(found // place % DIGITS, minlength=DIGITS) / len(found)
        for place in (100, 10, 1)
    )
    return np.einsum("r,g,b->rgb", red, green, blue).ravel()
