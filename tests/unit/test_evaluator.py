"""The frozen classifiers: layers by hand, files to the bit, and the Keras network they were."""

import dataclasses
import re
import shutil

import numpy as np
import pytest

from tools import evaluator as training
from zoo.config import UserError
from zoo.data import load, source
from zoo.metrics import evaluator, figures, pictures

RANDOM = np.random.RandomState(0)
NAMES = [pytest.param("mnist", marks=pytest.mark.slow), "digits"]  # 10,000 pictures, or 297


@pytest.mark.parametrize(("side", "channels"), [(3, 2), (5, 1), (1, 3)])
def test_convolution_by_hand(side, channels):
    x = RANDOM.randn(2, 6, 7, channels)
    kernel, bias = RANDOM.randn(side, side, channels, 4), RANDOM.randn(4)
    found = evaluator.convolved(x, kernel, bias)
    assert found.shape == (2, 7 - side, 8 - side, 4)
    for n, i, j, filter in np.ndindex(found.shape):
        seen = x[n, i : i + side, j : j + side]
        expected = np.sum(seen * kernel[..., filter]) + bias[filter]
        assert found[n, i, j, filter] == pytest.approx(expected, abs=1e-12)


def test_pooling_by_hand():
    x = RANDOM.randn(2, 6, 4, 3)
    found = evaluator.pooled(x)
    assert found.shape == (2, 3, 2, 3)
    for n, i, j, channel in np.ndindex(found.shape):
        square = x[n, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2, channel]
        assert found[n, i, j, channel] == square.max()


def test_probabilities_by_hand():
    units = np.zeros((3, evaluator.UNITS))
    units[:2, :2] = [[0.0, np.log(3.0)], [1000.0, 0.0]]  # and one that nothing excites
    network = evaluator.Network((), [np.zeros(0)] * 2 + [np.eye(64, 2), np.zeros(2)])
    found = network.probabilities(evaluator.polar(units))
    np.testing.assert_allclose(found, [[0.25, 0.75], [1, 0], [0.5, 0.5]], atol=1e-12)


def test_polar_form_by_hand():
    units = np.zeros((2, evaluator.UNITS))
    units[0, 3:5] = 3.0, 4.0
    found = evaluator.polar(units)
    expected = np.zeros((2, evaluator.UNITS + 1))
    expected[0, [3, 4, -1]] = 8 * 0.6, 8 * 0.8, 5.0
    np.testing.assert_allclose(found, expected, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "shape", "found"),
    [
        ("mnist", (28, 28, 1), "mnist"),
        ("mnist:3.0.1", (28, 28, 1), "mnist"),
        ("digits", (8, 8, 1), "digits"),
        ("mnist", (32, 32, 1), None),
        ("mnist_corrupted", (28, 28, 1), None),
        ("fashion_mnist", (28, 28, 1), None),
        ("digits", (5, 16), None),
        ("gaussians8", (2,), None),
    ],
)
def test_which_data_is_judged_by_which(name, shape, found):
    assert evaluator.named(name, shape) == found


@pytest.fixture(scope="module", params=NAMES)
def frozen(request):
    return evaluator.load(request.param)


@pytest.fixture(scope="module")
def parts(frozen):
    """The pictures that the reference was taken of, (images, labels): the test part, the floor."""
    if frozen.name not in (*source.EMBEDDED, *source.prepared_names()):
        pytest.skip("needs real MNIST: set TFDS_DATA_DIR to a folder that holds it prepared")
    data, held_out = load(frozen.name), len(frozen.floor.labels)
    (images, _, labels), (test, _, test_labels) = (data.examples(s) for s in ("train", "test"))
    return (test, test_labels), (images[-held_out:], labels[-held_out:])


def test_it_knows_what_it_has_not_seen(frozen, parts):
    for images, labels in parts:
        assert np.mean(frozen.predict(images) == labels) >= 0.994


def test_the_reference_is_of_the_pictures_that_it_says(frozen, parts):
    for reference, (images, labels) in zip((frozen.real, frozen.floor), parts, strict=True):
        features = frozen.features(images)
        np.testing.assert_array_equal(reference.labels, labels)
        np.testing.assert_allclose(reference.features, features, rtol=2**-11, atol=1e-4)
        assert features.shape == (len(images), evaluator.UNITS + 1)
        assert np.mean(features[:, -1] ** 2) == pytest.approx(evaluator.UNITS, rel=0.1)


