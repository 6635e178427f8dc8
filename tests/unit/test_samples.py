"""Pictures of any origin: what is read, and what is refused in one sentence."""

import hashlib
import subprocess

import numpy as np
import pytest
from PIL import Image

from zoo.config import UserError
from zoo.data import samples

RANDOM = np.random.RandomState(0)
BYTES = RANDOM.randint(0, 256, (5, 8, 8), np.uint8)
BYTES[0, 0, :2] = 0, 255
UNIT = BYTES.astype(np.float32) / 255
SHAPE = (8, 8, 1)


def saved(folder, array, name="x.npy"):
    np.save(folder / name, array)
    return folder / name


@pytest.mark.parametrize(
    "array", [BYTES, BYTES[..., None], UNIT, UNIT[..., None], UNIT.astype(np.float64)]
)
def test_arrays(array, tmp_path):
    path = saved(tmp_path, array)
    images, digest = samples.read(path, SHAPE)
    assert (images.dtype, images.shape) == (np.float32, (5, 8, 8, 1))
    np.testing.assert_array_equal(images[..., 0], UNIT)
    assert digest == hashlib.sha256(path.read_bytes()).hexdigest()
    np.savez(tmp_path / "x.npz", pictures=array)
    np.testing.assert_array_equal(samples.read(tmp_path / "x.npz", SHAPE)[0], images)


def test_a_folder(tmp_path, capsys):
    (tmp_path / "deep").mkdir()
    for i, (name, mode) in enumerate((("b.png", "L"), ("deep/c.bmp", "L"), ("a.png", "RGB"))):
        Image.fromarray(BYTES[i]).convert(mode).save(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    images, digest = samples.read(tmp_path, SHAPE)
    np.testing.assert_array_equal(images[..., 0], UNIT[[2, 0, 1]])  # sorted
    assert capsys.readouterr().out.endswith("not read as pictures: 1 of .txt\n")
    words = ["sha256sum", "a.png", "b.png", "deep/c.bmp"]
    listed = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True).stdout
    assert digest == hashlib.sha256(listed).hexdigest()


def bad(*words):
    """An array, and what is said of it."""
    return pytest.param(*words, id=words[1])


@pytest.mark.parametrize(
    ("array", "said"),
    [
        bad(np.zeros((5, 32, 32), np.uint8), "resize the pictures to 8x8."),
        bad(np.zeros((5, 32, 32, 1)), r"the shape [5, 32, 32, 1], and pictures to judge must be"),
        bad(UNIT[:, None], "move the channel to the end."),
        bad(np.zeros((5, 8, 8, 3)), "must be gray, [N, 8, 8] or [N, 8, 8, 1]."),
        bad(BYTES[0], "has the shape [8, 8], and"),
        bad(BYTES[:0], "has the shape [0, 8, 8], and"),
        bad(np.float32(1), "has the shape [], and"),
        bad(2 * UNIT - 1, "floats from -1 to 1: map black to 0 and white to 1."),
        bad(BYTES.astype(np.float32), "floats from 0 to 255: map"),
        bad(np.where(UNIT > 0.99, np.nan, UNIT), "contains NaN or infinity."),
        bad(np.where(UNIT > 0.99, -np.inf, UNIT), "contains NaN or infinity"),
        bad(BYTES // 255, "uint8 up to 1, and white is 255: multiply it by 255."),
        bad(BYTES.astype(np.int64), "dtype int64: give uint8 in 0 to 255, or floats in [0, 1]."),
        bad(BYTES > 9, "dtype bool: give uint8"),
        bad(UNIT.astype(complex), "dtype complex128"),
        bad(UNIT.astype(str), "the dtype <U"),
    ],
)
def test_arrays_that_are_refused(array, said, tmp_path):
    path = saved(tmp_path, array)
    with pytest.raises(UserError) as caught:
        samples.read(path, SHAPE)
    sentence = str(caught.value)
    assert sentence.startswith(repr(str(path)))
    assert said in sentence
    assert sentence.count("\n") == 0


def test_files_that_are_refused(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([BYTES, None], object), allow_pickle=True)
    np.savez(tmp_path / "two.npz", a=BYTES, b=BYTES)
    np.savez(tmp_path / "none.npz")
    np.savez(tmp_path / "objects.npz", np.array([None], object))
    whole = saved(tmp_path, BYTES, "whole.npy").read_bytes()
    (tmp_path / "torn.npy").write_bytes(whole[:-1])
    (tmp_path / "large.npy").write_bytes(
        whole.replace(b"(5, 8, 8)", b"(5, 8, 8" + b"0" * 12 + b")")
    )
    (tmp_path / "empty.npy").touch()
    (tmp_path / "text.npy").write_text("pictures")
    zipped = (tmp_path / "two.npz").read_bytes()
    (tmp_path / "torn.npz").write_bytes(zipped[: len(zipped) // 2])
    for name, said in (
        ("objects.npy", "cannot be read as an array of numbers: save it again with numpy.save."),
        ("objects.npz", "cannot be read as an array of numbers"),
        ("two.npz", "contains a, b: save the pictures alone, as one array."),
        ("none.npz", "is empty: save the pictures alone"),
        ("torn.npy", "cannot be read as an array of numbers"),
        ("large.npy", "cannot be read as an array of numbers"),
        ("empty.npy", "cannot be read as an array of numbers"),
        ("text.npy", "cannot be read as an array of numbers"),
        ("torn.npz", "cannot be read as an array of numbers"),
        ("nowhere.npy", "cannot be read (No such file or directory)"),
        ("nowhere", "must be a folder of pictures, an .npy or an .npz file."),
    ):
        with pytest.raises(UserError) as caught:
            samples.read(tmp_path / name, SHAPE)
        assert said in str(caught.value), name


def test_folders_that_are_refused(tmp_path):
    def refused(said):
        with pytest.raises(UserError) as caught:
            samples.read(tmp_path, SHAPE)
        assert said in str(caught.value)

    refused("contains no pictures.")
    Image.fromarray(BYTES[0]).save(tmp_path / "a.png")
    Image.new("L", (9, 8)).save(tmp_path / "b.png")
    refused("b.png' is 9x8, and pictures to judge must be gray, 8x8: convert or resize")
    Image.new("RGB", (8, 8), "red").save(tmp_path / "b.png")
    refused("b.png' is in color, and pictures to judge must be gray, 8x8")
    (tmp_path / "b.png").write_bytes(b"no picture")
    refused("1 of 2 pictures cannot be read: b.png: fix or remove them.")
