"""The table of several runs by hand."""

import pytest

from zoo.metrics import joint


def test_means_and_their_spread_over_training_seeds():
    counts = {"drawn": 10, "real": 10}
    runs = [
        {"frechet": {"mean": mean, "sd": 0.5, "each": [0, 1], "real": 0.1, "counts": counts}}
        for mean in (1.0, 2.0, 6.0)
    ]
    found = joint.joined(runs)["frechet"]
    assert found["mean"] == pytest.approx(3)
    assert found["sd"] == pytest.approx(7**0.5)  # ((-2)² + (-1)² + 3²) / 2
    assert found["each"] == [1, 2, 6]
    assert (found["over"], found["real"], found["counts"]) == ("training seeds", 0.1, counts)


def test_classes_are_averaged():
    runs = [{"within": {"mean": 2.0, "by_class": {"a": a, "b": 3.0}}} for a in (1.0, 4.0)]
    assert joint.joined(runs)["within"]["by_class"] == {"a": 2.5, "b": 3.0}


def test_what_differs_between_the_runs_is_left_out():
    runs = [{"nll": {"mean": 80.0, "independent_pixels": own}} for own in (200.0, 201.0)]
    assert "independent_pixels" not in joint.joined(runs)["nll"]
