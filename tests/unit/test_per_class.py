"""Figures within a class by hand, and that they see one picture for each class."""

import numpy as np
import pytest

from zoo.config import UserError
from zoo.metrics import evaluator, frechet, per_class

LABELS = np.array([0, 0, 1, 1])


def test_distances_in_one_dimension_by_hand():
    # Class 0: means 1 and 6, variances 2 and 18: (5² + (√18 - √2)²) / 18.  Class 1: the same pairs.
    drawn, real = np.array([[0.0], [2], [5], [7]]), np.array([[3.0], [9], [7], [5]])
    found = per_class.distances(drawn, LABELS, real, LABELS)
    assert found == {0: pytest.approx(33 / 18, abs=1e-12), 1: pytest.approx(0, abs=1e-12)}
    order = [2, 0, 3, 1]
    assert per_class.distances(drawn[order], LABELS[order], real, LABELS) == found


def test_spread_by_hand():
    # Drawn variances 2 and 8, real ones 18 and 2; the distance between the classes is nothing.
    drawn, real = np.array([[0.0], [2], [90], [94]]), np.array([[3.0], [9], [7], [5]])
    found = per_class.spread(drawn, LABELS, real, LABELS)
    assert found == pytest.approx((2 + 8) / (18 + 2), abs=1e-12)
    both = np.hstack([drawn, drawn]), np.hstack([real, 2 * real])
    expected = (2 * (2 + 8)) / (5 * (18 + 2))  # the trace, over two features
    assert per_class.spread(both[0], LABELS, both[1], LABELS) == pytest.approx(expected, abs=1e-12)


def test_spread_is_unbiased_on_few_pictures():
    random = np.random.RandomState(0)
    labels = np.arange(8) % 2
    found = [
        per_class.spread(random.randn(8, 3), labels, random.randn(4000, 3), np.arange(4000) % 2)
        for _ in range(400)
    ]
    assert np.mean(found) == pytest.approx(1, abs=4 * np.std(found) / 20)


def test_one_picture_a_class_looks_bad():
    """Most of the variance is between the classes, which the distance over all pictures sees."""
    random = np.random.RandomState(0)
    centers = 10 * random.randn(10, 4)
    labels = np.arange(2000) % 10
    real, good = (centers[labels] + random.randn(2000, 4) for _ in range(2))
    single = centers[labels]
    assert frechet.relative(single, real) < 0.02
    within = per_class.distances(single, labels, real, labels)
    assert min(within.values()) > 0.9
    assert max(per_class.distances(good, labels, real, labels).values()) < 0.1
    assert per_class.spread(single, labels, real, labels) < 1e-20
    assert per_class.spread(good, labels, real, labels) == pytest.approx(1, abs=0.05)


def test_a_bad_class_is_the_worst():
    random = np.random.RandomState(0)
    labels = np.arange(300) % 3
    real, drawn = random.randn(2, 300, 2)
    drawn[labels == 1] += 2
    found = per_class.distances(drawn, labels, real, labels)
    assert max(found, key=found.get) == 1
    assert found[1] > 5 * max(found[0], found[2])


def test_equal_counts_of_each_class():
    labels = np.array([2, 0, 2, 2, 0, 1, 2])
    np.testing.assert_array_equal(per_class.first(labels, 2), [0, 1, 2, 4, 5])
    np.testing.assert_array_equal(per_class.first(labels, 1), [0, 1, 5])
    assert per_class.rarest(labels, 3) == 1
    assert per_class.rarest(labels, 4) == 0


def test_too_few_pictures_are_refused():
    features, labels = np.random.RandomState(0).randn(12, 3), np.arange(12) % 2
    per_class.distances(features, labels, features, labels)
    with pytest.raises(UserError, match=r"5 drawn pictures of class 1, and .* needs 6"):
        per_class.distances(features[:-1], labels[:-1], features, labels)
    with pytest.raises(UserError, match=r"0 real pictures of class 1, and .* needs 2"):
        per_class.spread(features, labels, features, np.zeros(12, int))
    with pytest.raises(UserError, match="all alike"):
        per_class.spread(features, labels, np.ones((12, 3)), labels)


def test_few_pictures_of_each_class_are_seen_within_it():
    """Of MNIST: real pictures, and a model that draws the same ten, or one, of each class."""
    frozen, random = evaluator.load("mnist"), np.random.RandomState(0)
    features, labels = frozen.floor
    judge = per_class.Judge(
        frozen.real, frozen.floor, 1000, list("0123456789"), ["spread", "frechet_per_class"]
    )
    assert judge.count == 892
    table = {}
    for count in (10_000, 10, 1):
        drawn = np.empty_like(features)
        for label in range(10):
            own = np.flatnonzero(labels == label)
            drawn[own] = features[
                own if count > len(own) else own[random.randint(0, count, len(own))]
            ]
        within = judge.of(drawn, labels)
        table[count] = (
            frechet.relative(drawn, frozen.real.features),
            within["frechet_per_class"]["value"],
            within["spread"],
        )
        print(f"{count:6}" + "".join(f"{value:10.4f}" for value in table[count]))
        assert list(within["frechet_per_class"]["by_class"]) == list("0123456789")
    real, ten, one = table.values()
    assert real == (
        pytest.approx(0.002, abs=0.0005),
        pytest.approx(0.027, abs=0.005),
        pytest.approx(1, abs=0.1),
    )
    assert ten[0] < 0.05  # as low as a good model has it
    assert ten[1] > 15 * real[1]
    assert one[1] > 3 * ten[1] > 4 * one[0]
    assert ten[2] == pytest.approx(1, abs=0.2)
    assert one[2] == 0
