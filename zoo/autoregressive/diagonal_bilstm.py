"""Diagonal BiLSTM (van den Oord et al. 2016, arXiv:1601.06759, section 3.2).

    p(x) = Π p(x_i | x_1, …, x_(i-1)),  each factor by LSTMs along the diagonals            (eq. 1)

Two LSTMs start in the two upper corners.  The picture is skewed, each row moved by one place more
than the row above, so that a column is a diagonal, and one step reads a column: the state of a
pixel comes from its neighbor in the row and the one above.  Their two maps are added, the right
one moved down a row so that it sees no later pixel.  So a pixel's context is all that was before.

Where this differs from the paper: `likelihood` says; the state-to-state convolution has no bias, as
the input-to-state's is added to it; outside of the picture the state is the learned first one.
"""

import dataclasses

import keras
import numpy as np
import tensorflow as tf

from zoo.autoregressive import likelihood
from zoo.networks.masked import MaskedConv
from zoo.networks.recurrent import gate_biases, lstm
from zoo.serializable import Serializable

DATA = likelihood.DATA


@dataclasses.dataclass(frozen=True)
class Config(likelihood.Config):
    """Section 5 of the paper: 12 layers with h = 128 on color pictures; on MNIST 7 with h = 16, or
    1 with h = 32."""


class DiagonalBiLSTM(Serializable, keras.layers.Layer):
    """2h features -> LSTMs of h along both diagonals -> 2h, and what came in added (Figure 5)."""

    def __init__(self, channels, colors, initializers, precision="float32"):
        super().__init__(dtype="float32")
        self.channels, self.gates, self.bare_inputs = channels, 8 * channels, 2 * channels
        # One of each for the LSTM from the left, and one for that from the right.
        self.input_to_state = [
            MaskedConv(
                2 * channels,
                channels,
                colors,
                initializers,
                precision,
                copies=4,
                bias=gate_biases(channels),
            )
            for _ in range(2)
        ]
        # 2 x 1: the first h rows are for the neighbor in the row, the others for the one above.
        self.state_to_state = [
            self.add_weight(
                shape=(2 * channels, 4 * channels), initializer=initializers.glorot_uniform(),
                name=f"state_to_state_{way}",
            )
            for way in ("left", "right")
        ]  # fmt: skip
        self.first_state = self.add_weight(
            shape=(2, 2, channels), initializer="zeros", name="first_state"
        )
        self.widen = MaskedConv(channels, 2 * channels, colors, initializers, precision)
        self.built = True

    def bare(self, x, bias=None):
        """[B, H, W, 2h] -> the states of both directions, added [B, H, W, h]: the bare layer."""
        left, right = (layer(x) for layer in self.input_to_state)
        if bias is not None:
            for_left, for_right = tf.split(bias, 2, axis=-1)
            left, right = left + for_left, right + for_right
        both = tf.stack([left, tf.reverse(right, axis=[2])])  # [2, B, H, W, 4h]
        states = self.along_diagonals(tf.transpose(both, [0, 2, 3, 1, 4]))
        left, right = tf.unstack(tf.transpose(states, [0, 3, 1, 2, 4]))
        right = tf.reverse(right, axis=[2])
        return left + tf.pad(right, [[0, 0], [1, 0], [0, 0], [0, 0]])[:, :-1]

    def along_diagonals(self, gates):
        """Gates [2, H, W, B, 4h] of two LSTMs from the upper left -> their states [2, H, W, B, h].

        The loop is unrolled as in Row LSTM, both LSTMs are one batched product, and of the skewed
        map only the places that lie in the picture are there, half of it, which takes half the time
        (tests/bench/recurrences.py).
        """
        _, height, width, batch, _ = gates.shape
        batch = -1 if batch is None else batch
        order, sizes = diagonals(height, width)
        flat = tf.reshape(gates, [2, height * width, batch, 4 * self.channels])
        columns = tf.split(tf.gather(flat, order, axis=1), sizes, axis=1)
        blank = tf.zeros_like(flat[:, :1, :, : self.channels])
        first_hidden, first_cell = (blank + self.first_state[:, i, None, None, :] for i in range(2))
        kernels = tf.stack([tf.convert_to_tensor(kernel) for kernel in self.state_to_state])
        hidden, cell, states = None, None, []
        for place, column in enumerate(columns):
            # Of rows top - 1 to the next one's first pixel; the rows begin at the picture's left
            # edge one after another, and leave it at its right.
            leaves = place >= width
            if hidden is None:
                before, cell = tf.concat([first_hidden] * 2, axis=1), first_cell
            else:
                begins = [first_hidden] if place < height else []
                above = [] if leaves else [first_hidden]
                before = tf.concat([*above, hidden, *begins], axis=1)
                cell = tf.concat([cell[:, leaves:], *([first_cell] if begins else [])], axis=1)
            seen = tf.concat([before[:, 1:], before[:, :-1]], axis=-1)
            given = tf.matmul(tf.reshape(seen, [2, -1, 2 * self.channels]), kernels)
            hidden, cell = lstm(column + tf.reshape(given, tf.shape(column)), cell)
            states.append(hidden)
        states = tf.gather(tf.concat(states, axis=1), np.argsort(order), axis=1)
        return tf.reshape(states, [2, height, width, batch, self.channels])

    def call(self, x, bias=None):
        """[B, H, W, 2h] -> the same; `bias` [B, H, W, 8h] is a condition's."""
        return x + self.widen(self.bare(x, bias))


