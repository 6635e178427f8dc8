"""Distances and covers by hand, and the classifier that is trained."""

import itertools
import math

import keras
import numpy as np
import pytest
import scipy.linalg

from zoo.config import UserError
from zoo.metrics import modes
from zoo.metrics.classifier import FEATURES, Classifier
from zoo.metrics.frechet import frechet_distance, relative
from zoo.metrics.modes import mode_coverage, near_curve

CROSS = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]) * math.sqrt(1.5)  # mean 0, covariance I
SQUARE = [[0, 0], [10, 0], [0, 10], [10, 10]]


def test_distance_in_one_dimension_by_hand():
    # Means 1 and 6, variances 2 and 18: 5² + (√18 - √2)² = 25 + 8.
    assert frechet_distance([[0], [2]], [[3], [9]]) == pytest.approx(33, abs=1e-12)
    assert relative([[0], [2]], [[3], [9]]) == pytest.approx(33 / 18, abs=1e-12)
    assert relative([[3], [9]], [[0], [2]]) == pytest.approx(33 / 2, abs=1e-12)


def test_distance_of_diagonal_covariances_by_hand():
    one, other = CROSS * [1, 3] + [1, 0], CROSS * [2, 7] + [0, 2]
    # 1² + 2² between the means, (2 - 1)² + (7 - 3)² between the deviations.
    assert frechet_distance(one, other) == pytest.approx(22, abs=1e-10)


def test_distance_of_covariances_that_do_not_commute_by_hand():
    # C1 = [[4, 2], [2, 10]] and C2 = [[9, -3], [-3, 2]]: tr C1 C2 = 44, det C1 C2 = 36 · 9, and a
    # 2x2 root has the trace √(tr + 2 √det) = √80.
    one, other = CROSS @ [[2, 1], [0, 3]], CROSS @ [[3, -1], [0, 1]]
    np.testing.assert_allclose(np.cov(one.T), [[4, 2], [2, 10]], atol=1e-12)
    np.testing.assert_allclose(np.cov(other.T), [[9, -3], [-3, 2]], atol=1e-12)
    assert frechet_distance(one, other) == pytest.approx(25 - 2 * math.sqrt(80), abs=1e-10)


def test_distance_is_the_papers_formula():
    random = np.random.RandomState(0)
    one = random.randn(500, 64) @ random.randn(64, 64)
    other = random.randn(400, 64) @ random.randn(64, 64) + 1
    c1, c2 = np.cov(one.T), np.cov(other.T)
    values, vectors = np.linalg.eigh(c1)
    root = vectors * np.sqrt(values) @ vectors.T
    overlap = np.sqrt(np.linalg.eigvalsh(root @ c2 @ root)).sum()
    mean = np.sum((one.mean(axis=0) - other.mean(axis=0)) ** 2)
    expected = mean + np.trace(c1) + np.trace(c2) - 2 * overlap
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("lowest", [1.0, 1e-5])
def test_distance_is_that_of_scipys_square_root(lowest):
    """The formula as it is usually computed; deviations down to 1e-5 of the largest are variances
    of 1e-10 of it, so the covariances are near-singular."""
    random = np.random.RandomState(0)
    scales = np.geomspace(1, lowest, 24)
    turns = [np.linalg.qr(random.randn(24, 24))[0] for _ in range(2)]
    one, other = (random.randn(900, 24) * scales @ turn + 0.2 * i for i, turn in enumerate(turns))
    c1, c2 = np.cov(one.T), np.cov(other.T)
    overlap = np.trace(scipy.linalg.sqrtm(c1 @ c2)).real
    mean = np.sum((one.mean(axis=0) - other.mean(axis=0)) ** 2)
    expected = mean + np.trace(c1) + np.trace(c2) - 2 * overlap
    assert frechet_distance(one, other) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("count", [3, 50])
def test_distance_of_a_set_to_itself_is_0(count):
    features = np.random.RandomState(0).randn(count, 20) + 1000
    assert 0 <= frechet_distance(features, features) < 1e-10
    assert 0 <= frechet_distance(features, features[::-1]) < 1e-10
    single = features.astype(np.float32)
    assert frechet_distance(single, single) < 1e-10


def test_distance_of_singular_covariances_by_hand():
    random = np.random.RandomState(0)
    direction, other = np.eye(20)[0], random.randn(300, 20)
    # Two points at ±e1: C1 = 2 e1 e1ᵀ, and the root's trace is √(2 C2[0, 0]).
    line = np.stack([direction, -direction])
    covariance = np.cov(other.T)
    expected = (
        np.sum(other.mean(axis=0) ** 2)
        + (2 + np.trace(covariance) - 2 * math.sqrt(2 * covariance[0, 0]))
    )  # fmt: skip
    assert frechet_distance(line, other) == pytest.approx(expected, rel=1e-12)
    assert frechet_distance(other, line) == pytest.approx(expected, rel=1e-12)
    # Lines at right angles have nothing in common: 2 + 2.
    across = np.stack([np.eye(20)[1], -np.eye(20)[1]])
    assert frechet_distance(line, across) == pytest.approx(4, abs=1e-12)
    # A feature that never changes is no feature.
    padded = [np.pad(part, ((0, 0), (0, 5))) for part in (line, other)]
    assert frechet_distance(*padded) == pytest.approx(expected, rel=1e-12)


