"""Data: the embedded set, order as a function of (seed, step), ranges, binarization, resizing."""

import numpy as np
import pytest

from zoo.config import UserError, override
from zoo.data import load
from zoo.data.spec import DataOptions


def options(**words):
    return override(DataOptions(), words)


def take(dataset, count):
    return [{k: v.numpy() for k, v in element.items()} for element in dataset.take(count)]


def test_digits_are_the_real_ones(digits):
    from sklearn.datasets import load_digits

    bunch = load_digits()
    ours = np.concatenate([digits.examples(split)[0] for split in ("train", "test")])
    real = bunch.images.astype(np.float32)[..., None] / 16
    assert digits.spec.levels == 17
    assert ours.shape == (1797, 8, 8, 1)
    np.testing.assert_allclose(
        ours.reshape(1797, -1)[np.lexsort(ours.reshape(1797, -1).T)],
        real.reshape(1797, -1)[np.lexsort(real.reshape(1797, -1).T)],
        atol=1e-7,
    )
    labels = np.concatenate([digits.examples(split)[2] for split in ("train", "test")])
    assert (np.bincount(labels) == np.bincount(bunch.target)).all()


def test_order_is_a_function_of_seed_and_step(digits):
    stream = take(digits.train(100, seed=3), 40)
    later = take(digits.train(100, seed=3, start=25), 15)
    for one, two in zip(stream[25:], later, strict=True):
        for key in one:
            np.testing.assert_array_equal(one[key], two[key])
    other = take(digits.train(100, seed=4), 1)[0]
    assert (other["x"] != stream[0]["x"]).any()


def test_every_picture_once_an_epoch_in_a_new_order(digits):
    stream = take(digits.train(100, seed=0), 30)  # two epochs of 1,500
    epochs = [np.concatenate([b["x"] for b in part]) for part in (stream[:15], stream[15:])]
    expected = np.sort(digits.examples("train")[0].reshape(1500, -1) @ np.arange(64.0))
    for epoch in epochs:
        np.testing.assert_allclose(np.sort(epoch.reshape(1500, -1) @ np.arange(64.0)), expected)
    assert (epochs[0] != epochs[1]).any()
    indices = np.concatenate([b["index"] for b in stream])
    np.testing.assert_array_equal(indices, np.arange(3000))


def test_labels_stay_with_their_pictures(digits):
    images, _, labels = digits.examples("train")
    label_of = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    batch = take(digits.train(200), 1)[0]
    for image, label in zip(batch["x"], batch["label"], strict=True):
        assert label_of[image.tobytes()] == label


def test_blocks_hold_fresh_data_for_every_update(digits):
    batch = take(digits.train(50, block=3), 1)[0]
    assert batch["x"].shape == (50, 3, 8, 8, 1)
    assert batch["label"].shape == (50, 3)
    assert batch["index"].shape == (50,)
    flat = batch["x"].reshape(150, -1)
    np.testing.assert_array_equal(flat, take(digits.train(150), 1)[0]["x"].reshape(150, -1))


def test_evaluation_shows_each_picture_once(digits):
    batches = take(digits.evaluation("test", 100), 10)
    assert len(batches) == 3
    assert {b["x"].shape for b in batches} == {(100, 8, 8, 1)}
    weight = np.concatenate([b["weight"] for b in batches])
    images = np.concatenate([b["x"] for b in batches])[weight == 1]
    np.testing.assert_array_equal(images, digits.examples("test")[0])


def test_ranges(digits):
    symmetric = load("digits", options(range="symmetric"))
    one, two = take(digits.train(100), 1)[0]["x"], take(symmetric.train(100), 1)[0]["x"]
    np.testing.assert_allclose(two, 2 * one - 1)
    assert two.min() == -1
    np.testing.assert_allclose(symmetric.examples("test")[0], digits.examples("test")[0], atol=1e-7)


def test_static_binarization_is_fixed_and_true_to_the_gray(digits):
    data = load("digits", options(binarize="static"))
    first, second = take(data.train(1500), 2)
    assert set(np.unique(first["x"])) == {0, 1}
    key = np.arange(64.0)
    np.testing.assert_allclose(  # the same pictures in every epoch
        np.sort(first["x"].reshape(1500, -1) @ key),
        np.sort(second["x"].reshape(1500, -1) @ key),
    )
    gray, binary = digits.examples("train")[0], data.examples("train")[0]
    for low in (0.2, 0.5, 0.7):
        chosen = (gray > low) & (gray < low + 0.1)
        assert abs(binary[chosen].mean() - gray[chosen].mean()) < 0.03
    assert data.spec.levels == 2


def test_dynamic_binarization_draws_anew_each_epoch():
    data = load("digits", options(binarize="dynamic"))
    first, second = take(data.train(1500), 2)
    key = np.arange(64.0)
    sums = [np.sort(b["x"].reshape(1500, -1) @ key) for b in (first, second)]
    assert (sums[0] != sums[1]).any()
    assert set(np.unique(first["x"])) == {0, 1}


def test_threshold(digits):
    gray = digits.examples("test")[0]
    found = load("digits", options(binarize="threshold")).examples("test")[0]
    np.testing.assert_array_equal(found, (gray >= 0.5).astype(np.float32))


def test_dequantized_pictures_fill_their_level(digits):
    data = load("digits", options(dequantize=True))
    found, gray = data.examples("test")[0], digits.examples("test")[0]
    np.testing.assert_array_equal(np.floor(found * 17), np.round(gray * 16))
    assert found.max() < 1


def test_resizing(digits):
    found = load("digits", options(image_size=28)).examples("test")[0]
    assert found.shape == (297, 28, 28, 1)
    small = digits.examples("test")[0]
    assert np.abs(found.mean(axis=(1, 2, 3)) - small.mean(axis=(1, 2, 3))).max() < 0.05


def test_holdout_takes_the_last_training_pictures(digits):
    data = load("digits", options(holdout=200))
    images = digits.examples("train")[0]
    np.testing.assert_array_equal(data.examples("validation")[0], images[-200:])
    np.testing.assert_array_equal(data.examples("train")[0], images[:-200])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: load("digitz"), "unknown dataset 'digitz': did you mean 'digits'?"),
        (lambda: load("digits/odd"), "unknown dataset 'digits/odd'"),
        (lambda: load("cats_vs_dogs"), "'cats_vs_dogs' is not prepared in"),
        (lambda: load("digits").train(1501), "a batch of 1501 is larger than the 1500 training"),
        (lambda: load("digits", options(holdout=1500)), "holdout=1500 must be less than the 1500"),
        (lambda: options(dequantize=True, binarize="static"), "dequantize needs gray levels"),
    ],
)
def test_wrong_calls_get_one_sentence(call, sentence):
    with pytest.raises(UserError) as caught:
        call()
    assert str(caught.value).startswith(sentence)
