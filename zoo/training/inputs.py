"""What the signatures of an export take, each input described once.

Exports check requests, try themselves, warm a server up, quantize and write their cards from these
descriptions.  A model with another input gives its `Input` in `signatures()`, and nothing else
changes.  It stands beside the models' base, since a family imports no exporting.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import tensorflow as tf

MAX_NUM = 1024  # examples in one call of `sample`
MAX_SIDE = 4096  # pixels of a picture of any size
MAX_DRAWN = 2**24  # pixels in one call of a `sample` that takes a size: num * size²
_PRIORS = {
    "normal": "drawn from N(0, I)",
    "uniform": "uniform on (0, 1)",
    "dropout": "uniform on (0, 1), of units that are dropped where it is below the rate",
    "symmetric": "uniform on (-1, 1)",
    "categorical": "a class, one-hot",
}


@dataclasses.dataclass(frozen=True)
class Input:
    """One input of a signature.

    Attributes:
        name: what callers name it; a name means the same in all signatures of a model.
        kind: ``"rows"``, one row for each example; ``"condition"``, rows that are repeated in turn
            where they are fewer than the examples; ``"number"``, one for the whole call;
            ``"count"``, the number of examples, which a file for one batch size does without;
            ``"size"``, the pixels of a picture's longer side, which devices do without;
            ``"seed"``, a number that noise is drawn from.
        dtype: ``"float32"`` or ``"int32"``.
        shape: of one row; () of a number.
        about: what it is, for the card.
        example: (number of rows, seed) -> an array of plausible values.
        range: (least, greatest) of its values, or None.  Servers refuse integers outside of it.
    """

    name: str
    kind: str
    dtype: str
    shape: tuple
    about: str
    example: Callable
    range: tuple | None = None

    @property
    def is_number(self):
        """Whether it is one number for the whole call, a scalar to the model."""
        return self.kind in ("number", "count", "size", "seed")

    def examples(self, rows, seed, given=None):
        """Returns so many examples; of a condition, `given` in turn where the caller has any."""
        if self.kind == "condition" and given is not None:
            return given[np.arange(rows) % len(given)]
        return self.example(rows, seed)

    def spec(self, batch=None):
        """Returns the `tf.TensorSpec` of a batch of so many, or of any number.

        A number is of unknown rank, since a row request to a server adds an axis; beside a known
        batch it is [1], as browsers send it.
        """
        if self.is_number:
            return tf.TensorSpec(None if batch is None else [1], self.dtype, self.name)
        return tf.TensorSpec([batch, *self.shape], self.dtype, self.name)


def number(name, about, example, range=None, kind="number"):
    """An `Input` int32 of one number for the whole call; `example` is a number too."""
    return Input(name, kind, "int32", (), about, lambda rows, seed: np.int32([example]), range)


NUM = number("num", "how many are drawn", 5, (1, MAX_NUM), kind="count")
SEED = number("seed", "the same seed draws the same ones, in every format", 7, kind="seed")
SIZE = number("size", "pixels of the longer side", 20, (1, MAX_SIDE), kind="size")


def _windows(rows, seed):
    """Windows within a trained picture."""
    corners = np.random.RandomState(seed).uniform(0, 1, (rows, 4))
    return (corners * [-1, -1, 1, 1]).astype(np.float32)


WINDOW = Input(
    "window", "rows", "float32", (4,),
    "x0, y0, x1, y1: the places of the first and of the last pixel; a trained picture is "
    "-1, -1, 1, 1, with x to the right and y down",
    _windows,
)  # fmt: skip


def latents(model):
    """The `Input` of a `GenerativeModel`'s prior."""

    def example(rows, seed):
        return model.sampling_latents(rows, seed).numpy()

    parts = [(_PRIORS[kind], width) for kind, width in model.prior]
    about = "; then ".join(f"{width} {words}" for words, width in parts)
    about = parts[0][0] if len(parts) == 1 else about
    return Input("latents", "rows", "float32", (model.latent,), about, example)


def unit(name, shape, about, example=None, kind="rows"):
    """An `Input` of rows in [0, 1]; examples are uniform unless given."""

    def uniform(rows, seed):
        return np.random.RandomState(seed).rand(rows, *shape).astype(np.float32)

    return Input(name, kind, "float32", tuple(shape), about, example or uniform, (0, 1))


def conditions(spec):
    """What a model of this `DataSpec` is given: a list of one `Input`, or of none."""
    if spec.condition == "none":
        return []
    in_turn = "where fewer than the examples are given, they are repeated in turn"
    if spec.condition == "label":

        def labels(rows, seed):
            return np.arange(rows, dtype=np.int32) % spec.classes

        about = f"the class: {', '.join(spec.names)}; {in_turn}"
        return [Input("label", "condition", "int32", (), about, labels, (0, spec.classes - 1))]
    what = {
        "name": "the letters of a name, one-hot",
        "image": "a picture",
        "quadrants": f"a picture, of which {spec.visible} of 4 quadrants are looked at",
    }[spec.condition]
    about = f"{what}, [{', '.join(map(str, spec.condition_shape))}] flattened; {in_turn}"
    return [unit("condition", (spec.condition_size,), about, kind="condition")]
