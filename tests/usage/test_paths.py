"""Every command looks at its paths first: before TensorFlow starts, and it writes nothing."""

import errno
import json
import os

import pytest

from zoo import diagnose, evaluate, export, files, sample, train
from zoo.config import UserError
from zoo.runs import directory

COMMANDS = {"train": train, "sample": sample, "evaluate": evaluate, "diagnose": diagnose,
            "export": export}  # fmt: skip


@pytest.fixture
def refusal(monkeypatch, tmp_path):
    """refusal(name, *words) -> what is said in a folder with a file and a run; asserts that
    nothing begins and nothing is written."""

    def start(**_):
        raise AssertionError("TensorFlow starts")

    for command in COMMANDS.values():
        monkeypatch.setattr(command, "start_tensorflow", start)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "x.json").mkdir()
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "run.json").write_text("{")
    (tmp_path / "run").mkdir()
    facts = {key: kind() for key, kind in directory.KEYS.items()}
    (tmp_path / "run" / "run.json").write_text(json.dumps({"format": directory.FORMAT, **facts}))

    def run(name, *words):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(UserError) as error:
            COMMANDS[name].main(words)
        assert sorted(tmp_path.rglob("*")) == before
        return str(error.value)

    return run


NO_RUN = "'nowhere' is not a run directory: it has no run.json."
NOTHING = "'nowhere' is neither a run directory nor an export, and no preset: "
NOT_A_FOLDER = os.strerror(errno.ENOTDIR)
LONG = "x" * 300


@pytest.mark.parametrize(
    ("name", "words", "sentence"),
    [
        ("train", ["--model=vae", "--run=file"], f"'file' cannot be written ({NOT_A_FOLDER})"),
        ("train", ["--model=vae", "--run=file/a/b"], f"cannot be written ({NOT_A_FOLDER})"),
        ("train", ["--model=vae", "--run=a[1]"], "a run's path must not contain [ ] * ?"),
        ("train", ["--model=vae", f"--run={LONG}"], "cannot be written (File name too long)"),
        ("train", ["--run=damaged"], "run.json' is damaged"),
        ("sample", ["--run=nowhere"], NOTHING),
        ("sample", ["--run=file"], NOTHING.replace("nowhere", "file")),
        ("sample", ["--run=damaged"], "run.json' is damaged"),
        ("sample", ["--run=run", "--out=no/x.png"], "--out=no/x.png: the folder 'no' does not"),
        ("sample", ["--run=run", "--out=file/x.npy"], "--out=file/x.npy: the folder 'file' does"),
        ("sample", ["--run=run", "--out=folder.png"], "--out=folder.png is a folder: name a file"),
        ("sample", ["--run=run", f"--out={LONG}.png"], "cannot be read (File name too long)"),
        ("sample", ["--run=run", "--complete=no.png", "--mask=no.png"], "'no.png' cannot be read"),
        ("sample", ["--run=run", "--complete=file", "--mask=no.npy"], "'no.npy' cannot be read"),
        ("sample", ["--run=run", "--condition=no.npy"], "'no.npy' cannot be read"),
        ("evaluate", ["--run=nowhere"], NOTHING),
        ("evaluate", ["--run=damaged"], "run.json' is damaged"),
        ("diagnose", ["--run=run,nowhere", "--out=y.png"], NO_RUN),
        ("diagnose", ["--run=run", "--out=no/y.png"], "the folder 'no' does not exist"),
        ("diagnose", ["--run=run", "--out=folder.png"], "--out=folder.png is a folder"),
        ("diagnose", ["--run=run", "--out=x.png"], "--out=x.json is a folder"),
        ("export", ["--run=nowhere", "--out=name"], NOTHING),
        ("export", ["--run=run", "--out=no/name"], "there is no folder 'no'"),
        ("export", ["--run=run", "--out=file"], f"'file' cannot be written ({NOT_A_FOLDER})"),
        ("export", ["--run=run", f"--out={LONG}"], "cannot be read (File name too long)"),
        ("export", ["--verify=nowhere"], "'nowhere' is not an export"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_a_wrong_path_is_refused_before_any_work(name, words, sentence, refusal):
    assert sentence in refusal(name, *words)


@pytest.mark.parametrize(
    ("name", "words", "place"),
    [
        ("train", ["--model=vae", "--run=new/run"], "new/run"),
        ("train", ["--model=vae", "--run=run"], "run"),
        ("sample", ["--run=run", "--out=x.png"], "."),
        ("evaluate", ["--run=run"], "run"),
        ("diagnose", ["--run=run", "--out=y.png"], "."),
        ("export", ["--run=run", "--out=name"], "name"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else value,
)
def test_a_folder_that_cannot_be_written(name, words, place, refusal, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    monkeypatch.setattr(os, "supports_effective_ids", {os.access})
    said = f"'{place}' cannot be written (Permission denied): fix this and run the command again."
    assert refusal(name, *words) == said


def test_the_files_own_permissions(tmp_path):
    (tmp_path / "inner").mkdir(mode=0o755)
    files.check_folder(tmp_path / "inner" / "new" / "run")
    files.check_out(tmp_path / "inner" / "x.png")
    if os.geteuid():
        (tmp_path / "inner").chmod(0o555)
        with pytest.raises(files.WriteError, match="Permission denied"):
            files.check_folder(tmp_path / "inner" / "new" / "run")
