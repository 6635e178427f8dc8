"""PixelCNN (van den Oord et al. 2016, arXiv:1601.06759, section 3.3).

    p(x) = Π p(x_i | x_1, …, x_(i-1)),  each factor by convolutions that see no later pixel  (eq. 1)

The fastest of the family to train, and the one with the smallest context: what lies to the upper
right of a pixel is seen only within a cone, as the paper's Figure 4 shows.

Where this differs from the paper: `likelihood` says.
"""

import dataclasses

import keras
import tensorflow as tf

from zoo.autoregressive import likelihood
from zoo.networks.masked import MaskedConv
from zoo.serializable import Serializable

DATA = likelihood.DATA


@dataclasses.dataclass(frozen=True)
class Config(likelihood.Config):
    """Section 5 of the paper: 15 layers with h = 128 on color pictures."""


class Block(Serializable, keras.layers.Layer):
    """2h -> h -> 2h features through ReLU and masked convolutions of 1x1, 3x3 and 1x1, and what
    came in added (Figure 5, left)."""

    def __init__(self, channels, colors, initializers, precision="float32"):
        super().__init__(dtype="float32")
        self.gates = self.bare_inputs = channels
        self.narrow = MaskedConv(2 * channels, channels, colors, initializers, precision)
        self.conv = MaskedConv(
            channels, channels, colors, initializers, precision, width=3, above=1
        )
        self.widen = MaskedConv(channels, 2 * channels, colors, initializers, precision)
        self.built = True

    def call(self, x, bias=None):
        """[B, H, W, 2h] -> the same; `bias` [B, H, W, h] is a condition's."""
        inner = self.bare(tf.nn.relu(self.narrow(tf.nn.relu(x))), bias)
        return x + self.widen(tf.nn.relu(inner))

    def bare(self, x, bias=None):
        """The 3x3 convolution alone, [B, H, W, h] -> the same."""
        return self.conv(x) if bias is None else self.conv(x) + bias


class Steps:
    """A `Block` one pixel after another, see `cached`.

    Two rows are kept of what the 3x3 kernel sees: the one above, whose part in every pixel of this
    one is computed at once, and this one as it grows, of which a pixel needs its left neighbor.
    """

    def __init__(self, block):
        self.seen = block.gates  # features of a pixel that `next_row` reads
        self._conv, self._channels = block.conv, block.gates
        self._narrow, self._widen = block.narrow.affine(), block.widen.affine()
        self._kernel = block.conv.in_row()

    def begin(self, width, batch, bias):
        """Above the first row there is nothing."""
        above = tf.zeros([1, width, batch, self._channels])
        return self._conv.from_above(above) + bias, ()

    def next_row(self, row, kept, bias, next_bias):
        """The part in the next row of this one."""
        return self._conv.from_above(row[None]) + next_bias, ()

    def before_row(self, batch):
        """What lies to the left of a row's first pixel."""
        return tf.zeros([batch, self._channels])

    def pixel(self, x, above, left):
        """Features [B, 2h] -> (features [B, 2h], what is kept of them twice)."""
        seen = tf.nn.relu(self._narrow(tf.nn.relu(x)))
        inner = tf.matmul(tf.concat([left, seen], axis=-1), self._kernel) + above
        return x + self._widen(tf.nn.relu(inner)), seen, seen


class PixelCNN(likelihood.Likelihood):
    """The likelihood loop over masked convolutions."""

    block, steps = Block, Steps
    color, gray = (128, 15), (32, 7)


def build(config, data_spec, **compile_options):
    """Returns a compiled `PixelCNN`; call it inside the strategy's scope."""
    return likelihood.compiled(PixelCNN(config, data_spec), **compile_options)
