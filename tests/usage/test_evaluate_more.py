"""Bounds, the Parzen window, figures within a class, and several runs at once, by the command."""

import json
import math

import numpy as np
import pytest

import zoo
from tests.contract import flags_of
from zoo.config import UserError
from zoo.metrics import evaluation, evaluator, figures, per_class
from zoo.sampling.model_sampler import RunSampler

TINY = {"hidden": (24,), "latent": 4, "optimizer": "adam", "learning_rate": 1e-3}


@pytest.fixture(scope="module")
def vaes(once, command):
    """seed -> a run of a small VAE of binarized digits, of 30 steps."""

    def train(path):
        words = ["--model=vae", "--data.binarize=static", "--steps=30", f"--seed={path.name[-1]}"]
        done = command("train", *words, *flags_of(TINY), f"--run={path}")
        assert done.returncode == 0, done.stderr

    return lambda seed: once(f"evaluated/vae_seed{seed}", train)


@pytest.mark.slow
def test_the_bound_of_a_vae(vaes, command):
    run = vaes(0)
    done = command("evaluate", f"--run={run}", "--metrics=likelihood", "--k=1,60", "--split=test")
    assert done.returncode == 0, done.stderr
    found = json.loads((run / "likelihood.json").read_text())
    assert found["command"].endswith("--metrics=likelihood --split=test --k=1,60")
    assert (found["binarize"], found["held_out"]["examples"]) == ("static", 297)
    assert list(found["figures"]) == ["bound_1", "bound_60"]
    one, many = found["figures"].values()
    assert one["mean"] > many["mean"] + 0.1
    assert 0 < many["standard_error"] < 1
    assert many["over"] == "pictures"
    assert one["independent_pixels"] == many["independent_pixels"]
    assert f"bound_60     {many['mean']:.4f} ± {many['standard_error']:.4f}" in done.stdout
    # The model's own, of all pictures at once.
    sampler = RunSampler(run)
    images = sampler.run.data().examples("test")[0]
    noise = zoo.noise.Noise(0, zoo.noise.EVALUATION, np.arange(297))
    nats = -sampler.model.importance_weighted_bound(images, 60, noise).numpy()
    assert many["mean"] == pytest.approx(nats.mean(), rel=1e-5)
    assert many["standard_error"] == pytest.approx(nats.std(ddof=1) / math.sqrt(297), rel=1e-4)


@pytest.mark.slow
def test_several_runs_give_a_spread_over_training_seeds(vaes, command, tmp_path):
    runs, out = [vaes(0), vaes(1)], tmp_path / "joint.json"
    words = ["--metrics=frechet,bound,parzen", "--num=200", "--seeds=2"]
    done = command("evaluate", f"--run={runs[0]},{runs[1]}", *words, f"--out={out}")
    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    assert found["training_seeds"] == [0, 1]
    assert found["command"].startswith(f"python -m zoo.evaluate --run={runs[0]},{runs[1]} ")
    assert list(found["figures"]["likelihood"]) == ["bound_1", "bound_50"]
    assert set(found["figures"]["samples"]) == {"frechet", "parzen"}
    for group, file in (("samples", "evaluation.json"), ("likelihood", "likelihood.json")):
        alone = [json.loads((run / file).read_text()) for run in runs]
        assert [found["runs"][str(run)][group] for run in runs] == alone
        for name, figure in found["figures"][group].items():
            means = [one["figures"][name]["mean"] for one in alone]
            assert figure["each"] == means
            assert figure["mean"] == pytest.approx(np.mean(means))
            assert figure["sd"] == pytest.approx(np.std(means, ddof=1))
            assert figure["over"] == "training seeds"
            assert f"  {name:12} {figure['mean']:.4f} ± {figure['sd']:.4f}" in done.stdout
    drawn = found["runs"][str(runs[0])]["samples"]["figures"]["parzen"]
    assert drawn["over"] == "sampling seeds"
    assert drawn["counts"] == {"drawn": 200, "real": 200, "held_out": 297, "validation": 150}
    assert drawn["real"] > drawn["mean"]
    assert 0.05 < drawn["sigma"] < 1


def test_one_picture_a_class_looks_bad_by_what_varies_within_it(digits):
    """The judge of digits given a class: a good model, and one that draws one picture of each."""
    data = zoo.load_data("cgan")
    judge = evaluation.judge(data, "test", 290, ["spread", "accuracy", "frechet"])
    images, _, labels = digits.examples("train")
    rows = per_class.first(labels, 29)
    good = judge.of(images[rows], labels[rows])
    ones = {label: images[labels == label][0] for label in range(10)}
    single = judge.of(np.stack([ones[label] for label in labels[rows]]), labels[rows])
    assert good["accuracy"] > 0.97
    assert single["accuracy"] == 1.0
    assert 0.85 < good["spread"] < 1.15
    assert single["spread"] < 1e-9
    assert judge.real["spread"] == pytest.approx(1, abs=0.15)
    rarest = min(per_class.rarest(evaluator.load("digits").real.labels, 10), 29)
    assert judge.counts["spread"]["drawn"] <= 10 * rarest


def test_figures_within_a_class_need_pictures_enough(digits):
    data = zoo.load_data("cgan")
    assert "frechet_per_class" not in evaluation.judge(data, "test", 5000).counts
    with pytest.raises(UserError, match=r"needs 130 pictures of each class .* 297 of 10 classes"):
        evaluation.judge(data, "test", 5000, ["frechet_per_class"])


def test_the_rarest_class_decides(digits, monkeypatch):
    # There are 29 of a class on average, and 20 of the rarest.
    monkeypatch.setitem(figures.WITHIN, "spread", 25)
    data = zoo.load_data("cgan")
    judge = evaluation.judge(data, "test", 290)
    assert "spread" not in judge.counts
    images, _, labels = digits.examples("train", 290)
    assert set(judge.of(images, labels)) == {*figures.PICTURES, "accuracy"}
    with pytest.raises(
        UserError, match=r"needs 25 pictures .* and the rarest has 20: leave it out"
    ):
        evaluation.judge(data, "test", 290, ["spread"])


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--run=GAN", "--k=5"], "--k is of the figure 'bound'"),
        (["--run=GAN", "--k=1,0"], "--k=1,0 must be whole numbers from 1"),
        (["--run=GAN", "--metrics=bound"], "'bound' needs a model that bounds a likelihood"),
        (["--run=GAN", "--out=no/x.json"], "--out=no/x.json: the folder 'no' does not exist"),
        (["--run=GAN,GAN"], "say where the figures of several runs go: --out=x.json"),
        (["--run=GAN,GAN", "--out=x.json"], "were both trained with seed 0"),
    ],
)
def test_bad_calls_get_one_sentence(words, sentence, runs, command, tmp_path):
    words = [word.replace("GAN", str(runs("gan"))) for word in words]
    done = command("evaluate", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr
    assert list(tmp_path.iterdir()) == []
