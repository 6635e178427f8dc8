"""Data sets of TensorFlow Datasets: which feature is the picture, its values, its labels."""

import os

import numpy as np
import pytest
import tensorflow_datasets as tfds

import zoo
from tests.prepared import prepare
from zoo.config import UserError, override
from zoo.data import load
from zoo.data.spec import DataOptions

Image, Tensor, ClassLabel = tfds.features.Image, tfds.features.Tensor, tfds.features.ClassLabel
Sequence, Video = tfds.features.Sequence, tfds.features.Video


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    return tmp_path


def made(folder, features, *examples, splits=("train", "test"), **options):
    """Prepares the data set `odd`, of these examples in each split, and loads it."""
    prepare(folder, features, dict.fromkeys(splits, examples))
    return load("odd", override(DataOptions(), options))


def refusal(folder, features, *examples, **options):
    with pytest.raises(UserError) as caught:
        made(folder, features, *examples, **options)
    said = str(caught.value)
    assert "\n" not in said
    return said


def pixels(data):
    """The first training picture in [0, 1]."""
    return data.examples("train")[0][0]


def gray(value, dtype, shape=(2, 2, 1)):
    return np.full(shape, value, dtype)


@pytest.mark.parametrize(
    ("feature", "value", "expected"),
    [
        (Image(shape=(2, 2, 1)), gray(51, np.uint8), 0.2),
        (Image(shape=(2, 2, 1), dtype=np.uint16), gray(13107, np.uint16), 0.2),
        (Image(shape=(2, 2, 1), dtype=np.float32), gray(0.2, np.float32), 0.2),
        (Tensor(shape=(2, 2), dtype=np.uint8), gray(51, np.uint8, (2, 2)), 0.2),
        (Tensor(shape=(2, 2, 3), dtype=np.uint16), gray(65535, np.uint16, (2, 2, 3)), 1),
        (Tensor(shape=(2, 2), dtype=np.float64), gray(0.4, np.float64, (2, 2)), 0.4),
        (Tensor(shape=(2, 2), dtype=np.float16), gray(1, np.float16, (2, 2)), 1),
        (Tensor(shape=(2, 2), dtype=np.bool_), gray(True, bool, (2, 2)), 1),
    ],
    ids=lambda value: f"{type(value).__name__}" if hasattr(value, "np_dtype") else "",
)
@pytest.mark.parametrize("image_size", [0, 1])
def test_every_dtype_is_scaled_by_its_own_range(folder, feature, value, expected, image_size):
    data = made(folder, {"image": feature}, {"image": value}, image_size=image_size)
    side = image_size or 2
    assert data.spec.shape == (side, side, value.shape[-1] if value.ndim == 3 else 1)
    assert data.splits["train"][0].dtype == np.uint8
    np.testing.assert_allclose(pixels(data), expected, atol=1e-6)
    boolean = value.dtype == bool and not image_size
    assert data.spec.levels == (2 if boolean else 256)


def test_a_feature_of_floats_trains_dcgan_on_what_it_contains(folder):
    value = np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8, 1)
    prepare(folder, {"image": Image(shape=(8, 8, 1), dtype=np.float32)},
            {split: [{"image": value}] for split in ("train", "test")})  # fmt: skip
    data = zoo.load_data("dcgan", "odd", image_size=8)
    (batch,) = data.train(1, steps=1)
    np.testing.assert_allclose(batch["x"][0], 2 * value - 1, atol=0.005)


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (255, "are floats from 255 to 255, and white is known in [0, 1] only"),
        (-0.1, "are floats from -0.1 to -0.1"),
        (np.nan, "contain NaN or infinity"),
        (np.inf, "contain NaN or infinity"),
    ],
)
@pytest.mark.parametrize("image_size", [0, 1])
def test_floats_of_another_range_are_refused(folder, value, sentence, image_size):
    feature = {"image": Tensor(shape=(2, 2, 3), dtype=np.float32)}
    example = {"image": gray(value, np.float32, (2, 2, 3))}
    assert sentence in refusal(folder, feature, example, image_size=image_size)


def number(dtype):
    return Tensor(shape=(2, 2), dtype=dtype), np.zeros((2, 2), dtype)


def channels(count):
    return Tensor(shape=(2, 2, count), dtype=np.uint8), np.zeros((2, 2, count), np.uint8)


