"""Divergences of n-grams by hand, and the judge of lines."""

import collections

import numpy as np
import pytest

from zoo.data import load
from zoo.metrics import figures, ngram


def test_ngrams_by_hand():
    lines = ["ab", "a"]
    assert ngram.ngrams(lines, 1) == {" ": 4, "a": 2, "b": 1}
    assert ngram.ngrams(lines, 2) == {" a": 2, "ab": 1, "b ": 1, "a ": 1}
    assert ngram.ngrams(lines, 3) == {" ab": 1, "ab ": 1, " a ": 1}
    assert ngram.ngrams(lines, 4) == {" ab ": 1}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # Halves of x and y against x alone; their middle is (3/4, 1/4).
        ("xy", "x", (0.5 * np.log2(2 / 3) + 0.5 * np.log2(2) + np.log2(4 / 3)) / 2),
        ("xxy", "xyy", (2 * (2 / 3 * np.log2(4 / 3) + 1 / 3 * np.log2(2 / 3))) / 2),
        ("xy", "yx", 0.0),
        ("xxyy", "xy", 0.0),  # shares count, and not how many there are
        ("xy", "zz", 1.0),
        ("xy", "", 1.0),
        ("", "", 1.0),
    ],
)
def test_divergence_by_hand(one, other, expected):
    pair = collections.Counter(one), collections.Counter(other)
    for counts in (pair, pair[::-1]):
        np.testing.assert_allclose(ngram.divergence(*counts), expected, rtol=0, atol=1e-12)


def test_divergence_of_two_examples_of_one_distribution_falls_with_their_size():
    drawn = np.random.RandomState(0).choice([*"abcdefgh"], (2, 10_000))
    few, many = (
        ngram.divergence(*(collections.Counter(one[:count]) for one in drawn))
        for count in (100, 10_000)
    )
    assert 0 < many < few / 10


def test_overlap_by_hand():
    assert ngram.overlap(["a", "b", "b", "c"], {"b", "d"}) == 0.5
    assert ngram.overlap(["a"], {"b"}) == 0.0


def test_the_judge_compares_as_many_lines_on_each_side():
    training, held_out = ["ab"] * 6 + ["cd"] * 6, ["ab", "cd", "ab", "xy"]
    judge = ngram.Judge(training, held_out, 10, ("js_2", "overlap"))
    assert judge.count == 4
    assert judge.counts == {
        "js_2": {"drawn": 4, "real": 4, "held_out": 4},
        "overlap": {"drawn": 10, "real": 4},
    }
    assert judge.real["overlap"] == 0.75
    assert 0 < judge.real["js_2"] < 1
    found = judge.of(["ab", "xy"] * 5)
    assert found["overlap"] == 0.5
    assert found.keys() == {"js_2", "overlap"}
    # All that is held out, drawn: only lines, so 1 of overlap is no merit.
    assert judge.of([*held_out, *["ab"] * 6])["overlap"] == 0.9


def test_how_the_figures_of_surnames_move():
    """The table of docs/evaluation.md: `-s` prints it."""
    data, random = load("surnames"), np.random.RandomState(1)
    training, held_out = data.lines("train"), data.lines("test")
    judge = ngram.Judge(training, held_out, 8_855, figures.LINES)
    some = random.permutation(training)[:8_855].tolist()
    letters = random.permutation([*"".join(some)]).tolist()
    sets = {
        "the data's own figure": judge.real,
        "training names": judge.of(some),
        "letters shuffled within each name": judge.of(
            ["".join(random.permutation([*name])) for name in some]
        ),
        "letters shuffled over all names": judge.of(
            ["".join(letters.pop() for _ in name) for name in some]
        ),
        "one training name repeated": judge.of(training[:1] * 8_855),
    }
    for what, found in sets.items():
        print(f"| {what} | " + " | ".join(f"{found[name]:.4f}" for name in figures.LINES) + " |")
    real, copies, within, over, one = sets.values()
    for name in figures.DIVERGENCES:
        assert copies[name] < 1.1 * real[name] + 1e-4
        assert within[name] > (1.5 * real[name] if name != "js_1" else 0)
        assert one[name] > 3 * real[name]
    assert within["js_1"] < 1.1 * real["js_1"] + 1e-4  # single letters do not see their order
    assert over["js_2"] > 20 * real["js_2"]
    assert [found["overlap"] for found in (real, copies, one)] == [0, 1, 1]
    assert within["overlap"] < 0.05