def test_keras_and_numpy_agree(frozen, parts):
    """The network that was trained, with the frozen weights."""
    network = training.network(frozen.name)
    with np.load(evaluator.FOLDER / f"{frozen.name}.npz") as weights:
        network.set_weights([weights[name] for name in weights.files])
    drawn = parts[1][0][:2000] ** 2  # as if they were a model's
    units, logits = network.predict(drawn, batch_size=1000, verbose=0)
    features = evaluator.polar(units)
    np.testing.assert_allclose(frozen.units(drawn), units, rtol=0, atol=1e-5)
    np.testing.assert_allclose(frozen.features(drawn), features, rtol=0, atol=2e-5)
    np.testing.assert_array_equal(frozen.predict(drawn), logits.argmax(axis=1))
    sides = frozen.real.features, frozen.floor.features
    judge = pictures.Judge(frozen, *sides, len(drawn), figures.PICTURES)
    one, other = judge.of(drawn), judge.of_features(features)
    for name in ("frechet", "kernel", "score"):
        assert one[name] == pytest.approx(other[name], rel=1e-4), name
    for name in figures.NEIGHBORS:
        times = 5 if name == "density" else 1  # it counts balls, over k
        assert one[name] * times == pytest.approx(other[name] * times, abs=2 / len(drawn)), name


def test_pictures_are_moved_about_their_center():
    still = dataclasses.replace(training.TRAININGS["digits"], batch=3, shift=0, angle=0, scale=0)
    found = training.transforms(np.random.RandomState(0), still, 8)
    np.testing.assert_allclose(found, [[1, 0, 0, 0, 1, 0, 0, 0]] * 3, atol=1e-12)
    turned = dataclasses.replace(still, angle=0.3, scale=0.1)
    a, b, c, d, e, f, *_ = training.transforms(np.random.RandomState(0), turned, 8).T
    center = np.array([3.5, 3.5])
    for i in range(3):
        matrix, move = np.array([[a[i], b[i]], [d[i], e[i]]]), np.array([c[i], f[i]])
        np.testing.assert_allclose(matrix @ center + move, center, atol=1e-12)
        grown = np.linalg.det(matrix) ** 0.5
        assert abs(grown - 1) < 0.1
        np.testing.assert_allclose(matrix @ matrix.T, grown**2 * np.eye(2), atol=1e-12)


def test_units_are_scaled_and_logits_are_not():
    shapes = [(3, 3, 1, 2), (2,), (72, 64), (64,), (64, 10), (10,)]
    weights = [RANDOM.randn(*shape).astype(np.float32) for shape in shapes]
    layers, x = (evaluator.Convolution(2, 3, pooled=False),), RANDOM.rand(9, 8, 8, 1)
    before = evaluator.Network(layers, weights)
    after = evaluator.Network(layers, training.scaled(weights, before.units(x)))
    assert np.mean(after.units(x) ** 2) == pytest.approx(1, rel=1e-5)
    one, other = (network.probabilities(network.features(x)) for network in (before, after))
    np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.slow
def test_a_classifier_is_trained_and_written(tmp_path, monkeypatch, capsys):
    short = dataclasses.replace(training.TRAININGS["digits"], steps=300)
    monkeypatch.setitem(training.TRAININGS, "digits", short)
    training.main(["--data=digits", f"--out={tmp_path}"])
    said = capsys.readouterr().out
    pins = dict(re.findall(r'(\w+)="(\w{64})"', said))
    monkeypatch.setattr(evaluator, "FOLDER", tmp_path)
    monkeypatch.setitem(
        evaluator.FACTS, "digits", dataclasses.replace(evaluator.FACTS["digits"], **pins)
    )
    trained = evaluator.Frozen("digits")
    for part in (trained.real, trained.floor):
        assert len(part.features) == len(part.labels) == 297
        found = trained.probabilities(part.features).argmax(axis=1)
        assert np.mean(found == part.labels) > 0.9


@pytest.mark.parametrize("file", ["digits.npz", "digits_reference.npz"])
def test_a_damaged_file_is_refused(file, tmp_path, monkeypatch):
    folder = tmp_path / "frozen"
    shutil.copytree(evaluator.FOLDER, folder)
    monkeypatch.setattr(evaluator, "FOLDER", folder)
    evaluator.Frozen("digits")
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / file).write_bytes(content)
    with pytest.raises(UserError, match=f"{file}' is not the frozen file .* install the package"):
        evaluator.Frozen("digits")
    (folder / file).unlink()
    with pytest.raises(UserError, match=f"{file}' cannot be read"):
        evaluator.Frozen("digits")


def test_files_are_small():
    for name in evaluator.FACTS:
        assert (evaluator.FOLDER / f"{name}.npz").stat().st_size < 1e6
        assert (evaluator.FOLDER / f"{name}_reference.npz").stat().st_size < 3e6
