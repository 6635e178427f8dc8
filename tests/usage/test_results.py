"""RESULTS.md is what its command writes, rows have what they need, and a cheap one runs again."""

import json

import pytest

from tests import ROOT
from zoo import claims, measured, results
from zoo.config import UserError
from zoo.runs import directory

ROW = {
    "name": "gan25",
    "model": "gan",
    "data": "25 Gaussians",
    "metric": "modes",
    "figure": "modes",
    "at_least": 25.0,
    "paper": "a picture",
    "recipe": "gan_gaussians25",
}


def evaluated(seed=0, mean=25.0, **changes):
    """What `zoo.evaluate` writes of one run."""
    return {
        "command": "python -m zoo.evaluate --run=runs/a",
        "model": "gan",
        "dataset": "gaussians25",
        "training_seed": seed,
        "step": 50_000,
        "held_out": {"split": "test", "examples": 10_000},
        "stretches": [{"from_step": 0, "processors": 2}],
        "trained_seconds": 90.0,
        "figures": {"modes": {"mean": mean, "sd": 1.0, "over": "sampling seeds", "each": [1, 2]}},
        **changes,
    }


@pytest.fixture
def made(tmp_path):
    """A folder of claims with one row, `ROW` with changes, and files name -> content."""

    def make(files, protocol="", **changes):
        row = {key: value for key, value in {**ROW, **changes}.items() if value is not None}
        lines = [f"{key} = {json.dumps(value)}" for key, value in row.items()]
        head = f'[[section]]\ntitle = "T"\nprotocol = "P"\n{protocol}\n[[section.claim]]\n'
        (tmp_path / claims.FILE).write_text(head + "\n".join(lines))
        for name, content in files.items():
            text = content if isinstance(content, str) else json.dumps(content)
            (tmp_path / name).write_text(text)
        return tmp_path

    return make


def run(folder, *words):
    results.main([f"--results={folder}", f"--out={folder / 'RESULTS.md'}", *words])
    return (folder / "RESULTS.md").read_text()


def test_the_page_is_what_the_command_writes():
    results.main([f"--results={ROOT / 'results'}", f"--out={ROOT / 'RESULTS.md'}", "--check"])


def test_a_row_of_one_run(made):
    text = run(made({"gan_gaussians25.json": evaluated()}))
    row = text.splitlines()[-1]
    assert "| `gan` | 25 Gaussians | modes | 25 ± 1 (2 sampling seeds) [file](" in row
    assert "(./gan_gaussians25.json) | at least 25, met | a picture | – |" in row
    assert row.endswith("| `--recipe=gan_gaussians25` | 1.5, on 2 |")
    assert "## T\n\nP\n" in text


def test_a_row_of_several_training_seeds(made):
    """In files of their own, as here, or in the joint one that `zoo.evaluate --out` writes."""
    each = [evaluated(0, 20.0, trained_seconds=60.0), evaluated(1, 24.0)]
    words = "| 22 ± 2.8 (2 training seeds) ["
    apart = run(made({f"gan_gaussians25_seed{i}.json": one for i, one in enumerate(each)}))
    assert words in apart
    assert "[seed 0](./gan_gaussians25_seed0.json), [seed 1](" in apart
    assert "| at least 25, **missed** |" in apart
    assert "| 1.2, on 2 |" in apart
    for path in made({}).glob("gan_gaussians25_*"):
        path.unlink()
    joint = {"runs": {str(i): {"samples": one} for i, one in enumerate(each)}, "figures": {}}
    assert words in run(made({"gan_gaussians25.json": joint}))


def test_errors_of_pictures_and_real_data_are_said(made):
    nll = {"mean": 88.7101, "standard_error": 0.2077}
    text = run(made({"gan_gaussians25.json": evaluated(figures={"nll": nll})}, figure="nll"))
    assert "| 88.71 ± 0.21 (10000 pictures of test) [" in text
    one = {"mean": 0.0712, "sd": None, "over": None, "real": 0.002}
    text = run(
        made({"gan_gaussians25.json": evaluated(figures={"frechet": one})}, figure="frechet")
    )
    assert "| 0.0712 (real 0.002) [" in text


def test_rows_without_a_figure_say_why(made):
    text = run(made({}, not_measured="an hour"))
    assert "| not measured yet: an hour | at least 25 |" in text
    text = run(made({}, recipe=None, figure=None, at_least=None, out_of_reach="no GPU"))
    assert "| out of reach: no GPU | – | a picture | – | – | – |" in text
    folder = made({}, figure=None, at_least=None, shown="x.png")
    (folder.parent / "x.png").touch()
    assert "| [picture](x.png) | – | a picture | – | `--recipe=gan_gaussians25` | – |" in run(
        folder
    )
    (folder.parent / "x.png").unlink()


