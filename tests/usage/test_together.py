"""`zoo.sample --run=A,B`: samples of several models, below each other."""

import dataclasses

import numpy as np
import pytest

import zoo
from tests.usage.test_train import refused
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.sampling import together
from zoo.viz import grid, sheet


@dataclasses.dataclass
class Constant:
    """A sampler of pictures of one value."""

    value: float
    data_spec: DataSpec = DataSpec("digits", (4, 4, 1))  # noqa: RUF009

    def sample(self, num, seed):
        return np.full((num, *self.data_spec.shape), self.value + seed, np.float32)


def test_rows_are_of_each_model_in_turn():
    shown = together.drawn([Constant(0.25), Constant(0.5)], ["a", "b"], 18, 0.125)
    assert shown.columns == sheet.WIDE == 16
    assert shown.group == 2
    np.testing.assert_array_equal(shown.array[:, 0, 0, 0], [0.375] * 18 + [0.625] * 18)
    # Two rows of a model, of which the second has room.
    row = [0.375] * 18 + [1] * 14 + [0.625] * 18 + [1] * 14
    np.testing.assert_array_equal(shown.x[:, 0, 0, 0], row)


def test_a_name_stands_left_of_the_middle_of_its_rows():
    pixels = grid.grid(np.zeros((4, 20, 20, 1)), columns=1, group=2)
    named = grid.beside(pixels, ["one", "longer"])
    added = named.shape[1] - pixels.shape[1]
    np.testing.assert_array_equal(named[:, added:], pixels)
    ink = np.flatnonzero((named[:, :added] < 128).any(axis=(1, 2)))
    first, second = ink[ink < len(pixels) / 2], ink[ink > len(pixels) / 2]
    black = np.flatnonzero((pixels == 0).any(axis=(1, 2)))
    for written, rows in ((first, black[: len(black) // 2]), (second, black[len(black) // 2 :])):
        assert abs((written[0] + written[-1]) / 2 - (rows[0] + rows[-1]) / 2) < grid.NAME / 2


def test_pictures_of_several_shapes_are_refused():
    other = Constant(0.5, DataSpec("digits", (8, 8, 1)))
    with pytest.raises(UserError, match=r"images \[4, 4, 1\] and images \[8, 8, 1\]"):
        together.drawn([Constant(0.25), other], ["a", "b"], 2, 0)


@pytest.mark.parametrize(
    ("flag", "named"),
    [
        ("--label=3", "--label is"),
        ("--codes", "--codes is"),
        ("--out=x.txt", "must end in .png"),
    ],
)
def test_what_is_for_one_model_is_refused(flag, named, command, tmp_path):
    refused(command("sample", "--run=a,b", flag, cwd=tmp_path), named)


def test_presets_draw_what_each_draws(command, tmp_path):
    words = ["--run=vae_digits,wgan_digits", "--num=3", "--seed=7", "--out=x.npy"]
    done = command("sample", *words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 pictures of each of 2 models in x.npy" in done.stdout
    each = [zoo.load(name).sample(3, 7) for name in ("vae_digits", "wgan_digits")]
    np.testing.assert_allclose(np.load(tmp_path / "x.npy"), np.concatenate(each), rtol=0, atol=1e-6)
