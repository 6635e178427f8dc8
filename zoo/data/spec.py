"""`DataSpec`, the facts about its data that a model gets, and `DataOptions`, which shape them."""

import dataclasses
import math

from zoo.config import Plain, UserError, setting

MAX_SIDE = 4096  # of an example


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """How examples are prepared; on the command line ``--data.KEY=VALUE``."""

    image_size: int = setting(
        0, "center-crop to a square and resize to this many pixels a side; 0 keeps the shape",
        low=0, high=1024,
    )  # fmt: skip
    range: str = setting(
        "unit", "what the model trains on: [0, 1] or [-1, 1]", choices=("unit", "symmetric")
    )
    binarize: str = setting(
        "none",
        "static (each pixel drawn once with its gray value as probability), dynamic (drawn anew "
        "each epoch) or threshold (at 0.5)",
        choices=("none", "static", "dynamic", "threshold"),
    )
    dequantize: bool = setting(False, "add uniform noise of one gray level, anew each epoch")
    holdout: int = setting(
        0, "hold this many training examples, the last ones, out for validation", low=0
    )
    target: str = setting(
        "image", "what is drawn: pictures, or their classes' spelled names",
        choices=("image", "name"),
    )  # fmt: skip
    condition: str = setting(
        "none", "what is given: a class, its spelled name, a picture, or some of its own quadrants",
        choices=("none", "label", "name", "image", "quadrants"),
    )  # fmt: skip
    visible: int = setting(
        0, "with condition=quadrants: how many of the four are given, 1 to 3", low=0, high=3
    )
    feature: str = setting(
        "", "which feature of a TFDS data set is the picture, e.g. image/left; '' chooses"
    )
    length: int = setting(
        0, "of text: the most symbols of a line, longer ones are left out; 0: 12 of surnames, 32 "
        "of others", low=0, high=1024,
    )  # fmt: skip

    def __post_init__(self):
        if self.dequantize and self.binarize != "none":
            raise UserError(
                f"dequantize needs gray levels, which binarize={self.binarize} removes: choose one."
            )
        if self.target == self.condition:
            raise UserError(
                f"target and condition are both {self.target!r}: choose another --condition or "
                "--target."
            )
        if self.condition == "quadrants" and self.target != "image":
            raise UserError("quadrants are those of the picture that is drawn: leave --target out.")
        if self.condition == "quadrants" and not self.visible:
            raise UserError(
                "condition=quadrants needs their number: pass --data.visible=1, 2 or 3."
            )
        if self.condition != "quadrants" and self.visible:
            raise UserError(
                "visible is the number of quadrants that are given: pass --condition=quadrants, or "
                "leave --data.visible out."
            )