@pytest.mark.parametrize(
    ("feature", "value", "sentence"),
    [
        (*channels(2), "has 2 channels and not 1 or 3"),
        (*channels(4), "has 4 channels and not 1 or 3"),  # perhaps RGBA, perhaps not
        (Image(shape=(2, 2, 4)), np.zeros((2, 2, 4), np.uint8), "has 4 channels"),
        (*channels(13), "has 13 channels and not 1 or 3"),
        (*number(np.int32), "contains int32, whose white is not known"),
        (*number(np.int8), "contains int8"),
        (*number(np.uint64), "contains uint64"),
        (Video(shape=(None, 2, 2, 3)), np.zeros((1, 2, 2, 3), np.uint8),
         "is a video, [?, 2, 2, 3]"),
        (Sequence(Image(shape=(2, 2, 3))), [np.zeros((2, 2, 3), np.uint8)], "is a sequence"),
        (Tensor(shape=(1, 2, 2, 3), dtype=np.uint8), np.zeros((1, 2, 2, 3), np.uint8),
         "has rank 4"),
        (Tensor(shape=(4,), dtype=np.uint8), np.zeros(4, np.uint8), "has rank 1"),
        (tfds.features.Text(), "a cat", "has rank 0"),
        (tfds.features.LabeledImage(labels=2, shape=(2, 2, 1)), np.zeros((2, 2, 1), np.uint8),
         "contains a class for each pixel"),
    ],
)  # fmt: skip
def test_what_is_no_picture_is_refused_before_any_data_is_read(
    folder, monkeypatch, feature, value, sentence
):
    monkeypatch.setattr("zoo.data.sources.tfds._arrays", lambda *_: pytest.fail("read"))
    said = refusal(folder, {"image": feature}, {"image": value})
    assert said.startswith("the feature 'image' of 'odd' ")
    assert sentence in said
    assert said.endswith(
        ": choose or prepare a data set whose pictures are uint8, uint16, bool or floats in "
        "[0, 1], [H, W] or [H, W, 1 or 3]."
    )


PIXEL = np.full((1, 1, 3), 51, np.uint8)
RIGHT = np.full((1, 1, 3), 255, np.uint8)


def test_pictures_are_chosen_by_name_and_never_by_chance(folder):
    nested = {"image": {"left": Image(shape=(1, 1, 3)), "right": Image(shape=(1, 1, 3))}}
    pair = {"image": {"left": PIXEL, "right": RIGHT}}
    said = "'odd' has several pictures, image/left, image/right: choose one by "
    assert refusal(folder, nested, pair) == said + "--data.feature=image/left, say."
    data = load("odd", override(DataOptions(), {"feature": "image/right"}))
    assert pixels(data).min() == 1
    with pytest.raises(UserError, match="has no feature 'image/rihgt': did you mean 'image/right'"):
        load("odd", override(DataOptions(), {"feature": "image/rihgt"}))


@pytest.mark.parametrize(
    "features",
    [
        {"photo": Image(shape=(1, 1, 3))},
        {"image": {"pixels": Image(shape=(1, 1, 3))}},
        {"image/photo": Image(shape=(1, 1, 3))},
        {"image": Image(shape=(1, 1, 3)), "back": Image(shape=(1, 1, 3))},
        {"rgb": Image(shape=(1, 1, 3)), "bands": Image(shape=(1, 1, 4))},
        {"rgb": Image(shape=(1, 1, 3)), "depth": Tensor(shape=(1, 1), dtype=np.uint16)},
    ],
)
def test_the_only_picture_and_that_named_image_need_no_name(folder, features):
    def example(key, feature):
        if isinstance(feature, dict):
            return {part: example(part, inner) for part, inner in feature.items()}
        if key in ("image", "pixels", "photo", "image/photo", "rgb"):
            return PIXEL
        return np.zeros(feature.shape, feature.np_dtype)

    data = made(folder, features, {key: example(key, one) for key, one in features.items()})
    np.testing.assert_allclose(pixels(data), 0.2, atol=1e-6)


def test_no_picture_at_all_names_what_there_is(folder):
    features = {"text": tfds.features.Text(), "code": Tensor(shape=(3,), dtype=np.float32)}
    example = {"text": "a", "code": np.zeros(3, np.float32)}
    assert refusal(folder, features, example) == (
        "'odd' has no feature 'image' and no other picture among its features, "
        "code (Tensor float32 [3]), text (Text object []): choose a data set of pictures."
    )
    features["map"] = Tensor(shape=(2, 2), dtype=np.float32)
    folder = folder / "another"
    os.environ["TFDS_DATA_DIR"] = str(folder)
    example["map"] = np.ones((2, 2), np.float32)
    assert "name one by --data.feature=map, say." in refusal(folder, features, example)
    assert pixels(load("odd", override(DataOptions(), {"feature": "map"}))).min() == 1


