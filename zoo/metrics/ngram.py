"""How alike two sets of lines are spelled, and how many drawn lines are lines of the training part.

The distance is that of WGAN-GP's language model (Gulrajani et al. 2017, arXiv:1704.00028, section
5.5): the Jensen-Shannon divergence of the two distributions of n-grams of symbols.  It is in bits,
0 where they are equal and 1 where they share nothing.  A line stands between two blanks here, so
that its n-grams tell how lines begin and end; the authors' code counts the padding instead, most of
which is no news.

Few lines have an n-gram too little: the divergence of two sets of real lines is above 0, and the
more so the longer the n-grams are.  So the drawn lines, the held-out ones and the other real lines
of the floor are as many.
"""

import collections

import numpy as np

from zoo.data.text import BLANK
from zoo.metrics.figures import DIVERGENCES
from zoo.metrics.pictures import some


def ngrams(lines, n):
    """Returns how often each string of `n` symbols is in the lines, each of them between blanks."""
    found = collections.Counter()
    for line in lines:
        padded = BLANK + line + BLANK
        found.update(padded[i : i + n] for i in range(len(padded) - n + 1))
    return found


def divergence(one, other):
    """Returns the Jensen-Shannon divergence in bits, 0 to 1, of two counts.

    Of a count of nothing, such as that of lines too short for any n-gram, it is 1.
    """
    if not one or not other:
        return 1.0
    keys = [*one.keys() | other.keys()]
    p, q = (np.array([counts[key] for key in keys], np.float64) for counts in (one, other))
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    return float(sum(_kl(side, middle) for side in (p, q)) / 2)


def overlap(lines, training):
    """Returns the share of the lines that are in a set of `training` lines."""
    return sum(line in training for line in lines) / len(lines)


class Judge:
    """Judges drawn lines.

    Args:
        training: the lines that the model was trained on.
        held_out: other lines, which the drawn ones are compared to.
        num: how many drawn lines there are going to be.
        names: which of `figures.LINES` to take.

    Attributes:
        real: name -> the data's own: of as many training lines against the held-out ones, and for
            the overlap the share of held-out lines that are training lines too.
        counts: name -> of how many lines, as JSON has it.
    """

    def __init__(self, training, held_out, num, names):
        self._training, self._names = frozenset(training), names
        self.count = min(num, len(held_out), len(training))
        real, floor = (_some(lines, self.count) for lines in (held_out, training))
        self._real = {n: ngrams(real, n) for name, n in DIVERGENCES.items() if name in names}
        self.real = self._divergences(floor)
        each = dict.fromkeys(("drawn", "real", "held_out"), self.count)
        self.counts = dict.fromkeys(self.real, each)
        if "overlap" in names:
            self.real["overlap"] = overlap(held_out, self._training)
            self.counts["overlap"] = {"drawn": num, "real": len(held_out)}

    def of(self, lines):
        """Drawn lines, at least `count` -> name -> figure."""
        found = self._divergences(_some(lines, self.count))
        if "overlap" in self._names:
            found["overlap"] = overlap(lines, self._training)
        return found

    def _divergences(self, lines):
        return {
            name: divergence(ngrams(lines, n), self._real[n])
            for name, n in DIVERGENCES.items()
            if name in self._names
        }


def _some(lines, count):
    return [lines[i] for i in some(len(lines), count)]


def _kl(p, q):
    p, q = p[p > 0], q[p > 0]
    return np.sum(p * np.log2(p / q))