@dataclasses.dataclass(frozen=True)
class DataSpec(Plain):
    """The facts of a data set that networks and losses follow.

    Attributes:
        name: of the data set, e.g. ``"mnist"``.
        shape: of one example x: (height, width, channels) of a picture, (2,) of a point in the
            plane, (length, symbols) of a line of text or a spelled name.
        classes: number of labels, 0 where there are none.
        levels: gray levels a channel, e.g. 256; 2 once binarized.
        range: ``"unit"`` for pictures in [0, 1], ``"symmetric"`` for [-1, 1].
        dequantized: whether noise fills the gaps between the levels.
        binarize: the protocol of `DataOptions.binarize`; every likelihood names it.
        names: of the classes, spelled out.
        condition: what a model is given: ``"none"``, ``"label"``, ``"name"``, ``"image"`` or
            ``"quadrants"``.
        condition_shape: of one condition y before it is flattened: (classes,) one-hot,
            (letters, symbols) one-hot, or (height, width, channels) in [0, 1].
        visible: how many quadrants are given, 1 to 3; 0 with another condition.
        symbols: the alphabet of lines of text, the blank first; "" of all others, also of names,
            whose alphabet follows from them.
    """

    name: str
    shape: tuple
    classes: int = 0
    levels: int = 256
    range: str = "unit"
    binarize: str = "none"
    names: tuple = ()
    condition: str = "none"
    condition_shape: tuple = ()
    dequantized: bool = False
    visible: int = 0
    symbols: str = ""

    @classmethod
    def of_json(cls, facts):
        """The spec that `dataclasses.asdict` wrote to a JSON file, whose lists were tuples.

        Raises:
            UserError: the facts are not those of a spec.
        """
        facts = {k: tuple(v) if isinstance(v, list) else v for k, v in facts.items()}
        for field in dataclasses.fields(cls):
            value = facts.get(field.name, field.default)
            if type(value) is not field.type or not _fits(field.name, value):
                raise UserError(f"a data_spec is damaged: its {field.name!r} cannot be {value!r}.")
        unknown = facts.keys() - {field.name for field in dataclasses.fields(cls)}
        if unknown:
            raise UserError(f"a data_spec is damaged: it has no {min(unknown)!r}.")
        spec = cls(**facts)
        if (spec.condition == "none") != (not spec.condition_shape):
            raise UserError("a data_spec is damaged: condition and condition_shape disagree.")
        if (spec.condition == "quadrants") != bool(spec.visible):
            raise UserError("a data_spec is damaged: condition and visible disagree.")
        given = len(spec.alphabet) if spec.modality == "text" else 0
        if given != (spec.shape[1] if spec.modality == "text" else len(spec.symbols)):
            raise UserError("a data_spec is damaged: shape and symbols disagree.")
        return spec

    @property
    def modality(self):
        """What examples are: ``"points"``, ``"text"`` or ``"images"``; an export's output name."""
        return {1: "points", 2: "text", 3: "images"}[len(self.shape)]

    @property
    def alphabet(self):
        """The symbols of text, as one string."""
        from zoo.data import names  # not above: the catalog is listed without NumPy

        return self.symbols or names.alphabet(self.names)

    @property
    def values(self):
        """Numbers in one example, e.g. height x width x channels."""
        return math.prod(self.shape)

    @property
    def condition_size(self):
        """Numbers in one condition; 0 for an unconditional model."""
        return math.prod(self.condition_shape) if self.condition_shape else 0

    def visible_pixels(self):
        """Returns float32 [H, W, 1]: 1 on the quadrants that a model is given, 0 on the others.

        One is the lower left, two are the left half, three are all but the lower right, as in
        Pyro's account of Sohn et al. 2015.
        """
        import numpy as np  # not above: the catalog is listed without it

        height, width, _ = self.condition_shape
        mask = np.zeros((height, width, 1), np.float32)
        mask[0 if self.visible == 2 else height // 2 :, : width // 2] = 1
        if self.visible == 3:
            mask[: height // 2] = 1
        return mask

    @property
    def condition_input(self):
        """What an export calls the condition: ``"label"``, int32 [B], or ``"condition"``, float32
        [B, d]; None for an unconditional model."""
        if self.condition == "none":
            return None
        return "label" if self.condition == "label" else "condition"

    def check_labels(self, labels):
        """Raises `UserError` unless all labels, whole numbers [N], are of the classes."""
        outside = [int(label) for label in labels if not 0 <= label < self.classes]
        if outside:
            raise UserError(
                f"label {outside[0]} is not one of the {self.classes} classes: give 0 to "
                f"{self.classes - 1}."
            )

    @property
    def output_activation(self):
        """The activation whose image is the data's range: softmax over the symbols of a place."""
        outputs = {"points": "linear", "text": "softmax"}
        return outputs.get(self.modality) or {"unit": "sigmoid", "symmetric": "tanh"}[self.range]

    def to_unit(self, x):
        """Maps pictures from the range that the model trains on to [0, 1]; others stay."""
        return (x + 1.0) / 2.0 if self._symmetric else x

    def from_unit(self, x):
        """Maps pictures in [0, 1] to the range that the model trains on; others stay."""
        return x * 2.0 - 1.0 if self._symmetric else x

    @property
    def _symmetric(self):
        return self.modality == "images" and self.range == "symmetric"


def _fits(name, value):
    """Whether a value of a `DataSpec` is one that the zoo writes."""
    options = {field.name: field.metadata for field in dataclasses.fields(DataOptions)}
    if name in ("range", "binarize", "condition"):
        return value in options[name]["choices"]
    if name == "names":
        return all(type(word) is str for word in value)
    if name in ("shape", "condition_shape"):
        sides = all(type(side) is int and 0 < side <= MAX_SIDE for side in value)
        return sides and len(value) in ((1, 2, 3) if name == "shape" else (0, 1, 2, 3))
    if name == "symbols":
        return len(set(value)) == len(value) <= 256
    if name == "visible":
        return 0 <= value <= 3
    if name == "levels":
        return 2 <= value <= 256
    return name != "classes" or value >= 0
