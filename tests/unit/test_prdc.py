"""Precision, recall, density and coverage of points on a line by hand, and of many by force."""

import tracemalloc

import numpy as np
import pytest

from zoo.config import UserError
from zoo.metrics import pairs
from zoo.metrics.prdc import prdc

REAL, DRAWN = (np.array(x, float)[:, None] for x in ([0, 1, 3, 7], [2, 4, 20, 21]))


def by_force(drawn, real, k):
    def distances(x, y):
        return np.sqrt(np.sum((x[:, None] - y) ** 2, axis=-1))

    between = distances(real, drawn)
    real_balls, drawn_balls = (np.sort(distances(x, x))[:, k] for x in (real, drawn))
    inside = between <= real_balls[:, None]
    return {
        "precision": inside.any(axis=0).mean(),
        "recall": (between <= drawn_balls).any(axis=1).mean(),
        "density": inside.sum() / (k * len(drawn)),
        "coverage": inside.any(axis=1).mean(),
    }


def test_balls_to_the_nearest_point_by_hand():
    # Real balls [-1, 1], [0, 2], [1, 5], [3, 11]; drawn ones [0, 4], [2, 6], [19, 21], [20, 22].
    # 2 (on an edge) and 4 are in two real balls each; 0 (on an edge), 1 and 3 are in a drawn one.
    expected = {"precision": 0.5, "recall": 0.75, "density": 1.0, "coverage": 0.75}
    assert prdc(DRAWN, REAL, k=1) == expected
    for scale in (1 / 3, 0.1, 0.7):  # and an edge is inside however it is rounded
        assert prdc(DRAWN * scale, REAL * scale, k=1) == expected
        assert prdc(DRAWN * scale + 1000, REAL * scale + 1000, k=1) == expected


def test_balls_to_the_second_nearest_point_by_hand():
    # Real balls [-3, 3], [-1, 3], [0, 6], [1, 13]: 2 is in four of them and 4 in two.  Drawn balls
    # [-16, 20], [-12, 20], [4, 36], [4, 38].
    expected = {"precision": 0.5, "recall": 1.0, "density": 0.75, "coverage": 1.0}
    assert prdc(DRAWN, REAL, k=2) == expected


def test_one_real_outlier_raises_precision_and_not_density():
    real = np.append(np.arange(10.0), 100.0)[:, None]  # the ball of the last one is [5, 195]
    found = prdc(np.arange(50.0, 70.0)[:, None], real)
    assert found == {"precision": 1.0, "recall": 0.0, "density": 1 / 5, "coverage": 1 / 11}


def test_drawn_outliers_raise_recall_and_not_coverage():
    real, drawn = np.arange(20.0)[:, None], np.array([-500.0, 500.0, 510.0])[:, None]
    assert prdc(drawn, real, k=1) == {
        "precision": 0.0, "recall": 1.0, "density": 0.0, "coverage": 0.0
    }  # fmt: skip


def test_many_points_by_force(monkeypatch):
    random = np.random.RandomState(0)
    real, drawn = random.randn(40, 2), 1.5 * random.randn(30, 2) + 1
    expected = by_force(drawn, real, 5)
    assert all(0.3 < value < 0.95 for value in expected.values())
    assert prdc(drawn, real) == pytest.approx(expected, rel=1e-12)
    monkeypatch.setattr(pairs, "BLOCK", 100)  # two or three rows
    assert prdc(drawn, real) == pytest.approx(expected, rel=1e-12)


def test_a_set_against_itself():
    features = np.random.RandomState(0).randn(200, 8) + 1000
    found = prdc(features, features[::-1])
    assert found == {"precision": 1.0, "recall": 1.0, "density": 6 / 5, "coverage": 1.0}


def test_two_sets_of_one_distribution_have_the_expected_values():
    random = np.random.RandomState(0)
    found = prdc(random.randn(1500, 4), random.randn(1500, 4))
    assert found["density"] == pytest.approx(1, abs=0.05)
    assert found["coverage"] == pytest.approx(1 - 1 / 2**5, abs=0.015)
    assert found["precision"] == pytest.approx(found["recall"], abs=0.03)


def test_memory_does_not_grow_with_the_pairs(monkeypatch):
    monkeypatch.setattr(pairs, "BLOCK", 2**16)
    features = np.random.RandomState(0).randn(4000, 2)
    tracemalloc.start()
    prdc(features, features)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5e6, "all pairs take 128 MB"


@pytest.mark.parametrize(
    ("features", "reference", "said"),
    [
        (np.zeros((5, 3)), np.ones((6, 3)), "needs features .* at least 6 examples"),
        (np.ones((6, 3)), np.zeros((5, 3)), "needs reference .* at least 6 examples"),
        (np.eye(6), np.eye(7), "width 6 .* width 7"),
        (np.full((6, 2), np.nan), np.zeros((6, 2)), "features contain NaN or infinity"),
    ],
)
def test_prdc_refuses(features, reference, said):
    with pytest.raises(UserError, match=said):
        prdc(features, reference)
