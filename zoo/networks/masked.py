"""Masked convolutions and the network around the blocks of a PixelRNN (1601.06759, section 3).

A picture is read in raster order, and within a pixel R, then G, then B.  Every layer's features are
split into as many groups as there are colors, and mask A or B says what the center of a kernel may
see: with A a group sees the colors before its own, with B its own too (section 3.4).
"""

import keras
import numpy as np
import tensorflow as tf

from zoo.serializable import Serializable


def visible(inputs, outputs, colors, mask, copies=1):
    """Returns the mask of a kernel's center, float32 [inputs, outputs * copies].

    Args:
        inputs, outputs: channels, split evenly into `colors` groups.
        mask: ``"A"`` or ``"B"``.
        copies: how many maps of `outputs` channels lie side by side, as an LSTM's gates do.
    """
    before, after = (np.arange(n) * colors // n for n in (inputs, outputs))
    seen = np.less if mask == "A" else np.less_equal
    return np.tile(seen(before[:, None], after[None, :]), copies).astype(np.float32)


def _broadcast(mask):
    """A mask with its equal channels once: every exported signature holds its masks."""
    for axis in (2, 3):
        first = mask.take([0], axis)
        mask = first if (mask == first).all() else mask
    return mask


class MaskedConv(Serializable, keras.layers.Layer):
    """[B, H, W, inputs] -> [B, H, W, outputs * copies]: a convolution that sees no later pixel.

    The kernel has `above` whole rows and of the center's row what lies to its left; the rows below,
    and where there are none above what lies to the right, would be masked and are not there at all.

    Args:
        mask, copies: see `visible`.
        width: of the kernel, odd; the paper's k.
        above: rows of the kernel over the center's.
        bias: the first value of all biases, or an array of them.
        precision: of the products; all else is float32.
    """

    def __init__(
        self, inputs, outputs, colors, initializers, precision="float32",
        mask="B", width=1, above=0, copies=1, bias=0.0,
    ):  # fmt: skip
        super().__init__(dtype="float32")
        self.products = precision
        self.side, self.above = width // 2, above
        shape = (above + 1, width if above else self.side + 1, inputs, outputs * copies)
        seen = np.ones(shape, np.float32)
        seen[-1, self.side + 1 :] = 0.0
        seen[-1, self.side] = visible(inputs, outputs, colors, mask, copies)
        self.mask = _broadcast(seen)
        first = np.broadcast_to(np.float32(bias), shape[-1:])
        self.kernel = self.add_weight(
            shape=shape, initializer=initializers.glorot_uniform(), name="kernel"
        )
        self.bias = self.add_weight(
            shape=shape[-1:], initializer=lambda shape, dtype: tf.constant(first, dtype),
            name="bias",
        )  # fmt: skip
        self.built = True

    def masked(self):
        """Returns the kernel as it acts, [above + 1, width, inputs, outputs * copies]."""
        return self.kernel * self.mask

    def call(self, x):
        if self.kernel.shape[:2] == (1, 1):  # as a matrix product it is faster on a CPU
            x, kernel = (tf.cast(value, self.products) for value in (x, self.masked()[0, 0]))
            return tf.cast(tf.tensordot(x, kernel, 1), tf.float32) + self.bias
        right = self.side if self.above else 0
        x = tf.pad(x, [[0, 0], [self.above, 0], [self.side, right], [0, 0]])
        x, kernel = (tf.cast(value, self.products) for value in (x, self.masked()))
        return tf.cast(tf.nn.conv2d(x, kernel, 1, "VALID"), tf.float32) + self.bias

    # For a sampler, which has one pixel at a time and keeps what the rows above gave:

    def in_row(self):
        """Returns the kernel's part in the center's row, for the features of the pixels to the left
        and of the pixel itself, side by side: [(width // 2 + 1) * inputs, outputs * copies]."""
        return tf.reshape(self.masked()[-1, : self.side + 1], [-1, self.kernel.shape[-1]])

    def affine(self):
        """Returns a 1x1 convolution as a function [B, inputs] -> [B, outputs * copies]."""
        kernel, bias = self.in_row(), tf.convert_to_tensor(self.bias)
        return lambda x: tf.matmul(x, kernel) + bias

    def from_above(self, rows):
        """Rows [above, W, B, inputs] over a row -> [W, B, outputs * copies]: their part in it, and
        the bias's."""
        width = rows.shape[1]
        rows = tf.pad(rows, [[0, 0], [self.side, self.side], [0, 0], [0, 0]])
        seen = [
            rows[row, place : place + width]
            for row in range(self.above)
            for place in range(2 * self.side + 1)
        ]
        kernel = tf.reshape(self.masked()[:-1], [-1, self.kernel.shape[-1]])
        return tf.tensordot(tf.concat(seen, axis=-1), kernel, 1) + self.bias


class PixelNetwork(Serializable, keras.Model):
    """Pictures [B, H, W, C] in the model's range -> logits [B, H, W, C, K] of every pixel given
    those before it (Table 1).

    A 7x7 mask A convolution, the residual blocks, two layers of ReLU and 1x1 mask B convolution,
    and one more of them to the logits.  K is the number of levels, or 1 for the logit of a pixel
    that is on or off.

    Args:
        data_spec: the `DataSpec`.
        block: ``block(channels, colors, initializers, precision)`` returns a layer from
            2 `channels` features to as many; its `gates` are the features that a condition is
            added to.
        channels: the paper's h.
        blocks: how many.
        ends: features of the two layers before the last.
        skip: whether every block also leads to the end through a 1x1 convolution of its own.
        initializers: an `Initializers`.
        precision: of the hidden layers' products, ``"float32"`` or ``"bfloat16"``.
        condition: features of the map that every block is biased by; 0 without one.
    """

    def __init__(
        self, data_spec, block, channels, blocks, ends, skip, condition, initializers, precision
    ):
        super().__init__(dtype="float32")
        colors = data_spec.shape[-1]
        self.colors = colors
        self.options = 1 if data_spec.levels == 2 else data_spec.levels
        wide = 2 * channels
        build = {"initializers": initializers, "precision": precision}
        self.first = MaskedConv(colors, wide, colors, mask="A", width=7, above=3, **build)
        self.blocks = [block(channels, colors, **build) for _ in range(blocks)]
        self.skips = [MaskedConv(wide, wide, colors, **build) for _ in range(blocks * skip)]
        self.ends = [
            MaskedConv(wide, ends, colors, **build),
            MaskedConv(ends, ends, colors, **build),
            MaskedConv(ends, colors * self.options, colors, initializers),
        ]
        # Not masked: all of the condition is known before the first pixel is drawn.
        self.biases = [
            MaskedConv(condition, block.gates, 1, **build) for block in self.blocks if condition
        ]
        self.built = True

    def condition_biases(self, condition):
        """A condition [B, H, W, c] -> the biases of all blocks, side by side [H, W, B, …]."""
        if condition is None:
            return None
        maps = [bias(condition) for bias in self.biases]
        return tf.transpose(tf.concat(maps, axis=-1), [1, 2, 0, 3])

    def call(self, x, condition=None):
        features = self.first(x)
        skipped = 0.0
        for place, block in enumerate(self.blocks):
            bias = None if condition is None else self.biases[place](condition)
            features = block(features, bias)
            if self.skips:
                skipped += self.skips[place](features)
        features = skipped if self.skips else features
        for end in self.ends:
            features = end(tf.nn.relu(features))
        return tf.reshape(features, [-1, *x.shape[1:], self.options])