def test_distance_under_motions():
    random = np.random.RandomState(0)
    one, other = random.randn(30, 8), 2 * random.randn(40, 8) + 1
    turn, _ = np.linalg.qr(random.randn(8, 8))
    before = frechet_distance(one, other)
    assert before > 1
    assert frechet_distance(other, one) == pytest.approx(before, rel=1e-10)
    assert frechet_distance(one @ turn + 3, other @ turn + 3) == pytest.approx(before, rel=1e-10)
    assert frechet_distance(5 * one, 5 * other) == pytest.approx(25 * before, rel=1e-10)
    assert relative(5 * one, 5 * other) == pytest.approx(relative(one, other), rel=1e-10)


def test_relative_distance_of_the_mean_is_1():
    reference = np.random.RandomState(0).randn(50, 6) * np.arange(1, 7)
    assert relative(np.repeat(reference.mean(axis=0)[None], 9, 0), reference) == pytest.approx(1)


@pytest.mark.parametrize(
    ("features", "reference", "said"),
    [
        (np.zeros((1, 3)), np.ones((5, 3)), "at least 2 examples"),
        (np.ones((5, 3)), np.zeros((1, 3)), "reference .* at least 2 examples"),
        (np.zeros(5), np.zeros((5, 1)), "at least 2 examples"),
        (np.eye(3), np.eye(4), "width 3 .* width 4"),
        ([[0.0], [math.nan]], [[0.0], [1.0]], "features hold values that are not finite"),
        ([[0.0], [1.0]], [[0.0], [math.inf]], "reference hold values that are not finite"),
    ],
)
def test_distance_refuses(features, reference, said):
    for measure in (frechet_distance, relative):
        with pytest.raises(UserError, match=said):
            measure(features, reference)


def test_relative_distance_needs_a_scale():
    with pytest.raises(UserError, match="all alike"):
        relative(np.eye(3), np.ones((4, 3)))


def test_modes_by_hand():
    # Good: three at the first center, one at the second; bad: one beyond 3 sd of the fourth.
    points = [[0, 0], [2.9, 0], [0, -2.9], [10, 2.9], [10, 13.1]]
    found = mode_coverage(points, SQUARE, 1.0)
    assert found[:2] == (2, 0.8)
    assert found[2] == pytest.approx(0.75 * math.log(3), abs=1e-12)  # (3/4, 1/4) from 1/4 each


def test_a_good_point_belongs_to_its_nearest_mode_alone():
    # Within 3 sd of all four centers.
    assert mode_coverage([[4, 4]], SQUARE, 3.0) == (1, 1.0, pytest.approx(math.log(4)))


def test_even_and_uneven_covers():
    even = mode_coverage(SQUARE, SQUARE, 1.0)
    assert even == (4, 1.0, pytest.approx(0, abs=1e-12))
    uneven = mode_coverage(SQUARE + 96 * [SQUARE[0]], SQUARE, 1.0)
    assert uneven[:2] == (4, 1.0)
    by_hand = 0.97 * math.log(0.97 * 4) + 3 * 0.01 * math.log(0.01 * 4)
    assert uneven[2] == pytest.approx(by_hand, abs=1e-12)


def test_no_good_point_covers_nothing():
    assert mode_coverage([[50, 50]], SQUARE, 1.0) == (0, 0.0, math.log(4))


def test_the_mixtures_own_points():
    random = np.random.RandomState(0)
    grid = np.stack(np.meshgrid(range(5), range(5)), axis=-1).reshape(-1, 2)
    points = grid[random.randint(0, 25, 50000)] + 0.05 * random.randn(50000, 2)
    count, good, kl = mode_coverage(points, grid, 0.05)
    assert count == 25
    assert good == pytest.approx(1 - math.exp(-4.5), abs=0.002)
    assert kl < 0.001


@pytest.mark.parametrize(
    ("points", "centers", "sd", "said"),
    [
        (np.zeros((0, 2)), SQUARE, 1.0, "points must have the shape"),
        (np.zeros((5, 3)), SQUARE, 1.0, "points must have the shape"),
        (SQUARE, np.zeros(2), 1.0, "centers must have the shape"),
        ([[0.0, math.nan]], SQUARE, 1.0, "points hold values that are not finite"),
        (SQUARE, [[math.inf, 0.0]], 1.0, "centers hold values that are not finite"),
        (SQUARE, SQUARE, 0.0, "sd must be above 0"),
        (SQUARE, SQUARE, math.nan, "sd must be above 0"),
    ],
)
def test_mode_coverage_refuses(points, centers, sd, said):
    with pytest.raises(UserError, match=said):
        mode_coverage(points, centers, sd)


