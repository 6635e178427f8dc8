"""The Parzen window by hand, against scikit-learn's, and the choice of its width."""

import math
import tracemalloc

import numpy as np
import pytest
from sklearn.neighbors import KernelDensity

from zoo.config import UserError
from zoo.metrics import pairs
from zoo.metrics.parzen import SIGMAS, Judge, log_likelihood, parzen


def test_two_points_in_one_dimension_by_hand():
    # Of 0 and 2, at 1: both are 1 away, so the mixture is one Gaussian's density at 1.  At 3: one
    # is 3 away and the other 1.
    for sigma in (0.5, 1.0, 2.0):

        def gaussian(distance, sigma=sigma):
            return math.exp(-(distance**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))

        ((between, beside),) = log_likelihood([[0.0], [2.0]], [[1.0], [3.0]], [sigma])
        assert between == pytest.approx(math.log(gaussian(1)), abs=1e-12)
        assert beside == pytest.approx(math.log((gaussian(3) + gaussian(1)) / 2), abs=1e-12)


def test_every_dimension_has_its_scale():
    # One sample at the point itself: -d/2 log(2π σ²).
    ((found,),) = log_likelihood(np.ones((1, 784)), np.ones((1, 784)), [0.2])
    assert found == pytest.approx(-784 / 2 * math.log(2 * math.pi * 0.04), rel=1e-12)


def test_it_is_a_kernel_density(monkeypatch):
    random = np.random.RandomState(0)
    samples, pictures = random.rand(60, 7), random.rand(25, 7)
    sigmas = (0.05, 0.3, 2.0)
    expected = [KernelDensity(bandwidth=s).fit(samples).score_samples(pictures) for s in sigmas]
    np.testing.assert_allclose(log_likelihood(samples, pictures, sigmas), expected, rtol=1e-9)
    monkeypatch.setattr(pairs, "BLOCK", 130)  # two pictures a block, and a last one of one
    np.testing.assert_allclose(log_likelihood(samples, pictures, sigmas), expected, rtol=1e-9)


def test_nothing_underflows_far_away():
    ((found,),) = log_likelihood([[0.0], [1.0]], [[1000.0]], [0.01])
    by_hand = -(999.0**2) / (2 * 1e-4) - math.log(2) - math.log(0.01 * math.sqrt(2 * math.pi))
    assert found == pytest.approx(by_hand, rel=1e-12)


def test_the_width_is_the_best_on_validation_pictures_and_not_on_the_test():
    random = np.random.RandomState(0)
    samples, validation = random.randn(400, 1), random.randn(300, 1)
    test = samples[:50]  # which alone would choose the narrowest
    found = parzen(samples, validation, test)
    each = log_likelihood(samples, validation, SIGMAS).mean(axis=1)
    assert found["sigma"] == SIGMAS[int(each.argmax())]
    assert 0.1 < found["sigma"] < 0.8
    (nats,) = log_likelihood(samples, test, [found["sigma"]])
    assert found["value"] == pytest.approx(nats.mean(), abs=1e-12)
    assert found["standard_error"] == pytest.approx(nats.std(ddof=1) / math.sqrt(50), abs=1e-12)
    # Of as many samples of the true density itself, it is a little below the entropy's -1.42.
    entropy = -0.5 * math.log(2 * math.pi * math.e)
    assert (
        entropy - 0.1 < parzen(samples, validation, random.randn(300, 1))["value"] < entropy + 0.1
    )


def test_the_judge_compares_as_many_drawn_as_real_pictures():
    random = np.random.RandomState(0)
    train, test, drawn = (np.float32(random.rand(count, 2, 2, 1)) for count in (40, 6, 30))
    flat = [x.reshape(-1, 4) for x in (train, test, drawn)]
    judge = Judge(train, test, 20)
    assert judge.counts == {"drawn": 20, "real": 20, "held_out": 6, "validation": 4}
    assert judge.of(drawn) == parzen(flat[2][:20], flat[0][36:], flat[1])
    every = Judge(train, test, 1000)
    assert every.counts["drawn"] == every.counts["real"] == 36
    # The floor is of other pictures than those that the width is chosen on.
    expected = parzen(flat[0][:36], flat[0][36:], flat[1])
    assert every.real == {key: pytest.approx(value) for key, value in expected.items()}


def test_the_grid_has_the_authors_ten_values():
    assert np.isclose(np.asarray(SIGMAS)[:, None], np.logspace(-1, 0, 10)).sum() == 10
    np.testing.assert_allclose(np.diff(np.log10(SIGMAS)), 1 / 9)


def test_memory_does_not_grow_with_the_pairs(monkeypatch):
    monkeypatch.setattr(pairs, "BLOCK", 2**14)
    samples, pictures = np.random.RandomState(0).rand(2, 2000, 3)
    tracemalloc.start()
    log_likelihood(samples, pictures, SIGMAS[:2])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2e6  # all pairs would take 32 MB


@pytest.mark.parametrize(
    ("samples", "test", "said"),
    [
        (np.zeros((0, 3)), np.zeros((5, 3)), "at least 2 examples"),
        (np.zeros((5, 3)), np.zeros((1, 3)), "at least 2 examples"),
        (np.zeros((5, 3)), np.zeros((5, 4)), "width 3 cannot be compared"),
        (np.full((5, 3), np.nan), np.zeros((5, 3)), "NaN or infinity"),
    ],
)
def test_bad_arrays_are_refused(samples, test, said):
    with pytest.raises(UserError, match=said):
        parzen(samples, np.zeros((5, 3)), test)
