"""The kernel distance by hand, and that its estimate is unbiased."""

import math
import tracemalloc

import numpy as np
import pytest

from zoo.config import UserError
from zoo.metrics import pairs
from zoo.metrics.kernel import kernel_distance


def by_double_sums(one, other):
    def k(x, y):
        return (sum(a * b for a, b in zip(x, y, strict=True)) / len(x) + 1) ** 3

    def within(points):
        values = [k(x, y) for i, x in enumerate(points) for j, y in enumerate(points) if i != j]
        return sum(values) / (len(points) * (len(points) - 1))

    between = sum(k(x, y) for x in one for y in other) / (len(one) * len(other))
    return within(one) + within(other) - 2 * between


def test_distance_in_one_dimension_by_hand():
    # k(0, 2) = 1 and k(1, 3) = 4³; between: (1 + 1 + 3³ + 7³) / 4 = 93.
    assert kernel_distance([[0], [2]], [[1], [3]]) == pytest.approx(1 + 64 - 2 * 93, abs=1e-12)


def test_distance_is_the_papers_double_sums(monkeypatch):
    one = [[1.0, 2.0, 0.5], [0.0, -1.0, 3.0], [3.0, 0.0, 1.0], [0.5, 0.5, 0.5], [2.0, 1.0, -2.0]]
    other = [[1.0, 0.0, 2.0], [2.0, 2.0, 2.0], [-1.0, 4.0, 0.0]]
    expected = by_double_sums(one, other)
    assert abs(expected) > 1
    assert kernel_distance(one, other) == pytest.approx(expected, rel=1e-12)
    assert kernel_distance(other, one) == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(pairs, "BLOCK", 7)  # a block of two rows, and a last one of one
    assert kernel_distance(one, other) == pytest.approx(expected, rel=1e-12)
    single = kernel_distance(np.float32(one), np.float32(other))
    assert single == pytest.approx(expected, rel=1e-12)  # these numbers are exact in float32


def test_distance_of_two_halves_is_0_in_expectation():
    random = np.random.RandomState(0)
    points = random.randn(60, 4) + 0.5
    found = []
    for _ in range(400):
        rows = random.permutation(60)
        found.append(kernel_distance(points[rows[:20]], points[rows[20:]]))
    error = np.std(found) / math.sqrt(len(found))
    assert abs(np.mean(found)) < 4 * error
    assert np.mean(np.less(found, 0)) > 0.3
    # The biased estimate, whose sums have the pairs of an example with itself, is far above 0.
    biased = np.mean([(np.sum(x * x) / 4 + 1) ** 3 for x in points]) * (1 / 20 + 1 / 40)
    assert biased > 20 * error


def test_memory_does_not_grow_with_the_pairs(monkeypatch):
    monkeypatch.setattr(pairs, "BLOCK", 2**16)
    features = np.random.RandomState(0).randn(4000, 2)
    tracemalloc.start()
    kernel_distance(features, features)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6, "all pairs take 128 MB"


@pytest.mark.parametrize(
    ("features", "reference", "said"),
    [
        (np.zeros((1, 3)), np.ones((5, 3)), "needs features .* at least 2 examples"),
        (np.ones((5, 3)), np.zeros((1, 3)), "needs reference .* at least 2 examples"),
        (np.zeros(5), np.zeros((5, 1)), "at least 2 examples"),
        (np.eye(3), np.eye(4), "width 3 .* width 4"),
        ([[0.0], [math.nan]], [[0.0], [1.0]], "features contain NaN or infinity"),
        ([[0.0], [1.0]], [[0.0], [math.inf]], "reference contain NaN or infinity"),
    ],
)
def test_distance_refuses(features, reference, said):
    with pytest.raises(UserError, match=said):
        kernel_distance(features, reference)