@pytest.mark.parametrize(
    ("point", "distance"),
    [
        ([2, 1], 1),  # beside the first segment
        ([2, -1.5], 1.5),
        ([-3, -4], 5),  # before the start
        ([4, 6], 3),  # beyond the end
        ([7, -4], 5),  # outside the corner
        ([3, 1.5], 1),  # inside it, where the second segment is nearer
    ],
)
def test_distance_to_a_corner_by_hand(point, distance):
    curve = [[0, 0], [4, 0], [4, 3]]
    assert near_curve([point], curve, distance + 1e-9) == 1.0
    assert near_curve([point], curve, distance - 1e-9) == 0.0


def test_a_segment_of_no_length_is_a_point():
    curve = [[0, 0], [0, 0], [4, 0]]
    assert near_curve([[-3, 4], [0, 0.5], [2, 6]], curve, 5) == pytest.approx(2 / 3)


def test_share_of_many_points_near_a_spiral():
    random = np.random.RandomState(0)
    turn = np.linspace(1.5, 4.5, 60) * math.pi
    spiral = np.stack([turn * np.cos(turn), turn * np.sin(turn)], axis=-1)
    points = random.uniform(-15, 15, (2 * modes.CHUNK + 7, 2))
    fine = np.concatenate(
        [a + np.linspace(0, 1, 50)[:, None] * (b - a) for a, b in itertools.pairwise(spiral)]
    )
    by_force = [np.hypot(*(fine - point).T).min() <= 1 for point in points]
    found = near_curve(points, spiral, 1.0)
    assert 0.1 < found < 0.9
    assert found == pytest.approx(np.mean(by_force), abs=0.002)
    assert near_curve(spiral, spiral, 1e-6) == 1.0


@pytest.mark.parametrize(
    ("points", "curve", "distance", "said"),
    [
        (np.zeros((0, 2)), SQUARE, 1.0, "points must have the shape"),
        (SQUARE, [[0, 0]], 1.0, "curve must have the shape .* at least 2"),
        (SQUARE, [[0.0, 0.0], [math.nan, 1.0]], 1.0, "curve hold values that are not finite"),
        (SQUARE, SQUARE, -1.0, "distance must be above 0"),
    ],
)
def test_near_curve_refuses(points, curve, distance, said):
    with pytest.raises(UserError, match=said):
        near_curve(points, curve, distance)


@pytest.fixture(scope="module")
def parts():
    """((train images, labels), (test images, labels)) of the 8x8 digits."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    rows = np.random.RandomState(0).permutation(len(bunch.target))
    images = (bunch.images / 16).astype(np.float32)[rows, ..., None]
    labels = bunch.target[rows]
    return (images[:1500], labels[:1500]), (images[1500:], labels[1500:])


@pytest.fixture(scope="module")
def classifier(parts):
    return Classifier.fit(*parts[0], 10)


@pytest.mark.slow
def test_classifier_knows_held_out_digits(parts, classifier):
    images, labels = parts[1]
    found = classifier.predict(images)
    assert found.shape == labels.shape
    assert np.mean(found == labels) > 0.97
    assert len(set(found)) == 10


@pytest.mark.slow
def test_classifier_is_always_the_same(parts, classifier):
    (images, labels), (held_out, _) = parts
    keras.utils.set_random_seed(7)  # of Python, NumPy and TensorFlow: nothing is drawn from them
    again = Classifier.fit(images, labels, 10)
    one, other = classifier.features(held_out), again.features(held_out)
    assert one.shape == (297, FEATURES)
    assert one.dtype == np.float32
    assert one.std() > 0.1
    assert one.tobytes() == other.tobytes()
    assert classifier.sha256() == again.sha256() != Classifier((8, 8, 1), 10).sha256()


@pytest.mark.parametrize("shape", [(8, 8, 1), (28, 28, 1), (64, 64, 3), (7, 5, 3)])
def test_classifier_fits_itself_to_the_data(shape):
    images = np.random.RandomState(0).rand(1030, *shape)[:: 1 if shape[0] == 8 else 200]
    network = Classifier(shape, 5)
    features = network.features(images)
    assert features.shape == (len(images), FEATURES)
    assert np.isfinite(features).all()
    # The last chunk is a short one.
    np.testing.assert_allclose(features[-2:], network.features(images[-2:]), atol=1e-5)
    assert set(network.predict(images)) <= set(range(5))
    np.testing.assert_allclose(network.probabilities(features).sum(axis=1), 1, rtol=1e-5)


@pytest.mark.parametrize("classes", [0, 1])
def test_classifier_needs_labels(parts, classes):
    images, _ = parts[0]
    with pytest.raises(UserError, match="Fréchet distance needs a labeled data set"):
        Classifier.fit(images, np.full(len(images), -1), classes)
