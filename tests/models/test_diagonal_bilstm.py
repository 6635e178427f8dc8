"""The Diagonal BiLSTM: its layer by hand, its context, and completion given all that is before."""

import itertools
import math

import numpy as np
import pytest

from tests import learning
from tests.contract import ModelCase
from tests.pixelwise import context, drawn, lstm_by_hand, make


def short_run(**extra):
    """Held-out bits per dimension."""
    return learning.pixelwise("diagonal_bilstm", **extra)


def learns():
    learning.beats_independent_pixels(short_run(), 0.35)


# The unrolled recurrence is most of the time that a check takes.
CASE = ModelCase(small={"channels": 6, "blocks": 1, "ends": 8}, learns=learns)


@pytest.mark.parametrize("shape", [(6, 4), (3, 5), (1, 4), (4, 1)])
def test_diagonal_bilstm_by_hand(shape):
    """The skewed loop against its definition: from the left, and from the right a row above."""
    layer = make("diagonal_bilstm", (*shape, 1)).networks[0].blocks[0]
    height, width = shape
    x = np.random.RandomState(2).randn(1, *shape, 8).astype(np.float32)
    maps = []
    for way in range(2):
        given = layer.input_to_state[way](x).numpy()[0]
        given = given[:, ::-1] if way else given
        first_hidden, first_cell = layer.first_state.numpy()[way]
        kernel = layer.state_to_state[way].numpy()
        states = {}
        for row, column in itertools.product(range(height), range(width)):
            left = states.get((row, column - 1), (first_hidden, first_cell))
            above = states.get((row - 1, column), (first_hidden, None))
            seen = np.concatenate([left[0], above[0]])
            states[row, column] = lstm_by_hand(given[row, column] + seen @ kernel, left[1])
        hidden = np.array([[states[r, c][0] for c in range(width)] for r in range(height)])
        maps.append(hidden[:, ::-1] if way else hidden)
    below = np.concatenate([np.zeros_like(maps[1][:1]), maps[1][:-1]])
    np.testing.assert_allclose(layer.bare(x).numpy()[0], maps[0] + below, atol=1e-5)


def test_context_of_a_bare_diagonal_bilstm_is_all_that_was_before():
    row, column = np.mgrid[:9, :15]
    before = (row < 4) | ((row == 4) & (column <= 7))
    np.testing.assert_array_equal(context("diagonal_bilstm", (9, 15)), before)


def test_completion_is_drawn_given_what_is_before():
    """Of two pixels the second given the first, against the exact probabilities."""
    model = make("diagonal_bilstm", (1, 2, 1), 2)
    images = np.tile(np.float32([1.0, 0.0]).reshape(1, 1, 2, 1), (4000, 1, 1, 1))
    mask = np.tile(np.float32([0, 1]).reshape(1, 1, 2, 1), (4000, 1, 1, 1))
    on = model.log_prob(np.float32([[1, 1], [1, 0]]).reshape(2, 1, 2, 1)).numpy()
    exact = 1 / (1 + math.exp(on[1] - on[0]))
    found = drawn(model, "cached", images, mask, num=4000)[:, 0, 1, 0].mean()
    assert abs(found - exact) < 4 * math.sqrt(exact * (1 - exact) / 4000)
