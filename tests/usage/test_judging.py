"""`zoo.evaluate --samples`: anybody's pictures, judged by NumPy, with the figures of a run."""

import hashlib
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests import ROOT
from zoo import data, evaluate
from zoo.config import UserError
from zoo.data import source
from zoo.data.spec import DataOptions
from zoo.metrics import evaluation, evaluator, figures
from zoo.runs import provenance

NAMES = ["frechet", "coverage"]

# The command where nothing but these can be imported.
ALONE = """
import sys
ALLOWED = {"absl", "numpy", "PIL", "zoo", *sys.stdlib_module_names}
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in ALLOWED:
            raise ImportError(f"{name} is not installed here")
sys.meta_path.insert(0, Refuse())
import zoo.evaluate
sys.argv[0] = "zoo-evaluate"
zoo.evaluate.main()
"""


def alone(*words, cwd=ROOT):
    return subprocess.run(
        [sys.executable, "-c", ALONE, *map(str, words)], cwd=cwd, capture_output=True, text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip


def test_without_tensorflow(digits, tmp_path):
    images = digits.examples("test")[0]
    np.save(tmp_path / "mine.npy", images)
    done = alone("--samples=mine.npy", "--against=digits", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = json.loads((tmp_path / "mine_evaluation.json").read_text())
    frozen = evaluator.load("digits")
    assert found["evaluator"] == {"frozen": True, "trained_on": "digits", **frozen.sha256}
    assert found["command"].endswith("--samples=mine.npy --against=digits --num=10000")
    content = (tmp_path / "mine.npy").read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert found["samples"] == {"path": "mine.npy", "sha256": digest, "examples": 297}
    assert found["code"] == provenance.code()
    assert tuple(found["figures"]) == figures.PICTURES
    for name, figure in found["figures"].items():
        assert figure["counts"] == {"drawn": 297, "real": 297, "held_out": 297}
        assert f"{name:12} {figure['mean']:.4f}   (the data's own: {figure['real']:.4f}" in (
            done.stdout
        )
    # They are the real ones themselves, but for the half precision of the reference.
    values = {name: figure["mean"] for name, figure in found["figures"].items()}
    assert values["frechet"] < 1e-6
    assert all(values[name] == 1 for name in ("precision", "recall", "coverage"))


def test_a_folder_and_a_chosen_figure(digits, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "drawn").mkdir()
    for i, image in enumerate(digits.examples("test", 30)[0]):
        Image.fromarray(np.uint8(np.rint(255 * image[..., 0]))).save(tmp_path / f"drawn/{i}.png")
    words = ["--samples=drawn", "--against=digits", "--metrics=coverage,frechet", "--num=20"]
    evaluate.main([*words, "--out=figures.json"])
    found = json.loads((tmp_path / "figures.json").read_text())
    assert found["samples"]["examples"] == 30
    assert set(found["figures"]) == {"coverage", "frechet"}
    frechet = found["figures"]["frechet"]
    assert frechet["counts"] == {"drawn": 20, "real": 20, "held_out": 20}
    assert frechet["real"] > 2 * frechet["real_of_all"]  # the bias of 20 pictures
    assert f"(of all there are: {frechet['real_of_all']:.4f})" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--samples=x.npy", "--run=runs/a"], "say what to evaluate"),
        (["--samples=x.npy"], "say what to compare to: --against=mnist or digits."),
        (["--samples=x.npy", "--against=cifar10"], "--against=cifar10"),
        (["--samples=x.npy", "--against=digits", "--seeds=2"], "--seeds has no meaning with"),
        (["--run=runs/a", "--against=digits"], "--against has no meaning with --run: leave it"),
        (["--samples=x.npy", "--against=mnist"], "has the shape [6, 8, 8], and pictures to judge"),
        (["--samples=x.npy", "--against=digits", "--out=no/x.json"], "'no' does not exist"),
        (["--samples=x.npy", "--against=digits", "--metrics=nll"], "'nll' needs a model that"),
        (["--samples=x.npy", "--against=digits", "--metrics=accuracy"], "needs a model that is"),
        (["--samples=x.npy", "--against=digits", "--metrics=parzen"], "needs the data's own"),
        (["--samples=x.npy", "--against=digits", "--num=5", "--metrics=recall"], "more than 5"),
        (["--samples=y.npy", "--against=digits"], "'y.npy' cannot be read (No such file"),
    ],
)
def test_bad_calls_get_one_sentence(words, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "x.npy", np.zeros((6, 8, 8), np.uint8))
    with pytest.raises(UserError) as caught:
        evaluate.main(words)
    assert sentence in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["x.npy"]


