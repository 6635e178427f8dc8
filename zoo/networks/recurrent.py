"""The LSTM step of a PixelRNN (1601.06759, eq. 3)."""

import numpy as np
import tensorflow as tf


def lstm(gates, cell):
    """One step: gates [..., 4h] before their activations, cell [..., h] -> (hidden, cell).

    The gates lie in the order output, forget, input, content; the content's activation is tanh.
    """
    units = cell.shape[-1]
    opening, content = tf.split(gates, [3 * units, units], axis=-1)
    output, forget, input_ = tf.split(tf.sigmoid(opening), 3, axis=-1)
    cell = forget * cell + input_ * tf.tanh(content)
    return output * tf.tanh(cell), cell


def gate_biases(units):
    """Returns the first biases of the gates [4h]: 1 for the forget gate, as is usual."""
    return np.repeat(np.float32([0, 1, 0, 0]), units)


def shifted(hidden, width, axis):
    """[..., h] -> [..., width * h]: beside each place its neighbors along `axis`, zeros outside.

    With one matrix product after it this is a convolution, and faster than one on so few rows.
    """
    side, count = width // 2, hidden.shape[axis]
    padding = [[0, 0]] * len(hidden.shape)
    padding[axis] = [side, side]
    padded, whole = tf.pad(hidden, padding), (slice(None),) * axis
    return tf.concat([padded[(*whole, slice(i, i + count))] for i in range(width)], axis=-1)