@pytest.mark.parametrize("name", ["digits", "gaussians8", "folder:/nowhere"])
def test_other_data_has_no_features(name):
    with pytest.raises(UserError, match="has no features to choose from"):
        load(name, override(DataOptions(), {"feature": "image"}))


# Labels


@pytest.mark.parametrize(
    ("features", "labels", "why"),
    [
        ({"label": Sequence(ClassLabel(num_classes=3))}, {"label": [0, 2]},
         "its feature 'label' is not one class an example but Sequence int64 [?]"),
        ({"label": Tensor(shape=(), dtype=np.int64)}, {"label": 1},
         "its feature 'label' is not one class an example but Tensor int64 []"),
        ({"label": ClassLabel(num_classes=3)}, {"label": -1},
         "1 of 1 labels of its split 'train' are none of the 3 classes, such as -1"),
        ({"a": ClassLabel(num_classes=3), "b": ClassLabel(num_classes=3)}, {"a": 1, "b": 1},
         "a, b could be meant, and none is named 'label'"),
        ({"objects": Sequence({"label": ClassLabel(num_classes=3)})}, {"objects": []},
         "none of its features is a ClassLabel"),
    ],
)  # fmt: skip
def test_where_labels_are_missing_a_condition_is_refused_and_says_why(
    folder, features, labels, why
):
    features = {"image": Image(shape=(1, 1, 3))} | features
    data = made(folder, features, {"image": PIXEL} | labels)
    assert data.spec.classes == 0
    assert (data.splits["train"][1] == -1).all()
    for condition in ("label", "name"):
        with pytest.raises(UserError) as caught:
            load("odd", override(DataOptions(), {"condition": condition}))
        said = f"'odd' has no labels, which a {condition} needs: {why}."
        assert str(caught.value) == said


@pytest.mark.parametrize("key", ["label", "kind"])
def test_labels_stay_with_their_pictures(folder, key):
    features = {"image": Image(shape=(1, 1, 3)), key: ClassLabel(names=["dark", "light"])}
    dark, light = {"image": PIXEL, key: "dark"}, {"image": RIGHT, key: "light"}
    data = made(folder, features, dark, light, light)
    images, labels = data.splits["train"]
    assert data.spec.names == ("dark", "light")
    assert sorted(labels) == [0, 1, 1]
    assert ((images[:, 0, 0, 0] == 255) == labels).all()


def test_a_split_of_unknown_labels_is_left_out_and_said(folder, capsys):
    features = {"image": Image(shape=(1, 1, 3)), "label": ClassLabel(num_classes=3)}
    known, unknown = ([{"image": PIXEL, "label": label}] for label in (1, -1))
    prepare(folder, features, {"unlabelled": unknown, "test": known, "train": known})
    data = load("odd", override(DataOptions(), {"condition": "label"}))
    assert list(data.splits) == ["train", "test"]
    assert capsys.readouterr().out == (
        "odd: 1 of 1 labels of its split 'unlabelled' are none of the 3 classes, such as -1: "
        "the split is left out\n"
    )


def test_a_split_to_train_on_is_asked_for_before_reading(folder, monkeypatch):
    monkeypatch.setattr("zoo.data.sources.tfds._arrays", lambda *_: pytest.fail("read"))
    features = {"image": Image(shape=(1, 1, 3))}
    said = "'odd' has no split 'train', only every: choose another data set."
    assert refusal(folder, features, {"image": PIXEL}, splits=["every"]) == said


def test_what_else_an_example_contains_is_not_decoded(folder):
    features = {
        "image": Image(shape=(1, 1, 3)),
        "clip": Video(shape=(None, 2, 2, 3)),
        "boxes": Sequence(tfds.features.BBoxFeature()),
    }
    box = tfds.features.BBox(0.0, 0.0, 1.0, 1.0)
    clip = np.zeros((2, 2, 2, 3), np.uint8)
    one = {"image": PIXEL, "clip": clip, "boxes": [box]}
    two = {"image": PIXEL, "clip": clip[:1], "boxes": [box, box]}
    assert len(made(folder, features, one, two).splits["train"][0]) == 2


def test_nothing_of_ours_is_written_into_the_folder_of_tfds(folder):
    for name in ("digits", "gaussians8", "gaussians25", "swiss_roll"):
        load(name)
    with pytest.raises(UserError):
        load("no_such_data")
    assert list(folder.iterdir()) == []
