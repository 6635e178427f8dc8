"""Sheets: a model's samples as one picture.

Pictures are a grid; with classes, each column is a class and each row one z.  Names are written
under the pictures that they are drawn from, and lines of text beside each other.  Points are
scattered, over the critic's contours where there is a critic.
"""

import numpy as np

from zoo.data import text
from zoo.viz import grid, plots

NUM = 64  # examples on a sheet
WIDE = 16  # the largest number of classes in columns
POINTS = 1000
CONTOURS = 128  # points a side at which the critic is evaluated


def arrangement(given, num):
    """Returns (the latent of each place [n], the condition's row of each place [n] or None, the
    number of columns or None) for about `num` examples.

    Args:
        given: example conditions [L] or [L, d], or None.
        num: how many examples are wanted; with classes, whole rows of them.
    """
    if given is None:
        return np.arange(num), None, None
    if len(given) > WIDE:
        return np.arange(num), np.arange(num) % len(given), None
    rows = -(-num // len(given))
    return (
        np.repeat(np.arange(rows), len(given)),
        np.tile(np.arange(len(given)), rows),
        len(given),
    )


def sheet(spec, x, given=None, columns=None, group=None):
    """Draws examples float32 [N, …] as uint8 [h, w, 3].

    Args:
        spec: the `DataSpec` of what they are.
        x: examples as `sample` returns them.
        given: the condition of each [N] or [N, d]; shown where it is a picture.
        columns: of a grid; the square root of N by default.
        group: of pictures, so many rows belong together.
    """
    if spec.modality == "images":
        return grid.grid(x, columns, group)
    if spec.modality == "points":
        return plots.points(x)
    shown = None
    if spec.condition == "image":
        shown = np.asarray(given).reshape(-1, *spec.condition_shape)
    return grid.words(text.decode(x, spec.alphabet), spec.shape[0], shown, columns)


def placed(spec, x, places):
    """Returns examples float32 [N, …] in the order of `places` [n], and a blank where one is -1."""
    blank = np.full((1, *spec.shape), spec.modality == "images", np.float32)
    return np.concatenate([x, blank])[places]


def whole_rows(count, columns):
    """Returns the places 0 to `count` - 1, and -1 for what room the last of the rows has."""
    return np.append(np.arange(count), np.full(-count % columns, -1))


def below(spec, sets, columns):
    """Returns a grid's examples [n, …]: a row of the first set, below it those of the others that
    belong to it, then the next row.

    Args:
        spec: the `DataSpec` of all of them.
        sets: float32 [N, …] each.
        columns: of the grid.
    """
    count = len(sets[0])
    rows = whole_rows(count, columns).reshape(-1, 1, columns)
    first = count * np.arange(len(sets))[:, None]
    return placed(spec, np.concatenate(sets), np.where(rows < 0, -1, rows + first).ravel())


def arranged(sampler, num, seed):
    """Draws about `num` examples from a run or an export, every class in turn.

    Returns:
        (x float32 [N, …], the condition of each or None, the number of columns or None).
    """
    places, rows, columns = arrangement(sampler.given, num)
    given = None if rows is None else sampler.given[rows]
    z = sampler.latents(int(places.max()) + 1, seed)[places]
    return sampler.generate(z, given), given, columns


class Draw:
    """The sample sheet of a model in training: the same noise and conditions at every call.

    Args:
        model: a `GenerativeModel`.
        data: the `Dataset` that it trains on.
        given: the data's example conditions, see `Dataset.conditions`.
    """

    def __init__(self, model, data, given):
        import tensorflow as tf

        self._spec = data.spec
        num = POINTS if data.spec.modality == "points" else NUM
        places, rows, self._columns = arrangement(given, num)
        self._given = None if rows is None else given[rows]
        latents = model.sampling_latents(places.max() + 1, model.config.seed)
        z = tf.gather(latents, places)
        # Traced once; called under the strategy's scope it reads the first replica.
        self._draw = tf.function(lambda: model.generate(z, self._given), autograph=False)
        self._score = None
        if data.spec.modality == "points":
            self._real = data.examples(data.validation, POINTS)[0]
            if data.spec.condition == "none":
                self._score = tf.function(model.score, autograph=False)

    def __call__(self):
        """Returns uint8 [h, w, 3]."""
        x = self._draw().numpy()
        if self._spec.modality != "points":
            return sheet(self._spec, x, self._given, self._columns)
        return plots.points(x, self._real, self._surface())

    def _surface(self):
        """(x [n], y [n], the score [n, n]) on the plane around the real points, or None."""
        if self._score is None:
            return None
        side = 1.3 * np.abs(self._real).max()
        axis = np.linspace(-side, side, CONTOURS, dtype=np.float32)
        plane = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
        return axis, axis, self._score(plane).numpy().reshape(CONTOURS, CONTOURS)
