"""Row LSTM (van den Oord et al. 2016, arXiv:1601.06759, section 3.1).

    p(x) = Π p(x_i | x_1, …, x_(i-1)),  each factor by LSTMs that go down the rows          (eq. 1)

A whole row is one step: its gates come from the row itself, through a masked k x 1 convolution, and
from the state of the row above, through an unmasked one.  So a pixel's context is a triangle.

Where this differs from the paper: `likelihood` says; the state-to-state convolution has no bias, as
the input-to-state's is added to it.
"""

import dataclasses

import keras
import tensorflow as tf

from zoo.autoregressive import likelihood
from zoo.networks.masked import MaskedConv
from zoo.networks.recurrent import gate_biases, lstm, shifted
from zoo.serializable import Serializable

DATA = likelihood.DATA

WIDTH = 3  # k of both convolutions (Table 1)


@dataclasses.dataclass(frozen=True)
class Config(likelihood.Config):
    """Section 5 of the paper: 12 layers with h = 128 on color pictures."""


class RowLSTM(Serializable, keras.layers.Layer):
    """2h features -> an LSTM of h down the rows -> 2h, and what came in added (Figure 5, right)."""

    def __init__(self, channels, colors, initializers, precision="float32"):
        super().__init__(dtype="float32")
        self.channels, self.gates, self.bare_inputs = channels, 4 * channels, 2 * channels
        self.input_to_state = MaskedConv(
            2 * channels, channels, colors, initializers, precision,
            width=WIDTH, copies=4, bias=gate_biases(channels),
        )  # fmt: skip
        self.state_to_state = self.add_weight(
            shape=(WIDTH * channels, 4 * channels), initializer=initializers.glorot_uniform(),
            name="state_to_state",
        )  # fmt: skip
        # The state above the first row is learned: (hidden, cell), the same at every column.
        self.first_state = self.add_weight(
            shape=(2, channels), initializer="zeros", name="first_state"
        )
        self.widen = MaskedConv(channels, 2 * channels, colors, initializers, precision)
        self.built = True

    def bare(self, x, bias=None):
        """[B, H, W, 2h] -> the states [B, H, W, h]: the bare layer."""
        gates = self.input_to_state(x)
        if bias is not None:
            gates += bias
        first = tf.zeros_like(gates[:, 0, :, : self.channels])
        hidden, cell = first + self.first_state[0], first + self.first_state[1]
        states = []
        # Unrolled: on two cores 1.5 times as fast as a tf.while_loop, and as fast as one under XLA,
        # which takes half a minute to compile what is unrolled (tests/bench/recurrences.py).
        for row in tf.unstack(gates, axis=1):
            above = tf.tensordot(shifted(hidden, WIDTH, axis=1), self.state_to_state, 1)
            hidden, cell = lstm(row + above, cell)
            states.append(hidden)
        return tf.stack(states, axis=1)

    def call(self, x, bias=None):
        """[B, H, W, 2h] -> the same; `bias` [B, H, W, 4h] is a condition's."""
        return x + self.widen(self.bare(x, bias))


class Steps:
    """A `RowLSTM` one pixel after another, see `cached`: the state goes on row by row."""

    def __init__(self, layer):
        self.seen = 2 * layer.channels  # features of a pixel that `next_row` reads
        self._layer, self._widen = layer, layer.widen.affine()
        self._kernel = layer.input_to_state.in_row()

    def begin(self, width, batch, bias):
        """Above the first row is the learned state."""
        state = tf.zeros([width, batch, 1]) + tf.reshape(self._layer.first_state, [-1])
        return self.next_row(state, (), bias, bias)

    def next_row(self, row, kept, bias, next_bias):
        """What the states of this row [W, B, 2h] give the next: to its gates, and its cells."""
        layer = self._layer
        hidden, cell = tf.split(row, 2, axis=-1)
        above = tf.tensordot(shifted(hidden, WIDTH, axis=0), layer.state_to_state, 1)
        return tf.concat([above + layer.input_to_state.bias + next_bias, cell], axis=-1), ()

    def before_row(self, batch):
        """The features to the left of a row's first pixel."""
        return tf.zeros([batch, WIDTH // 2 * 2 * self._layer.channels])

    def pixel(self, x, above, left):
        """Features [B, 2h] -> (features [B, 2h], the state [B, 2h], the features to the left)."""
        units = self._layer.channels
        seen = tf.concat([left, x], axis=-1)
        gates = tf.matmul(seen, self._kernel) + above[:, : 4 * units]
        hidden, cell = lstm(gates, above[:, 4 * units :])
        features = x + self._widen(hidden)
        return features, tf.concat([hidden, cell], axis=-1), seen[:, 2 * units :]


class RowLSTMModel(likelihood.Likelihood):
    """The likelihood loop over Row LSTMs."""

    block, steps = RowLSTM, Steps
    gray = (32, 3)


def build(config, data_spec, **compile_options):
    """Returns a compiled `RowLSTMModel`; call it inside the strategy's scope."""
    return likelihood.compiled(RowLSTMModel(config, data_spec), **compile_options)
