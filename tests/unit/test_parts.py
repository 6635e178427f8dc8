"""Work in parts of bounded memory, whose results do not depend on the parts."""

import numpy as np
import pytest

import zoo.parts
from zoo.parts import BUDGET, MOST, parts, slices, watched
from zoo.sampling import loading


@pytest.mark.parametrize(
    ("count", "values", "size"),
    [(10_000, 28 * 28 * 2, MOST), (500, 64, 500), (1024, 32 * 32 * 3 * 256, 81), (3, 10**9, 1)],
)
def test_parts_cover_all_and_keep_the_budget(count, values, size):
    slices = parts(count, values)
    rows = np.concatenate([np.arange(count)[part] for part in slices])
    np.testing.assert_array_equal(rows, np.arange(count))
    assert slices[0].stop == size
    assert max(part.stop - part.start for part in slices) == size
    assert size == 1 or 4 * values * size <= BUDGET


def test_a_watch_is_told_after_the_work_on_each_part():
    seen = []
    for rows in watched(slices(5, 2), lambda *done: seen.append(done)):
        seen.append(rows.start)
    assert seen == [0, (2, 5), 2, (4, 5), 4, (5, 5)]
    assert list(watched(slices(5, 2), None)) == slices(5, 2)


@pytest.mark.slow
def test_results_do_not_depend_on_the_parts(runs, digits, monkeypatch):
    drawn = loading.load(runs("pixelcnn"))
    images = digits.examples("test", 40)[0]
    mask = np.ones((8, 8))
    whole = drawn.log_prob(images), drawn.sample(40, 3), drawn.complete(images[:9], mask, 3)
    monkeypatch.setattr(zoo.parts, "MOST", 7)
    np.testing.assert_allclose(drawn.log_prob(images), whole[0], rtol=1e-5)
    np.testing.assert_allclose(drawn.sample(40, 3), whole[1], atol=1e-5)
    np.testing.assert_allclose(drawn.complete(images[:9], mask, 3), whole[2], atol=1e-5)