@pytest.mark.slow
def test_a_run_and_its_samples_get_the_same_figures(runs, command, tmp_path):
    run, path = runs("gan"), tmp_path / "drawn.npy"
    for words in (
        ("sample", f"--run={run}", "--num=300", f"--out={path}"),
        ("evaluate", f"--run={run}", "--num=300", "--seeds=1"),
        ("evaluate", f"--samples={path}", "--against=digits", "--num=300"),
    ):
        done = command(*words)
        assert done.returncode == 0, done.stderr
    of_run, of_file = (
        json.loads(path.read_text())
        for path in (run / "evaluation.json", tmp_path / "drawn_evaluation.json")
    )
    # The run draws in parts of another size, which some CPUs round otherwise in the last bit.
    assert of_run["figures"].keys() == of_file["figures"].keys()
    for name, figure in of_run["figures"].items():
        other = of_file["figures"][name]
        assert figure["each"] == pytest.approx(other["each"], rel=1e-6), name
        assert figure["counts"] == other["counts"], name
        assert figure["real"] == other["real"], name
    assert of_run["evaluator"] == of_file["evaluator"]
    assert of_run["held_out"].items() <= of_file["held_out"].items()


@pytest.mark.slow
def test_mnist_is_judged_by_the_shipped_pictures_or_by_its_own_when_binarized():
    if "mnist" not in source.prepared_names():
        pytest.skip("needs real MNIST: set TFDS_DATA_DIR to a folder that holds it prepared")
    # Half a minute: 60,000 pictures are prepared, and 20,000 judged.
    plain, static = (
        evaluation.judge(data.load("mnist", DataOptions(**options)), "validation", 2000, NAMES)
        for options in ({"holdout": 5000}, {"binarize": "static", "holdout": 5000})
    )
    frozen = evaluator.load("mnist")
    assert plain.evaluator["reference"] == frozen.sha256["reference"]
    assert "reference" not in static.evaluator
    for judge in (plain, static):
        assert judge.held_out == "test"
        assert judge.counts["coverage"] == {"drawn": 2000, "real": 2000, "held_out": 2000}
        assert judge.real["frechet"] < 0.01
        assert judge.real["coverage"] > 0.9
    # Binarized pictures are as good as real only where they are compared to such.
    drawn = data.load("mnist", DataOptions(binarize="static")).examples("train", 2000)[0]
    assert static.of(drawn, None)["frechet"] < 0.01 < plain.of(drawn, None)["frechet"]


@pytest.mark.slow
def test_other_labeled_pictures_train_a_classifier_and_say_so():
    larger = data.load("digits", DataOptions(image_size=12))
    judge = evaluation.judge(larger, "test", 400, ["frechet", "score"])
    assert judge.evaluator["frozen"] is False
    assert judge.evaluator["trained_on"] == "digits"
    assert len(judge.evaluator["classifier"]) == 64
    assert "reference" not in judge.evaluator
    assert judge.counts["frechet"] == {"drawn": 297, "real": 297, "held_out": 297}
    assert judge.real["frechet"] < 0.05
    assert judge.real["score"] > 9
    found = judge.of(larger.examples("train", 400)[0][:, ::-1], None)
    assert found["frechet"] > 3 * judge.real["frechet"]
