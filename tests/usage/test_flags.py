"""Flags as users of absl write them, and what is refused before TensorFlow starts."""

import dataclasses
import json
import subprocess
import sys

import pytest

from tests import ROOT
from tests.selection import fast_first
from tests.usage.test_train import refused
from zoo import evaluate, sample, train
from zoo.config import UserError
from zoo.runs import fit

COMMANDS = ("train", "sample", "evaluate", "diagnose", "export", "list")
SETTINGS = ("--config.latent=3", "--config.hidden=16,8", "--data.binarize=static", "--seed=7")


@pytest.fixture
def asked(monkeypatch):
    """What a command line asks for, as (config, data)."""
    found = []
    monkeypatch.setattr(fit, "dry_run", lambda request, how: found.append(request))

    def of(*words):
        train.main([*words, "--dry_run"])
        return found[-1].config, found[-1].data

    return of


@pytest.fixture
def no_tensorflow(monkeypatch):
    """Fails where a command starts TensorFlow."""

    def start(**_):
        raise AssertionError("TensorFlow starts")

    for command in (train, sample, evaluate):
        monkeypatch.setattr(command, "start_tensorflow", start)


@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("words", ["FILE --model=vae", "--model=vae FILE", "--model vae FILE"])
def test_settings_from_a_file(words, end, asked, tmp_path):
    inner, outer = tmp_path / "inner.flags", tmp_path / "outer.flags"
    inner.write_text(end.join(["// widths", SETTINGS[0], "  " + SETTINGS[1], ""]), newline="")
    lines = ["# all of them", "", f"--flagfile={inner}", *SETTINGS[2:], ""]
    outer.write_text(end.join(lines), newline="")
    expected = asked("--model=vae", *SETTINGS)
    for file in ([f"--flagfile={outer}"], ["--flagfile", str(outer)], [f"-flagfile={outer}"]):
        given = [w for word in words.split() for w in (file if word == "FILE" else [word])]
        assert asked(*given) == expected


def test_the_model_from_a_file(asked, tmp_path):
    file = tmp_path / "all.flags"
    file.write_text("\n".join(["--model=vae", *SETTINGS]))
    assert asked(f"--flagfile={file}") == asked("--model=vae", *SETTINGS)
    # What comes later wins, from a file or not.
    words = [f"--flagfile={file}", "--config.latent=9"]
    assert asked(*words)[0].latent == 9
    assert asked(*reversed(words))[0].latent == 3


def test_settings_from_json(asked, tmp_path):
    """Default < recipe < file < flag < --config.KEY."""
    file = tmp_path / "some.json"
    file.write_text(
        json.dumps({"latent": 3, "hidden": [16, 8], "learning_rate": 0.25, "seed": 5, "ema": 0.5})
    )
    words = ["--recipe=vae_digits", f"--config_file={file}", "--seed=7", "--config.ema=0.25"]
    recipe, data = asked("--recipe=vae_digits")
    assert (recipe.learning_rate, recipe.ema) == (1e-3, 0.999)
    expected = {
        "latent": 3, "hidden": (16, 8), "learning_rate": 0.25, "seed": 7, "ema": 0.25,
    }  # fmt: skip
    assert asked(*words) == (dataclasses.replace(recipe, **expected), data)
    assert asked(*reversed(words)) == asked(*words)
    assert asked("--model=vae", words[1])[0].latent == 3


