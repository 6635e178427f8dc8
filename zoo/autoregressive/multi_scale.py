"""Multi-scale PixelRNN (van den Oord et al. 2016, arXiv:1601.06759, section 3.5).

    p(s, x) = p(s) p(x | s),  s every second pixel of every second row of x

A small network draws s.  A large one draws x, each of its layers biased by a map that s is enlarged
to.  It draws all pixels of x anew, also those that are in s, so what sums to 1 over all pictures is
the joint of s and x: its likelihood at a picture and its own s is what this model reports, in all
units, and it is at most that of the picture alone.

Where this differs from the paper: `likelihood` and the files of the layers say; s has half the side
of x and there are no more scales; one deconvolution with ReLU enlarges s; PixelCNN may stand in for
the PixelRNN.
"""

import dataclasses

import keras

from zoo.autoregressive import diagonal_bilstm, likelihood, pixelcnn, row_lstm
from zoo.config import UserError, setting

DATA = likelihood.DATA
KINDS = {
    "pixelcnn": pixelcnn.PixelCNN,
    "row_lstm": row_lstm.RowLSTMModel,
    "diagonal_bilstm": diagonal_bilstm.DiagonalBiLSTMModel,
}


@dataclasses.dataclass(frozen=True)
class Config(likelihood.Config):
    """The same network at both scales."""

    network: str = setting("row_lstm", "at both scales", choices=tuple(KINDS))
    condition: int = setting(32, "c: features of the map that s is enlarged to", low=1)


class MultiScale(likelihood.Likelihood):
    """The likelihood loop over two scales."""

    strides, picture_names = (2, 1), ("small", "images")
    likelihood_of = "the joint of the picture and its smaller one, at most the picture's own"

    def made_networks(self, initializers):
        """Returns the small network and the large one."""
        height, width, _ = self.data_spec.shape
        if height % 2 or width % 2:
            raise UserError(
                f"a multi-scale model halves its pictures, and {height}x{width} does not halve: "
                f"pass --data.image_size={height + height % 2}, say."
            )
        kind = KINDS[self.config.network]
        self.block, self.steps = kind.block, kind.steps
        self.color, self.gray = kind.color, kind.gray
        wide, colors = self.config.condition, self.data_spec.shape[-1]
        self.enlarge = keras.layers.Conv2DTranspose(
            wide, 4, 2, "same", data_format="channels_last", activation="relu", dtype="float32",
            kernel_initializer=initializers.glorot_uniform(),
        )  # fmt: skip
        self.enlarge.build((None, *self.shape(0)[:2], colors))
        return [self.network(initializers), self.network(initializers, condition=wide)]

    def condition(self, smaller):
        """s [B, H/2, W/2, C] -> the map [B, H, W, c], by a deconvolution."""
        return self.enlarge(smaller)


def build(config, data_spec, **compile_options):
    """Returns a compiled `MultiScale`; call it inside the strategy's scope."""
    return likelihood.compiled(MultiScale(config, data_spec), **compile_options)
