"""Stacked MNIST: its pictures and numbers, the modes and the divergence by hand, refusals."""

import json
import math

import numpy as np
import pytest
import tensorflow_datasets as tfds

from tests.prepared import prepare
from zoo.config import UserError, override
from zoo.data import load, source
from zoo.data.sources.stacked import COUNTS, drawn
from zoo.data.spec import DataOptions, DataSpec
from zoo.metrics import evaluation, evaluator, figures, modes, stacked

SPEC = DataSpec("stacked", (28, 28, 3))
# Which of 60,000 digits the first two pictures of each part have.
PINNED = ([[35957, 37173, 5404], [41595, 33059, 22089]],
          [[39028, 14477, 39097], [13214, 58194, 40425]])  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A made-up MNIST of even pictures: digit d of the training part is 20 d + 1, of the test part
    20 d + 2; digits 0 to 9, and 9 once more to train on."""
    folder = tmp_path_factory.mktemp("tfds")

    def examples(digits, more):
        return [
            {"image": np.full((28, 28, 1), 20 * digit + more, np.uint8), "label": digit}
            for digit in digits
        ]

    features = {
        "image": tfds.features.Image(shape=(28, 28, 1)),
        "label": tfds.features.ClassLabel(num_classes=10),
    }
    parts = {"train": examples([*range(10), 9], 1), "test": examples(range(10), 2)}
    prepare(folder, features, parts, name="mnist", version="3.0.1")
    return folder


@pytest.fixture(autouse=True)
def made_up(folder, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(folder))
    monkeypatch.setitem(COUNTS, "train", 5000)
    monkeypatch.setitem(COUNTS, "test", 40)


@pytest.fixture(scope="module")
def data(folder):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(folder))
        patch.setitem(COUNTS, "train", 5000)
        patch.setitem(COUNTS, "test", 40)
        return load("stacked")


def with_options(**options):
    return load("stacked", override(DataOptions(), options))


def test_each_color_is_a_digit_of_its_part_and_the_number_names_all_three(data):
    assert data.spec == SPEC
    assert data.digest() == "1.0.0 of mnist 3.0.1"
    for split, more in (("train", 1), ("test", 2)):
        x, y, number = data.examples(split)
        assert x.shape == (COUNTS[split], 28, 28, 3)
        assert y is None
        values = np.round(x * 255).astype(int)
        assert (values == values[:, :1, :1]).all()
        np.testing.assert_array_equal(
            (values[:, 0, 0] - more) / 20,
            np.stack([number // 100, number // 10 % 10, number % 10], axis=1),
        )


def test_batches_are_stacked_alike():
    data = with_options(range="symmetric")
    batch = next(iter(data.train(64, seed=3)))
    red = np.round((batch["x"].numpy()[:, 0, 0, 0] + 1) * 127.5).astype(int)
    np.testing.assert_array_equal((red - 1) // 20, batch["label"].numpy() // 100)
    blocks = next(iter(data.train(8, block=3)))
    assert blocks["x"].shape == (8, 3, 28, 28, 3)


def test_the_rule_that_draws_them_is_fixed(data):
    for seed, rows in enumerate(PINNED):
        np.testing.assert_array_equal(drawn(seed, 2, 60_000), rows)
    # Eleven digits to train on, then ten to test on.
    np.testing.assert_array_equal(data.splits["train"][0], drawn(0, 5000, 11))
    np.testing.assert_array_equal(data.splits["test"][0], 11 + drawn(1, 40, 10))
    many = drawn(0, 1000, 7)
    assert many.min() == 0
    assert many.max() == 6


def test_colors_are_drawn_one_without_the_other(data):
    number = data.splits["train"][1]
    digits = [number // place % 10 for place in (100, 10, 1)]
    for i in range(3):
        of_nine = np.mean(digits[i] == 9)  # two of eleven digits
        assert of_nine == pytest.approx(2 / 11, abs=4 * math.sqrt(2 / 11 * 9 / 11 / 5000))
        assert abs(np.corrcoef(digits[i], digits[i - 1])[0, 1]) < 4 / math.sqrt(5000)


def test_holdout_takes_the_last_ones(data):
    held_out = with_options(holdout=1000).examples("validation")
    np.testing.assert_array_equal(held_out[0], data.examples("train")[0][4000:])


def test_cover_by_hand():
    covered, kl = modes.cover(np.array([3, 1, 0]), np.array([0.5, 0.25, 0.25]))
    assert covered == 2
    assert kl == pytest.approx(0.75 * math.log(1.5))  # and 1/4 ln 1; the other way it is infinite
    assert modes.cover(np.array([2, 1, 1]), np.array([0.5, 0.25, 0.25])) == (3, 0.0)


def test_shares_by_hand():
    found = stacked.shares(np.array([123, 123, 456, 153]))
    assert found.shape == (1000,)
    assert found.sum() == pytest.approx(1)
    assert found[123] == pytest.approx(3 / 4 * 2 / 4 * 3 / 4)
    assert found[126] == pytest.approx(3 / 4 * 2 / 4 * 1 / 4)  # none is held, and it may be drawn
    assert found[321] == 0


class Reader:
    """Reads an even picture of the made-up MNIST as its digit."""

    name, sha256 = "mnist", {"classifier": "0"}

    def predict(self, images):
        assert images.shape[1:] == (28, 28, 1)
        return np.round(images[:, 0, 0, 0] * 255).astype(int) // 20


def test_the_judge_counts_what_is_drawn(data, monkeypatch):
    monkeypatch.setattr(stacked.evaluator, "load", lambda name: Reader())
    judge = evaluation.judge(data, "test", 8)
    assert judge.counts["modes"] == {"drawn": 8, "real": 8}
    shares, (test, _, number) = stacked.shares(data.splits["train"][1]), data.examples("test", 8)
    assert judge.real["modes"] == len(set(number))
    one = np.repeat(test[:1], 9, axis=0)
    assert judge.of(one) == {"modes": 1, "kl": pytest.approx(-math.log(shares[number[0]]))}
    two = np.concatenate([one[:4], np.roll(one[:4], 1, axis=-1), test])  # eight of these are judged
    rolled = number[0] % 10 * 100 + number[0] // 10
    assert rolled != number[0]
    expected = -0.5 * sum(math.log(2 * shares[n]) for n in (number[0], rolled))
    assert judge.of(two) == {"modes": 2, "kl": pytest.approx(expected)}
    assert list(evaluation.judge(data, "test", 8, ["kl"]).of(one)) == ["kl"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"image_size": 32}, "counted by a classifier of 28x28 digits: leave --data.image_size"),
        ({"binarize": "static"}, "no pixel is drawn for good: pass another --data.binarize"),
        ({"condition": "label"}, "'stacked' has no labels, which a label needs: its 1,000 numbers"),
        ({"target": "name"}, "'stacked' has no labels, which a name needs"),
        ({"feature": "image"}, "'stacked' has no features to choose from"),
        ({"length": 3}, "'stacked' consists of pictures: leave --data.length out"),
    ],
)
def test_options_without_a_meaning_are_refused(options, said):
    with pytest.raises(UserError, match=said) as caught:
        with_options(**options)
    assert "\n" not in str(caught.value)


def test_without_mnist_one_sentence_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path))
    with pytest.raises(UserError, match=r"made of MNIST, and 'mnist' is not .* pass --download"):
        load("stacked")
    assert not list(tmp_path.iterdir())
    with pytest.raises(UserError, match="did you mean 'stacked'"):
        load("stackd")


@pytest.mark.parametrize("name", ["frechet", "parzen", "good", "accuracy"])
def test_no_other_figure_is_taken(name):
    assert figures.chosen(SPEC, 100, pixelwise=False) == ("modes", "kl")
    with pytest.raises(UserError, match=f"'{name}' is no figure of the data 'stacked'.* modes, kl"):
        figures.chosen(SPEC, 100, pixelwise=False, names=[name])


@pytest.mark.slow
def test_real_digits_cover_the_modes_that_they_have(monkeypatch):
    """By the frozen classifier, of 99.56 % of single digits: 0.9956³ = 98.7 % of three."""
    monkeypatch.undo()  # neither the made-up MNIST nor few pictures
    if "mnist" not in source.prepared_names():
        pytest.skip("needs real MNIST: set TFDS_DATA_DIR to a folder that holds it prepared")
    data = load("stacked")
    assert {split: len(part[0]) for split, part in data.splits.items()} == COUNTS
    assert set(data.splits["train"][1]) == set(range(1000))
    judge = evaluation.judge(data, "test", 1000)
    x, _, number = data.examples("test", 1000)
    assert judge.real["modes"] == pytest.approx(len(set(number)), abs=15)
    read = stacked.numbers(evaluator.load("mnist"), x[:300])
    assert np.mean(read == number[:300]) > 0.96
    few = judge.of(np.repeat(x[:10], 100, axis=0))
    assert few["modes"] == 10
    assert few["kl"] > 4 > 1 > judge.real["kl"]


@pytest.mark.slow
def test_a_run_is_trained_and_judged_by_command(command, tmp_path):
    run = tmp_path / "run"
    words = ("--model=dcgan", "--dataset=stacked", "--steps=2", "--config.channels=2")
    done = command("train", *words, "--config.batch_size=4", f"--run={run}")
    assert done.returncode == 0, done.stderr
    assert json.loads((run / "run.json").read_text())["examples"] == "1.0.0 of mnist 3.0.1"
    done = command("evaluate", f"--run={run}", "--num=30", "--seeds=1")
    assert done.returncode == 0, done.stderr
    found = json.loads((run / "evaluation.json").read_text())
    assert list(found["figures"]) == ["modes", "kl"]
    assert found["evaluator"]["trained_on"] == "mnist"
    assert found["figures"]["modes"]["counts"] == {"drawn": 30, "real": 30}
    assert "stacked " in command("list").stdout
