"""`zoo.evaluate` and `zoo.diagnose`: their figures, their files, and what bad input gets."""

import json
import math

import numpy as np
import pytest

import zoo
from zoo.metrics import evaluation, evaluator, figures
from zoo.runs import provenance

WORDS = {
    "plane": ["--model=wgan", "--dataset=gaussians8", "--config.hidden=16,16"],
    "roll": ["--model=wgan_gp", "--dataset=swiss_roll", "--config.hidden=16,16"],
    "names": ["--model=cgan", "--condition=image", "--target=name"],
    "labeled": ["--model=cgan", "--condition=label", "--target=name"],
}


@pytest.fixture(scope="module")
def trained(once, runs, command):
    """name -> a run directory of 20 steps, of a model's name or of `WORDS`."""

    def train(path):
        done = command("train", *WORDS[path.name], "--steps=20", f"--run={path}")
        assert done.returncode == 0, done.stderr

    return lambda name: once(f"evaluated/{name}", train) if name in WORDS else runs(name)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plane", {"modes", "good", "kl"}),
        ("roll", {"near"}),
        ("gan", set(figures.PICTURES)),
        ("cgan", {*figures.PICTURES, "accuracy", "spread"}),
        ("names", {"right"}),
        ("labeled", {"right"}),
    ],
)
def test_each_kind_of_data_has_its_figures(name, expected, trained, command):
    run = trained(name)
    done = command("evaluate", f"--run={run}", "--num=500", "--seeds=2")
    assert done.returncode == 0, done.stderr
    found = json.loads((run / "evaluation.json").read_text())
    assert set(found["figures"]) == expected
    assert found["samples"] == 500
    assert found["sample_seeds"] == [0, 1]
    assert found["command"].endswith("--num=500 --seeds=2")
    assert found["stretches"] == json.loads((run / "run.json").read_text())["stretches"]
    assert found["code"] == provenance.code()
    for key, figure in found["figures"].items():
        assert f"{key:12} {figure['mean']:.4f}" in done.stdout
        np.testing.assert_allclose(figure["mean"], np.mean(figure["each"]))
        np.testing.assert_allclose(figure["sd"], np.std(figure["each"], ddof=1))
        assert len(figure["each"]) == 2
        assert (figure["real"] is None) == (name == "labeled")
        sides = dict.fromkeys(("drawn", "real", "held_out"), 297)
        assert figure["counts"] == {
            **dict.fromkeys(figures.PICTURES, sides),
            "accuracy": {"drawn": 500, "real": 297},
            "spread": dict.fromkeys(sides, 200),  # 20 of each class: the rarest of the floor's
            "right": {"drawn": 500} | ({} if name == "labeled" else {"real": 297}),
        }.get(key, {"drawn": 500, "real": 500})
    seen = found["evaluator"]
    frozen = {"frozen": True, "trained_on": "digits"} | evaluator.load("digits").sha256
    if name in ("gan", "cgan"):
        assert seen == frozen
        assert "judged by the frozen classifier of digits (" in done.stdout
    else:
        assert seen == (
            {k: v for k, v in frozen.items() if k != "reference"} if name == "names" else None
        )
    # Untrained: far from the data's own figures.
    own = {key: figure["real"] for key, figure in found["figures"].items()}
    drawn = {key: figure["mean"] for key, figure in found["figures"].items()}
    if name == "plane":
        assert own["modes"] == 8
        assert own["good"] > 0.98 > drawn["good"]
    if name == "roll":
        assert own["near"] > 0.98 > drawn["near"]
    if "frechet" in own:
        assert own["frechet"] < 0.05 < drawn["frechet"]  # of 297 examples
        assert own["kernel"] < 0.05 * drawn["kernel"]
        for key in figures.NEIGHBORS:
            assert own[key] > 0.9
        assert drawn["coverage"] < 0.5
    if name == "names":
        assert own["right"] > 0.95 > drawn["right"]


