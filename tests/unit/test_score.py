"""The classifier score by hand."""

import numpy as np
import pytest

from zoo.config import UserError
from zoo.metrics.score import classifier_score


def test_by_hand():
    # p(y) is [0.5, 0.5]; KL of [0.9, 0.1] to it is 0.9 log 1.8 + 0.1 log 0.2 = 0.368064 nats.
    found = classifier_score([[0.9, 0.1], [0.1, 0.9]])
    assert found == pytest.approx(np.exp(0.368064), abs=1e-5)
    # p(y) is [0.75, 0.25]; KL is log 4/3 of the first and 0.5 log(4/6) + 0.5 log 2 of the second.
    expected = np.exp((np.log(4 / 3) + 0.5 * np.log(2 / 3) + 0.5 * np.log(2)) / 2)
    assert classifier_score([[1, 0], [0.5, 0.5]]) == pytest.approx(expected, abs=1e-12)


def test_ends():
    assert classifier_score(np.eye(10)) == pytest.approx(10, abs=1e-12)
    assert classifier_score(np.full((7, 10), 0.1)) == pytest.approx(1, abs=1e-12)
    assert classifier_score(np.eye(10)[[3, 3, 3]]) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("probabilities", "said"),
    [
        ([0.5, 0.5], r"probabilities \[N, classes\], not \[2\]"),
        (np.zeros((0, 10)), r"not \[0, 10\]"),
        ([[0.5, 0.6]], "have the sum 1"),
        ([[1.5, -0.5]], "at least 0"),
        ([[np.nan, 1.0]], "at least 0"),
    ],
)
def test_what_is_no_probability_is_refused(probabilities, said):
    with pytest.raises(UserError, match=said):
        classifier_score(probabilities)