def diagonals(height, width):
    """Returns (the pixels' raster places, diagonal by diagonal from the upper left and each from
    the top; the number of pixels in each diagonal)."""
    row, column = np.divmod(np.arange(height * width), width)
    order = np.lexsort((row, row + column))
    return order, np.bincount(row + column).tolist()


class Steps:
    """A `DiagonalBiLSTM` one pixel after another, see `cached`.

    The states from the left go on pixel by pixel; those from the right, which only the next row
    sees, are computed once a row is whole.
    """

    def __init__(self, layer):
        self.seen = 3 * layer.channels  # features of a pixel that `next_row` reads
        self._layer, self._widen = layer, layer.widen.affine()
        from_input = [conv.in_row() for conv in layer.input_to_state]
        biases = [tf.convert_to_tensor(conv.bias) for conv in layer.input_to_state]
        (left, self._above), (right, self._above_right) = (
            tf.split(kernel, 2) for kernel in layer.state_to_state
        )
        self._kernel, self._bias = tf.concat([from_input[0], left], axis=0), biases[0]
        self._from_input_right, self._bias_right = from_input[1], biases[1]
        self._in_row_right = right
        self._first = tf.convert_to_tensor(layer.first_state)

    def begin(self, width, batch, bias):
        """Above the first row are the learned states, and nothing that came from the right."""
        blank = tf.zeros([width, batch, self._layer.channels])
        left, right = (blank + self._first[i, 0] for i in range(2))
        return self._context(left, blank, bias), (right,)

    def next_row(self, row, kept, bias, next_bias):
        """Reads a whole row of states and features [W, B, 3h] from the right."""
        units = self._layer.channels
        left, features = tf.split(row, [units, 2 * units], axis=-1)
        gates = tf.tensordot(features, self._from_input_right, 1) + self._bias_right
        gates += tf.tensordot(kept[0], self._above_right, 1) + bias[..., 4 * units :]
        right = self._from_the_right(gates)
        return self._context(left, right, next_bias), (right,)

    def _context(self, left, right, bias):
        """States of both ways [W, B, h] -> what the next row is given: to the gates from the left,
        [W, B, 4h], and the right-hand map, [W, B, h]."""
        above = tf.tensordot(left, self._above, 1) + self._bias
        return tf.concat([above + bias[..., : 4 * self._layer.channels], right], axis=-1)

    def _from_the_right(self, gates):
        """Gates [W, B, 4h] -> the states [W, B, h] of an LSTM that goes leftwards."""
        width = gates.shape[0]
        blank = tf.zeros_like(gates[0, :, : self._layer.channels])
        state = [blank + self._first[1, i] for i in range(2)]

        def step(place, hidden, cell, states):
            given = gates[place] + tf.matmul(hidden, self._in_row_right)
            hidden, cell = lstm(given, cell)
            return place - 1, hidden, cell, tf.concat([hidden[None], states[:-1]], axis=0)

        states = tf.zeros_like(gates[:, :, : self._layer.channels])
        *_, states = tf.while_loop(
            lambda place, *_: place >= 0, step, (width - 1, *state, states),
            maximum_iterations=width,
        )  # fmt: skip
        return states

    def before_row(self, batch):
        """The state to the left of a row's first pixel."""
        return tf.zeros([batch, 1]) + tf.reshape(self._first[0], [-1])

    def pixel(self, x, above, left):
        """Features [B, 2h] -> (features [B, 2h], what `next_row` reads [B, 3h], the state)."""
        units = self._layer.channels
        hidden, cell = tf.split(left, 2, axis=-1)
        seen = tf.concat([x, hidden], axis=-1)
        gates = tf.matmul(seen, self._kernel) + above[:, : 4 * units]
        hidden, cell = lstm(gates, cell)
        features = x + self._widen(hidden + above[:, 4 * units :])
        state = tf.concat([hidden, cell], axis=-1)
        return features, tf.concat([hidden, x], axis=-1), state


class DiagonalBiLSTMModel(likelihood.Likelihood):
    """The likelihood loop over Diagonal BiLSTMs."""

    block, steps = DiagonalBiLSTM, Steps
    gray = (32, 1)


def build(config, data_spec, **compile_options):
    """Returns a compiled `DiagonalBiLSTMModel`; call it inside the strategy's scope."""
    return likelihood.compiled(DiagonalBiLSTMModel(config, data_spec), **compile_options)