def test_the_judge_of_pictures_knows_good_from_bad(digits):
    judge = evaluation.judge(zoo.load_data("cgan"), "test", 1000, ["frechet", "accuracy"])
    images, _, labels = digits.examples("train", 1000)
    good = judge.of(images, labels)
    assert good["accuracy"] > 0.97
    wrong = judge.of(images, (labels + 1) % 10)
    assert wrong["accuracy"] < 0.05
    assert wrong["frechet"] == good["frechet"]
    noise = np.random.RandomState(0).rand(1000, 8, 8, 1).astype(np.float32)
    assert judge.of(noise, labels)["frechet"] > 20 * good["frechet"]


@pytest.mark.slow
def test_the_data_and_the_model_are_judged_at_one_count(digits):
    """Few examples are further off than many of the same: else a model draws better than real."""
    few, all_there_are = (evaluation.judge(digits, "test", num, ["frechet"]) for num in (60, 5000))
    for judge, count in ((few, 60), (all_there_are, 297)):
        assert judge.counts == {"frechet": {"drawn": count, "real": count, "held_out": count}}
        assert judge.whole == all_there_are.real
    assert few.real["frechet"] > 1.5 * all_there_are.real["frechet"]
    # The floor's own pictures, of which as many are taken, in any order.
    images = digits.examples("train")[0][-297:]
    same = all_there_are.of(images[np.random.RandomState(1).permutation(297)], None)["frechet"]
    assert same == pytest.approx(all_there_are.real["frechet"], rel=1e-3)
    data = zoo.load_data("wgan", "gaussians8")
    judge = evaluation.judge(data, "test", 20_000)
    assert judge.counts["kl"] == {"drawn": 10_000, "real": 10_000}
    points = data.examples("train", 20_000)[0]
    assert judge.of(points, None) == judge.of(points[:10_000], None)


@pytest.mark.slow
def test_the_judge_of_names_reads_them(digits):
    data = zoo.load_data("cgan", condition="image", target="name")
    judge = evaluation.judge(data, "test", 297)
    x, y, _ = data.examples("test")
    np.testing.assert_array_equal(judge.given, y)
    assert judge.of(x, y) == {"right": 1.0}
    assert judge.of(np.concatenate([x, x]), y) == {"right": 1.0}  # in turn
    assert judge.of(x[::-1], y)["right"] < 0.2


@pytest.mark.slow
def test_clipping_against_penalty(trained, command, tmp_path):
    out = tmp_path / "figure.png"
    runs_ = f"{trained('plane')},{trained('roll')}"
    done = command("diagnose", f"--run={runs_}", f"--out={out}")
    assert done.returncode == 0, done.stderr
    from PIL import Image

    assert Image.open(out).size[0] > 1000
    clipped, penalized = json.loads(out.with_suffix(".json").read_text())["runs"]
    assert (clipped["clip"], penalized["clip"]) == (0.01, None)
    assert (clipped["penalty"], penalized["penalty"]) == (None, 10.0)
    assert len(clipped["gradient_norm_by_layer"]) == 2
    sampler = zoo.load(trained("plane"))
    kernels = [w.numpy().ravel() for w in sampler.model.critic.trainable_variables if w.ndim > 1]
    weights = np.abs(np.concatenate(kernels))
    assert clipped["weights"] == len(weights)
    np.testing.assert_allclose(clipped["share_near_clip"], (weights >= 0.0095).mean())
    assert penalized["share_near_clip"] is None


@pytest.mark.slow
@pytest.mark.parametrize("model", ["wgan", "wgan_gp"])
def test_runs_log_the_estimate_gradients_and_weights(model, runs):
    lines = [json.loads(line) for line in (runs(model) / "metrics.jsonl").open()]
    assert all("wasserstein" in line for line in lines if "g_loss" in line)
    norms = [line for line in lines if "gradient_norm/1" in line]
    assert [line["step"] for line in norms] == [20, 40, 60]
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(runs(model) / "tensorboard"))
    events.Reload()
    tags = events.Tags()["tensors"]
    assert {"wasserstein", "val_wasserstein", "critic_weights", "gradient_norm/1"} <= set(tags)


