"""The Row LSTM: its layer by hand and its triangular context."""

import numpy as np

from tests import learning
from tests.contract import ModelCase
from tests.pixelwise import GRAY, context, lstm_by_hand, make


def short_run(**extra):
    """Held-out bits per dimension."""
    return learning.pixelwise("row_lstm", **extra)


def learns():
    learning.beats_independent_pixels(short_run(), 0.35)


# The unrolled recurrence is most of the time that a check takes.
CASE = ModelCase(small={"channels": 6, "blocks": 1, "ends": 8}, learns=learns)


def test_row_lstm_by_hand():
    """The layer against its definition, pixel by pixel."""
    layer = make("row_lstm", GRAY).networks[0].blocks[0]
    x = np.random.RandomState(2).randn(1, *GRAY[:2], 8).astype(np.float32)
    gates = layer.input_to_state(x).numpy()[0]
    kernel, first = layer.state_to_state.numpy(), layer.first_state.numpy()
    height, width = GRAY[:2]
    hidden = np.repeat(first[None, :1], width, axis=1)[0]
    cell = np.repeat(first[None, 1:], width, axis=1)[0]
    for row in range(height):
        padded = np.pad(hidden, [[1, 1], [0, 0]])
        found = [
            lstm_by_hand(gates[row, c] + padded[c : c + 3].ravel() @ kernel, cell[c])
            for c in range(width)
        ]
        hidden, cell = (np.stack(part) for part in zip(*found, strict=True))
        np.testing.assert_allclose(layer.bare(x).numpy()[0, row], hidden, atol=1e-5)


def test_context_of_a_bare_row_lstm_is_a_triangle():
    row, column = np.mgrid[:9, :15]
    up = 4 - row
    triangle = (up >= 0) & (column <= 7 + up) & (column >= 7 - up - 1)
    np.testing.assert_array_equal(context("row_lstm", (9, 15)), triangle)
