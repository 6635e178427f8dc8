"""Completing pictures: of a run, from the command line, and what cannot be completed."""

import dataclasses

import numpy as np
import pytest

import zoo
from zoo.config import UserError
from zoo.sampling import completion


def test_a_run_completes_and_tells_likelihoods(runs, digits):
    sampler = zoo.load(runs("pixelcnn"))
    images = digits.examples("test", 6)[0]
    found = sampler.complete(images, np.eye(8), seed=1)
    np.testing.assert_array_equal(found[:, np.eye(8) == 0], images[:, np.eye(8) == 0])
    assert (found != images).any()
    np.testing.assert_allclose(sampler.log_prob(images), sampler.model.log_prob(images), rtol=1e-5)
    with pytest.raises(UserError, match="not among the 17 levels"):
        sampler.log_prob(images * 0.97)
    with pytest.raises(UserError, match="2 masks for 6 pictures"):
        sampler.complete(images, np.ones((2, 8, 8, 1)))
    with pytest.raises(UserError, match="only a model that draws pixel by pixel can complete"):
        zoo.load(runs("gan")).complete(images, np.eye(8))
    calls = []
    sampler.complete(images, np.eye(8), watch=lambda done, total: calls.append((done, total)))
    assert calls == [(8 * row, 64) for row in range(1, 9)]


def test_completions_from_the_command_line(runs, command, digits, tmp_path):
    from PIL import Image

    picture = np.round(digits.examples("test", 1)[0][0, ..., 0] * 255).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "img.png")
    mask = np.zeros((8, 8), np.uint8)
    mask[4:] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")
    words = ["--complete=img.png", "--mask=mask.png", "--num=5", f"--run={runs('pixelcnn')}"]
    for out in ([], ["--out=x.npy"]):  # without a word, grid.png
        done = command("sample", *words, *out, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    found = np.load(tmp_path / "x.npy")
    assert found.shape == (5, 8, 8, 1)
    np.testing.assert_allclose(found[:, :4], np.repeat(picture[None, :4, :, None], 5, 0) / 255)
    assert len(np.unique(found[:, 4:].reshape(5, -1), axis=0)) == 5
    assert Image.open(tmp_path / "grid.png").size[0] > 100
    done = command("sample", *words[3:], "--sampler=plain", "--out=p.npy", "--num=4", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    done = command("sample", *words[3:], "--out=c.npy", "--num=4", cwd=tmp_path)
    np.testing.assert_array_equal(np.load(tmp_path / "p.npy"), np.load(tmp_path / "c.npy"))


@pytest.fixture(scope="module")
def bad(tmp_path_factory):
    """Pictures and masks that are not what a model of 8x8 gray pictures can complete."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("bad")
    color = np.random.RandomState(0).randint(0, 255, (8, 8, 3), np.uint8)
    Image.fromarray(color).save(folder / "color.png")
    Image.fromarray(color[..., 0]).save(folder / "good.png")
    Image.fromarray(np.repeat(color[..., :1], 3, axis=-1)).save(folder / "gray_in_rgb.png")
    Image.fromarray(color[:7, :, 0]).save(folder / "small.png")
    np.save(folder / "levels.npy", np.full((8, 8, 1), 16.0))
    np.save(folder / "mask.npy", np.eye(8))
    np.save(folder / "half.npy", np.full((8, 8), 0.5))
    np.save(folder / "mask9.npy", np.eye(9))
    np.save(folder / "many.npy", np.zeros((3, 8, 8, 1)))
    np.save(folder / "none.npy", np.zeros((0, 8, 8, 1)))
    np.save(folder / "words.npy", np.full((8, 8, 1), "a"))
    np.save(folder / "complex.npy", np.full((8, 8, 1), 1j))
    np.savez(folder / "several.npz", a=np.eye(8))
    (folder / "several.npz").rename(folder / "several.npy")
    (folder / "text.png").write_text("no picture")
    return folder


@pytest.mark.parametrize(
    ("read", "name", "sentence"),
    [
        ("picture", "small.png", r"and this one is \[7, 8, 1\]"),
        ("picture", "levels.npy", r"a picture's values lie in \[0, 1\]"),
        ("picture", "color.png", "draws gray pictures of 8x8"),
        ("picture", "text.png", "neither a picture nor a .npy"),
        ("mask", "mask9.npy", r"the mask is \[9, 9, 1\]|the mask is \[9, 9\]"),
        ("mask", "half.npy", "a mask holds 1 where"),
        ("picture", "many.npy", "holds 3 of them"),
        ("mask", "many.npy", "holds 3 of them"),
        ("picture", "none.npy", "must be an array of numbers, and at least one"),
        ("mask", "none.npy", "must be an array of numbers, and at least one"),
        ("picture", "words.npy", "must be an array of numbers"),
        ("mask", "words.npy", "must be an array of numbers"),
        ("picture", "complex.npy", "must be an array of numbers"),
        ("picture", "several.npy", "neither a picture nor a .npy"),
    ],
)
def test_what_cannot_be_completed_is_named(read, name, sentence, bad, digits):
    with pytest.raises(UserError, match=sentence):
        getattr(completion, f"read_{read}")(bad / name, digits.spec)


def test_what_can_be_completed_is_read(bad, digits):
    picture = completion.read_picture(bad / "good.png", digits.spec)
    assert picture.shape == (1, 8, 8, 1)
    np.testing.assert_array_equal(
        completion.read_picture(bad / "gray_in_rgb.png", digits.spec), picture
    )
    color = dataclasses.replace(digits.spec, shape=(8, 8, 3))
    np.testing.assert_array_equal(
        completion.read_picture(bad / "good.png", color), picture.repeat(3, axis=-1)
    )
    np.testing.assert_array_equal(
        completion.read_mask(bad / "mask.npy", digits.spec), np.eye(8)[None, ..., None]
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--complete=small.png --mask=mask.npy", "and this one is [7, 8, 1]"),
        ("--complete=none.png --mask=mask.npy", "No such file"),
        ("--complete=good.png", "--mask=FILE"),
        ("--temperature=0", "temperature must be above 0, and 0 is not"),
        ("--interpolate --temperature=0.9", "has no latents to walk between"),
        ("--label=3 --sampler=plain", "takes no condition"),
        ("--temperature=0.5 --run=GAN", "--temperature is for models that draw pixel by pixel"),
    ],
)
def test_bad_calls_get_one_sentence(words, sentence, bad, runs, command, tmp_path):
    words = [
        word.replace("=", f"={bad}/", 1) if word.endswith((".png", ".npy")) else word
        for word in words.replace("GAN", str(runs("gan"))).split()
    ]
    done = command("sample", f"--run={runs('pixelcnn')}", *words, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