@pytest.mark.parametrize(
    ("name", "words", "sentence"),
    [
        ("evaluate", [], "say what to evaluate"),
        ("evaluate", ["--run=/nowhere"], "'/nowhere' is neither a run directory nor"),
        ("evaluate", ["--run=EXPORT"], "is an export, which has no model: name a run"),
        ("evaluate", ["--run=/nowhere", "--num=1"], "--num=1"),
        ("evaluate", ["--run=/nowhere", "--metrics=recall_"], "unknown figure 'recall_': did you"),
        ("evaluate", ["--run=GAN", "--metrics=accuracy"], "needs a model that is given a class"),
        ("evaluate", ["--run=GAN", "--metrics=likelihood"], "'nll' needs a model that draws pixel"),
        ("diagnose", [], "say what to draw"),
        ("diagnose", ["--run=/nowhere", "--out=x.jpg"], "say what to draw"),
        (
            "diagnose",
            ["--run=/nowhere", "--out=/nowhere/x.png"],
            "the folder '/nowhere' does not exist",
        ),
        ("diagnose", ["--run=GAN", "--out=x.png"], "a run of gan, which has no critic to diagnose"),
    ],
)
def test_bad_calls_get_one_sentence(name, words, sentence, runs, command, tmp_path):
    (tmp_path.parent / "export").mkdir(exist_ok=True)
    (tmp_path.parent / "export" / "saved_model.pb").touch()
    places = {"GAN": runs("gan"), "EXPORT": tmp_path.parent / "export"}
    for key, place in places.items():
        words = [word.replace(key, str(place)) for word in words]
    done = command(name, *words, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_evaluation_tells_likelihoods(runs, command):
    run = runs("pixelcnn")
    done = command("evaluate", f"--run={run}", "--metrics=likelihood", "--split=test")
    assert done.returncode == 0, done.stderr
    found = json.loads((run / "likelihood.json").read_text())
    nll, bits = (found["figures"][name] for name in ("nll", "bits_per_dim"))
    assert found["held_out"] == {"split": "test", "examples": 297}
    assert (found["of"], found["binarize"]) == ("the picture", "none")
    np.testing.assert_allclose(nll["mean"] / bits["mean"], 64 * math.log(2))
    assert 1.5 < bits["independent_pixels"] < 3
    assert f"bits_per_dim {bits['mean']:.4f} ± {bits['standard_error']:.4f}" in done.stdout
    done = command("evaluate", f"--run={run}", "--metrics=nll,coverage", "--num=20", "--seeds=1")
    assert done.returncode == 0, done.stderr
    again, drawn = (
        json.loads((run / name).read_text())["figures"]
        for name in ("likelihood.json", "evaluation.json")
    )
    assert again == {"nll": nll}
    assert set(drawn) == {"coverage"}
    assert drawn["coverage"]["counts"] == {"drawn": 20, "real": 20, "held_out": 20}
    for words, sentence in (
        ((f"--run={run}", "--split=tset"), "has no split 'tset': did you mean 'test'?"),
        ((f"--run={run}", "--metrics=nl"), "unknown figure 'nl': did you mean 'nll'?"),
    ):
        done = command("evaluate", *words)
        assert done.returncode == 2
        assert sentence in done.stderr


def test_contexts_as_a_figure(runs, command, tmp_path):
    out = tmp_path / "contexts.png"
    done = command("diagnose", f"--run={runs('pixelcnn')}", f"--out={out}")
    assert done.returncode == 0, done.stderr
    (found,) = json.loads(out.with_suffix(".json").read_text())["runs"]
    assert found["pixels in the context of one layer"] == 5
    assert found["pixels in the context of whole network"] == 36
    assert out.stat().st_size > 1000
    done = command("diagnose", f"--run={runs('pixelcnn')},{runs('gan')}", f"--out={out}")
    assert done.returncode == 2
    assert "which has no context to diagnose" in done.stderr
