"""Figures over trainings: what zoo.train records, how curves are read, and parallel lines."""

import json
import math

import numpy as np
import pytest
import scipy.stats

import zoo
import zoo.diagnose
from tests.contract import make
from zoo.config import UserError
from zoo.diagnosing import curves, parallel_lines
from zoo.runs import directory, figures


def test_rank_correlation_by_hand_and_as_scipy_has_it():
    assert curves.spearman([1.0, 2, 3], [10.0, 20, 1000]) == pytest.approx(1)
    assert curves.spearman([1.0, 2, 3], [3.0, 2, -7]) == pytest.approx(-1)
    random = np.random.RandomState(0)
    for _ in range(5):
        x, y = random.randint(0, 9, (2, 40))  # with ties
        expected = scipy.stats.spearmanr(x, y).statistic
        assert curves.spearman(x, y) == pytest.approx(expected, abs=1e-12)
    assert curves.spearman([1.0, 1, 1], [1.0, 2, 3]) is None
    assert curves.signed(None) == "none"


def run(tmp_path, lines):
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (tmp_path / "metrics.jsonl").write_text(text)
    facts = {"model": "wgan", "dataset": "digits", "config": {"seed": 3}}
    facts["stretches"] = [{"from_step": 0}, {"from_step": 20}]
    return directory.Run(tmp_path, facts)


# Two stretches: the second went on from step 20.
LINES = [
    {"step": 1, "time": 1.0, "wasserstein": 8.0},
    {"step": 10, "time": 2.0, "wasserstein": 4.0},
    {"step": 10, "time": 2.5, "frechet": 0.9},
    {"step": 20, "time": 4.0, "wasserstein": 3.0},
    {"step": 20, "time": 4.5, "frechet": 0.5},
    {"step": 30, "time": 1.5, "wasserstein": 2.0},
    {"step": 30, "time": 2.0, "frechet": 0.6},
]


def test_a_curve_goes_on_over_stretches(tmp_path):
    found = curves.of(run(tmp_path, LINES), "frechet")
    np.testing.assert_array_equal(found.steps, [10, 20, 30])
    np.testing.assert_array_equal(found.values, [0.9, 0.5, 0.6])
    np.testing.assert_array_equal(found.seconds, [2.5, 4.5, 6.5])
    assert found.correlation is None
    assert found.facts["seed"] == 3


def test_a_loss_beside_it_is_the_mean_since_the_value_before(tmp_path, monkeypatch):
    monkeypatch.setattr(curves, "FEWEST", 3)
    found = curves.of(run(tmp_path, LINES), "frechet", "wasserstein")
    np.testing.assert_allclose(found.other, [(8 + 9 * 4) / 10, 3, 2])  # step 1, then 9 more
    assert found.correlation == found.facts["rank_correlation"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("score",), "has recorded no 'score': train with --figures=score"),
        (("frechet", "waserstein"), "has no metric 'waserstein': did you mean 'wasserstein'?"),
        (("frechet", "wasserstein"), "has 3 values of 'frechet', and a rank correlation needs 5"),
    ],
)
def test_what_is_not_recorded_is_one_sentence(words, sentence, tmp_path):
    with pytest.raises(UserError) as caught:
        curves.of(run(tmp_path, LINES), *words)
    assert sentence in str(caught.value)


def test_a_training_records_figures_that_diagnose_draws(command, tmp_path):
    words = ["--model=wgan", "--steps=15", "--every=3", "--config.hidden=16", "--jit=off"]
    folder = tmp_path / "run"
    done = command("train", *words, "--figures=frechet,score", f"--run={folder}")
    assert done.returncode == 0, done.stderr
    lines = [line for line in directory.Run.read(folder).metrics() if "frechet" in line]
    assert [line["step"] for line in lines] == [3, 6, 9, 12, 15]
    assert all(0 < line["frechet"] < 10 and 1 <= line["score"] <= 10 for line in lines)
    out = tmp_path / "x.png"
    told = ["--figure=frechet", "--beside=wasserstein", f"--run={folder}", f"--out={out}"]
    zoo.diagnose.main(told)
    (facts,) = json.loads(out.with_suffix(".json").read_text())["runs"]
    assert facts["values"] == [line["frechet"] for line in lines]
    assert -1 <= facts["rank_correlation"] <= 1
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--figures=frechett"], "unknown figure 'frechett': did you mean 'frechet'?"),
        (["--figures=nll"], "'nll' is of held-out pictures, and --figures are of samples"),
        (["--figures=modes"], "'modes'"),
    ],
)
def test_figures_that_cannot_be_are_refused_before_a_run_begins(words, sentence, command, tmp_path):
    done = command("train", "--model=wgan", *words, f"--run={tmp_path / 'run'}")
    assert done.returncode == 2
    assert sentence in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_figure_that_a_loss_is_called_too_is_refused():
    data = zoo.load_data("vae")
    with pytest.raises(UserError, match="'kl' is a loss of this model too"):
        figures.Figures(make("vae", data.spec), data, None, ["kl"])


@pytest.mark.slow  # a model of names is built
def test_names_are_judged_for_the_pictures_that_they_are_drawn_for():
    data = zoo.load_data("cgan", condition="image", target="name")
    judge = figures.Figures(make("cgan", data.spec), data, data.conditions(), ["right"])
    np.testing.assert_array_equal(judge._given[:297], data.examples("test")[1])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--nearest", "--figure=frechet"], "give one of --nearest and --figure, not both."),
        (["--beside=d_loss"], "--beside has a meaning with --figure alone: leave it out."),
        (["--figure=frechet", "--seed=1"], "--seed has a meaning with --nearest and "),
        (["--parallel_lines"], "--parallel_lines is of no run: leave --run out."),
    ],
)
def test_modes_do_not_mix(words, sentence, tmp_path):
    with pytest.raises(UserError) as caught:
        zoo.diagnose.main([*words, "--run=x", f"--out={tmp_path / 'x.png'}"])
    assert sentence in str(caught.value)


def test_distances_of_parallel_lines_by_hand():
    assert parallel_lines.exact(0.0) == (0.0, 0.0)
    assert parallel_lines.exact(-0.5) == (pytest.approx(math.log(2)), 0.5)


@pytest.mark.slow  # networks are trained at three offsets
def test_networks_find_the_distances_of_parallel_lines():
    near, same, far = parallel_lines.estimated((0.5, 0.0, 1.0))
    for divergence, _ in (near, far):
        assert divergence == pytest.approx(math.log(2), abs=0.01)
    assert near[1] == pytest.approx(0.5, abs=0.1)
    assert far[1] == pytest.approx(1.0, abs=0.2)
    assert abs(same[0]) < 0.01
    assert abs(same[1]) < 0.05
