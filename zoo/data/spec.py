"""What a model is told about its data: a `DataSpec`, and the options that shape one."""

import dataclasses

from zoo.config import UserError, setting


@dataclasses.dataclass(frozen=True)
class DataOptions:
    """How pictures are prepared; on the command line ``--data.KEY=VALUE``."""

    image_size: int = setting(
        0, "centre-crop to a square and resize to this many pixels a side; 0 keeps the shape",
        low=0, high=1024,
    )  # fmt: skip
    range: str = setting(
        "unit", "what the model trains on: [0, 1] or [-1, 1]", choices=("unit", "symmetric")
    )
    binarise: str = setting(
        "none",
        "static (each pixel drawn once with its grey value as probability), dynamic (drawn anew "
        "each epoch) or threshold (at 0.5)",
        choices=("none", "static", "dynamic", "threshold"),
    )
    dequantise: bool = setting(False, "add uniform noise of one grey level, anew each epoch")
    holdout: int = setting(
        0, "hold this many training pictures, the last ones, out for validation", low=0
    )

    def __post_init__(self):
        if self.dequantise and self.binarise != "none":
            raise UserError(
                f"dequantise spreads grey levels and binarise={self.binarise} leaves none: "
                "choose one of the two."
            )


@dataclasses.dataclass(frozen=True)
class DataSpec:
    """The facts of a data set that networks and losses follow.

    Attributes:
        name: of the data set, e.g. ``"mnist"``.
        shape: (height, width, channels) of one picture.
        classes: number of labels, 0 where there are none.
        levels: grey levels a channel, e.g. 256; 2 once binarised.
        range: ``"unit"`` for values in [0, 1], ``"symmetric"`` for [-1, 1].
        binarise: the protocol of `DataOptions.binarise`; every likelihood names it.
    """

    name: str
    shape: tuple
    classes: int = 0
    levels: int = 256
    range: str = "unit"
    binarise: str = "none"

    @property
    def values(self):
        """Numbers in one picture: height x width x channels."""
        height, width, channels = self.shape
        return height * width * channels

    @property
    def output_activation(self):
        """The activation whose image is the data's range."""
        return {"unit": "sigmoid", "symmetric": "tanh"}[self.range]

    def to_unit(self, images):
        """Maps pictures from the range that the model trains on to [0, 1]."""
        return images if self.range == "unit" else (images + 1.0) / 2.0

    def from_unit(self, images):
        """Maps pictures in [0, 1] to the range that the model trains on."""
        return images if self.range == "unit" else images * 2.0 - 1.0