@pytest.mark.parametrize(
    ("files", "changes", "sentence"),
    [
        ({}, {}, "'gan25' has no file with its 'modes': evaluate a run with --out="),
        ({"gan_gaussians25.json": evaluated()}, {"not_measured": "x"}, "remove not_measured"),
        ({"gan_gaussians25.json": evaluated()}, {"figure": "good"}, "no file with its 'good'"),
        ({"gan_gaussians25.json": evaluated()}, {"at_least": None}, "needs a bound"),
        ({"gan_gaussians25.json": evaluated()}, {"recipe": None}, "needs a command that trains"),
        ({}, {"shown": "docs/no.png"}, "has no picture 'docs/no.png'"),
        ({}, {"recipe": "gan_gausians25"}, "did you mean 'gan_gaussians25'"),
        ({}, {"model": "gann"}, "is of no model 'gann': did you mean 'gan'"),
        ({"gan_gaussians25.json": evaluated(command="")}, {}, "without the command that evaluated"),
        ({"gan_gaussians25.json": evaluated(step=9)}, {}, "a file of step=9, and its own is 50000"),
        ({"gan_gaussians25.json": evaluated(model="wgan")}, {}, "a file of model=wgan"),
        (
            {"gan_gaussians25.json": evaluated(binarize="static")},
            {},
            "a file of binarize=static, and its own is none",
        ),
        (
            {"gan_gaussians25.json": evaluated(samples=2500)},
            {"protocol": "drawn = 10_000"},
            "a file of 2500 samples, and its section's protocol has 10000",
        ),
        (
            {"gan_gaussians25.json": evaluated(samples=10, held_out={"split": "train"})},
            {"protocol": "drawn = 10"},
            "a file of the split 'train': evaluate on test",
        ),
        (
            {f"gan_gaussians25_seed{i}.json": evaluated() for i in range(2)},
            {},
            "two runs of one training seed",
        ),
        ({"gan_gaussians25.json": "{"}, {}, "gan_gaussians25.json' is damaged"),
        ({}, {"at_most": "25"}, "has at_most = '25', which is of another type"),
        ({}, {"at_last": 25}, "'gan25' has 'at_last': did you mean 'at_least'"),
        ({}, {"paper": None}, "'gan25' needs 'paper'"),
    ],
)
def test_what_a_row_lacks_is_one_sentence(files, changes, sentence, made):
    folder = made(files, **changes)
    for words in ([], ["--check"]):
        with pytest.raises(UserError) as caught:
            run(folder, *words)
        assert sentence in str(caught.value)
    assert not (folder / "RESULTS.md").exists()


def test_an_old_page_is_refused(made):
    folder = made({"gan_gaussians25.json": evaluated()})
    with pytest.raises(UserError, match=r"RESULTS\.md' cannot be read"):
        run(folder, "--check")
    run(folder)
    run(folder, "--check")
    made({"gan_gaussians25.json": evaluated(mean=24.0)})
    with pytest.raises(UserError, match=r"is not what zoo\.results writes: run python -m"):
        run(folder, "--check")
    (folder / "gan_gaussians25.json").unlink()
    with pytest.raises(UserError, match="has no file with its 'modes'"):
        run(folder, "--check")


def test_some_rows_alone(made):
    folder = made({"gan_gaussians25.json": evaluated()})
    head, _, row = results.table(["gan25"], folder).splitlines()
    assert head == "| model | data | figure | ours | the paper's | best peer |"
    assert row.startswith("| `gan` | 25 Gaussians | modes | 25 ± 1 (2 sampling seeds) [file](")
    with pytest.raises(UserError, match="no claim 'gan26': did you mean 'gan25'"):
        results.table(["gan26"], folder)


def test_a_recipe_has_its_own_files(tmp_path):
    for name in ("a.json", "a_seed0.json", "a_seed12.json", "a_iwae.json", "b_a.json", "a_seed0"):
        (tmp_path / name).touch()
    assert measured.files_of("a", tmp_path) == [tmp_path / "a.json"]
    (tmp_path / "a.json").unlink()
    found = [path.name for path in measured.files_of("a", tmp_path)]
    assert found == ["a_seed0.json", "a_seed12.json"]


def test_seconds_of_training_are_those_of_all_stretches(tmp_path):
    """Each stretch counts from its own start, and one may be read while another is written."""
    lines = [(1, 4.0), (50, 10.0), (60, 12.5), (61, 3.0), (100, 20.0), (100, 21.0)]
    text = "".join(json.dumps({"step": step, "time": time}) + "\n" for step, time in lines)
    (tmp_path / "metrics.jsonl").write_text(text)
    run = directory.Run(tmp_path, {"stretches": [{"from_step": 0}, {"from_step": 60}]})
    assert run.seconds == 12.5 + 21.0
    (tmp_path / "metrics.jsonl").unlink()
    assert run.seconds is None


# Trains the cheapest row anew: 40 s of work.
@pytest.mark.slow
@pytest.mark.minutes
def test_a_row_measures_the_same_again(command, tmp_path):
    sections = claims.read(ROOT / "results")
    (claim,) = (c for s in sections for c in s.claims if c.name == "vae_digits")
    done = command("train", *claim.command.split(), f"--run={tmp_path / 'run'}")
    assert done.returncode == 0, done.stderr
    out = tmp_path / "vae_digits.json"
    done = command("evaluate", f"--run={tmp_path / 'run'}", f"--out={out}")
    assert done.returncode == 0, done.stderr
    joint = json.loads(out.read_text())
    assert joint["training_seeds"] == [0]
    assert joint["figures"]["samples"] == joint["runs"][str(tmp_path / "run")]["samples"]["figures"]
    again, kept = claim.measured(tmp_path), claim.measured(ROOT / "results")
    print(again.words(), "and before", kept.words())
    assert claim.problems(tmp_path, drawn=297) == []
    assert claim.is_met(again.mean)
    assert again.mean == pytest.approx(
        kept.mean, rel=0.2
    )  # the same bits on the same machine alone
    assert float(again.minutes().split(",")[0]) > 0
