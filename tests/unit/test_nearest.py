"""Nearest training pictures: by force, of copies, and the figures of a preset."""

import json

import numpy as np
import pytest

import zoo
import zoo.diagnose
from zoo.config import UserError
from zoo.diagnosing import nearest as memory
from zoo.metrics import nearest


def test_the_nearest_by_force(monkeypatch):
    monkeypatch.setattr(nearest, "BLOCK", 700)
    random = np.random.RandomState(0)
    x, reference = random.randn(50, 9) + 4, random.randn(301, 9) + 4
    rows, distances = nearest.nearest(x, reference)
    each = np.linalg.norm(x[:, None] - reference, axis=-1)
    np.testing.assert_array_equal(rows, each.argmin(axis=1))
    np.testing.assert_allclose(distances, each.min(axis=1), rtol=1e-5)


def test_a_copy_is_at_the_distance_0():
    reference = np.random.RandomState(0).rand(200, 784).astype(np.float32)
    rows, distances = nearest.nearest(reference[[7, 190]], reference)
    np.testing.assert_array_equal(rows, [7, 190])
    np.testing.assert_array_equal(distances, 0)


def test_what_cannot_be_compared():
    with pytest.raises(UserError, match="contain NaN or infinity"):
        nearest.nearest([[np.nan]], [[1.0]])
    with pytest.raises(UserError, match="of width 2 cannot be compared to those of width 1"):
        nearest.nearest([[1.0, 2.0]], [[1.0]])


def test_figures_by_hand():
    held_out = np.arange(1.0, 102.0)  # median 51, 5 % quantile 6
    found = nearest.compared(held_out / 2, held_out)
    assert found["drawn"] == {"median": 25.5, "quantile_05": 3.0, "least": 0.5}
    assert found["held_out"] == {"median": 51.0, "quantile_05": 6.0, "least": 1.0}
    assert (found["median_ratio"], found["quantile_05_ratio"]) == (0.5, 0.5)
    assert found["share_nearer"] == pytest.approx(11 / 101)  # 0.5 to 5.5
    same = nearest.compared(held_out, held_out)
    assert (same["median_ratio"], same["share_nearer"]) == (1, pytest.approx(5 / 101))
    assert nearest.compared(held_out, 0 * held_out)["median_ratio"] is None


@pytest.fixture
def gan():
    return zoo.load("wgan_digits")


def drawing(sampler, x, monkeypatch):
    """Lets a sampler draw these pictures instead."""
    monkeypatch.setattr(sampler, "sample", lambda num, seed=0, watch=None: x[:num])


def test_copies_are_found_and_real_pictures_are_not(gan, digits, monkeypatch):
    """Training pictures themselves, with noise, shifted; real pictures that are none; blurred."""
    train, test = (digits.examples(part)[0] for part in ("train", "test"))
    noise = np.random.RandomState(0).randn(*train.shape).astype(np.float32)
    around = np.pad(test, ((0, 0), (1, 1), (1, 1), (0, 0)))
    blurred = sum(around[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)) / 9
    found = {}
    for name, x in (
        ("training pictures", train),
        ("with noise", np.clip(train + 0.05 * noise, 0, 1)),
        ("shifted", np.roll(train, 1, axis=2)),
        ("test pictures", test[::-1]),
        ("blurred", blurred),
    ):
        drawing(gan, x, monkeypatch)
        figures = memory.of(gan, "wgan_digits", 150).facts["distances"]
        found[name] = {
            space: (one["median_ratio"], one["quantile_05_ratio"], one["share_nearer"])
            for space, one in figures.items()
        }
        print(f"{name:20}", {s: np.round(v, 3).tolist() for s, v in found[name].items()})
    assert found["training pictures"] == dict.fromkeys(("pixels", "features"), (0, 0, 1))
    for space in ("pixels", "features"):
        assert found["with noise"][space][0] < 0.6
        assert found["with noise"][space][2] > 0.4
        assert 0.85 < found["test pictures"][space][0] < 1.15
        assert found["test pictures"][space][2] < 0.15
        assert found["blurred"][space][0] > 1.1
    assert found["shifted"]["features"][0] < found["shifted"]["pixels"][0]


def test_the_sheets_and_the_facts(gan, digits):
    found = memory.of(gan, "wgan_digits", 25, seed=3)
    x, train = gan.sample(25, seed=3), digits.examples("train")[0]
    cells = found.sheets[0].reshape(2, 3, 10, 8, 8, 1)
    np.testing.assert_array_equal(cells[:, 0].reshape(20, 8, 8, 1), x[:20])
    each = np.linalg.norm((x[:, None] - train).reshape(25, len(train), -1), axis=-1)
    np.testing.assert_array_equal(cells[:, 1].reshape(20, 8, 8, 1), train[each.argmin(axis=1)][:20])
    np.testing.assert_allclose(found.distances["pixels"][0], each.min(axis=1), rtol=1e-5)
    # The other sheet begins with the sample that is nearest in features.
    first = found.distances["features"][0].argmin()
    np.testing.assert_array_equal(found.sheets[1][0], x[first])
    assert found.facts["held_out"] == {"split": "test", "examples": 25}
    assert found.facts["training_pictures"] == 1500
    assert found.facts["evaluator"]["frozen"]
    assert len(found.distances["pixels"][1]) == 25


def test_the_figure_and_its_numbers_from_the_command_line(tmp_path, capsys):
    out = tmp_path / "x.png"
    zoo.diagnose.main(
        ["--run=vae_digits,cgan_digits", "--nearest", "--num=30", "--seed=2", f"--out={out}"]
    )
    found = json.loads(out.with_suffix(".json").read_text())
    assert found["command"] == (
        "python -m zoo.diagnose --run=vae_digits,cgan_digits --nearest --num=30 --seed=2 "
        f"--out={out}"
    )
    assert [run["run"] for run in found["runs"]] == ["vae_digits", "cgan_digits"]
    one = found["runs"][0]
    assert (one["samples"], one["sample_seed"], one["model"]) == (30, 2, "vae")
    assert "tree" in one["code"]
    ratio = one["distances"]["features"]["median_ratio"]
    said = capsys.readouterr().out
    assert "vae_digits: 30 samples of seed 2 and 30 pictures of 'test'" in said
    assert f"ratio {ratio:.3f})" in said
    assert out.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--nearest --run=nobody", "'nobody' is neither a run directory nor an export"),
        ("--nearest --run=EXPORT", "is an export, which has no model"),
        ("--num=3 --run=vae_digits", "--num has a meaning with --nearest alone: leave it out"),
        ("--nearest --run=vae_digits --num=0", "--num=0"),
    ],
)
def test_bad_calls_get_one_sentence(words, sentence, tmp_path):
    from tests import ROOT

    words = words.replace("EXPORT", str(ROOT / "exports" / "vae")).split()
    with pytest.raises(UserError, match=sentence) as caught:
        zoo.diagnose.main([*words, f"--out={tmp_path / 'x.png'}"])
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
