"""The judge of pictures: one count on all sides, the same pictures each time."""

import numpy as np
import pytest

from zoo.metrics import figures, frechet, kernel, pictures, prdc, score

RANDOM = np.random.RandomState(0)
REAL, FLOOR, DRAWN = (RANDOM.rand(count, 4) + 0.1 * count / 50 for count in (50, 40, 30))


class Seen:
    """A classifier whose pictures are features already."""

    def features(self, images):
        return images

    def probabilities(self, features):
        return features / features.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("num", "count"), [(20, 20), (30, 30), (90, 40)])
def test_all_sides_are_as_many(num, count):
    judge = pictures.Judge(Seen(), REAL, FLOOR, num, figures.PICTURES)
    assert judge.count == count
    sides = {"drawn": count, "real": count, "held_out": count}
    assert judge.counts == dict.fromkeys(figures.PICTURES, sides)
    real, floor = REAL[pictures.some(50, count)], FLOOR[pictures.some(40, count)]
    assert len(real) == len(floor) == count
    drawn = RANDOM.rand(num, 4)
    for features, found in (
        (floor, judge.real),
        (drawn[pictures.some(num, count)], judge.of(drawn)),
    ):
        assert found == {
            "frechet": frechet.relative(features, real),
            "kernel": kernel.kernel_distance(features, real),
            **prdc.prdc(features, real),
            "score": score.classifier_score(Seen().probabilities(features)),
        }
    assert judge.whole == {"frechet": frechet.relative(FLOOR, REAL[pictures.some(50, 40)])}


def test_only_some_are_taken_and_in_their_order():
    for count, wanted in ((100, 30), (30, 100), (7, 7)):
        rows = pictures.some(count, wanted)
        assert len(set(rows)) == min(count, wanted)
        np.testing.assert_array_equal(rows, np.sort(rows))
        np.testing.assert_array_equal(rows, pictures.some(count, wanted))
    assert pictures.some(1000, 100).mean() == pytest.approx(500, abs=100)  # not the first ones


def test_what_is_not_asked_for_is_not_taken():
    judge = pictures.Judge(Seen(), REAL, FLOOR, 30, ("score", "recall"))
    assert list(judge.real) == list(judge.of(DRAWN)) == ["score", "recall"]
    assert judge.whole == {}