def test_all_of_a_run_from_its_json(monkeypatch, tmp_path):
    requests = []
    monkeypatch.setattr(fit, "dry_run", lambda request, how: requests.append(request))
    facts = {
        "format": 4, "model": "vae", "dataset": "digits", "steps": 70, "held_out": {},
        "config": {"latent": 3}, "data": {"binarize": "static"}, "stretches": [], "jit": True,
    }  # fmt: skip
    file = tmp_path / "run.json"
    file.write_text(json.dumps(facts))
    train.main([f"--config_file={file}", "--dry_run"])
    train.main([f"--config_file={file}", "--dry_run", "--model=cgan", "--steps=9",
                "--config.latent=4", "--data.binarize=none"])  # fmt: skip
    train.main(["--recipe=first", f"--config_file={file}", "--dry_run"])
    one, other, third = requests
    assert (one.model, one.dataset, one.steps, one.config.latent) == ("vae", "digits", 70, 3)
    assert one.data.binarize == "static"
    assert (other.model, other.steps, other.config.latent) == ("cgan", 9, 4)
    assert other.data.binarize == "none"
    assert (third.model, third.steps) == ("vae", 70)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, r"cannot be read \(No such file"),
        ("[1]", "it is not a JSON object of settings"),
        ("{'latent': 3}", "it is not a JSON object of settings"),
        ("[" * 100_000, "it is not a JSON object of settings"),
        ('{"latnt": 3}', "unknown setting 'latnt': did you mean 'latent'"),
        ('{"latent": "many"}', "latent must be a whole number"),
        (
            '{"model": "vae", "latent": 3}',
            "'latent' is none of model, dataset, config, data, steps: put",
        ),
        ('{"model": "vea"}', "unknown model 'vea': did you mean 'vae'"),
        ('{"model": "vae", "steps": 0}', "its 'steps' cannot be 0"),
        ('{"model": "vae", "from": {"preset": "p"}}', "began with the preset 'p': pass --from as"),
        ('{"model": "vae", "config": [3]}', r"its 'config' cannot be \[3\]"),
    ],
    ids=[
        "missing",
        "list",
        "python",
        "deep",
        "key",
        "type",
        "mixed",
        "model",
        "steps",
        "preset",
        "config",
    ],
)
def test_wrong_json_gets_one_sentence(content, sentence, asked, tmp_path):
    file = tmp_path / "some.json"
    if content is not None:
        file.write_text(content)
    words = [] if content and '"model"' in content else ["--model=vae"]
    with pytest.raises(UserError, match=sentence):
        asked(*words, f"--config_file={file}", f"--run={tmp_path / 'run'}")


@pytest.mark.parametrize(
    "words",
    [
        ["--config.latent", "3"],
        ["-config.latent=3"],
        ["--config.latent=8", "--config.latent=3"],
        ["--undefok=other", "--other=1", "--config.latent=3"],
    ],
    ids=" ".join,
)
def test_settings_are_flags_like_others(words, asked):
    assert asked("--model=vae", *words)[0].latent == 3
    assert asked(*words, "--model=vae")[0].latent == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "Unable to open flagfile: [Errno 2] No such file or directory"),
        (b"--model=vae\n--config.latnt=3", "unknown setting 'latnt': did you mean 'latent'?"),
        (b"--model=vae\n--stpes=3", "unknown flag --stpes: did you mean 'steps'?"),
        (b"--model=vae\nsteps=3", "'steps=3' is no flag"),
        (b"--model=vae\n--config.latent", "Missing value for --config.latent"),
        (b"--model=vae\n--config.latent\n--seed=3", "write --config.latent=VALUE"),
        (b"\xff\xfe-\x00-\x00m\x00", "a --flagfile is not a text file in utf-8"),
    ],
    ids=["missing", "setting", "flag", "word", "bare", "bare before another", "UTF-16"],
)
def test_a_wrong_file_gets_one_sentence(content, sentence, command, tmp_path):
    file = tmp_path / "a.flags"
    if content is not None:
        file.write_bytes(content)
    refused(command("train", f"--run={tmp_path / 'run'}", f"--flagfile={file}"), sentence)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (train, ["--model=vae", "--seed=2147483648"]),
        (train, ["--model=vae", "--config.seed=-2147483649"]),
        (train, ["--model=vae", "--config.batch_size=0"]),
        (train, ["--model=vae", "--steps=2147483648"]),
        (sample, ["--run=runs/a", "--seed=2147483648"]),
        (sample, ["--run=runs/a", "--seed=-2147483649"]),
        (sample, ["--run=runs/a", "--num=2147483648"]),
        (evaluate, ["--run=runs/a", "--num=2147483648"]),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_numbers_out_of_range_are_refused_at_once(command, words, no_tensorflow):
    with pytest.raises(UserError, match=words[-1].split("=")[1]):
        command.main(words)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_without_docstrings(name):
    done = subprocess.run(
        [sys.executable, "-OO", "-m", f"zoo.{name}", "--help"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"python -m zoo.{name} ")
    assert "Flags:" in done.stdout


@pytest.mark.parametrize("flagfile", fast_first([True, False], [True]))
def test_help_of_a_model_is_its_help_alone(flagfile, tmp_path):
    file = tmp_path / "a.flags"
    file.write_text("--model=vae\n--config.latent=3\n")
    words = [f"--flagfile={file}"] if flagfile else ["--model", "vae"]
    done = subprocess.run(
        [sys.executable, "-m", "zoo.train", *words, "--help"],
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0
    assert done.stderr == ""
    assert "Settings of vae" in done.stdout
    assert "--config.latent: " in done.stdout
