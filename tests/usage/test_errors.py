"""What becomes of an error: a sentence where a file is to blame, a traceback where code is."""

import os

import pytest
import tensorflow as tf

from tests import ROOT
from tests.usage.test_train import refused
from zoo import files
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.runs.directory import Run
from zoo.sampling import completion, loading

EDITED = """
import tensorflow as tf
from zoo import train
from zoo.variational import vae

original = vae.VAE.train_step

def train_step(self, data):
    {}
    return original(self, data)

vae.VAE.train_step = train_step
train.main()
"""


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("raise ValueError('a mistake of the loop')", "ValueError: a mistake of the loop"),
        ("tf.debugging.assert_equal(self.step, -1, 'wrong shapes')", "InvalidArgumentError: "),
        ("raise OSError(5, 'a socket of the loop')", "a socket of the loop"),
    ],
    ids=["ValueError", "InvalidArgumentError", "OSError"],
)
def test_an_error_of_an_edited_loop_keeps_its_traceback(line, said, forks, tmp_path):
    (tmp_path / "edited.py").write_text(EDITED.format(line))
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    words = ["--model=vae", "--config.hidden=8", "--steps=4", "--jit=off", "--run=run"]
    done = forks.run(["-m", "edited", *words], tmp_path, env)
    assert done.returncode == 1
    assert "Traceback (most recent call last)" in done.stderr
    assert "in train_step" in done.stderr
    assert said in done.stderr
    assert "zoo: " not in done.stderr


def test_only_what_the_file_system_says_becomes_a_sentence(tmp_path):
    place = tmp_path / "file"
    full = "No space left on device"
    for error in (OSError(28, full), tf.errors.ResourceExhaustedError(None, None, f"{full}\nmore")):
        with pytest.raises(files.WriteError) as found, files.writing(place, "all is kept"):
            raise error
        said = f"'{place}' cannot be written ({full}): all is kept; fix this and run the command "
        assert str(found.value) == said + "again."
    for error in (ValueError("mine"), UserError("mine"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as found, files.writing(place):
            raise error
        assert found.value is error


def test_what_cannot_be_read_is_named(tmp_path):
    spec = DataSpec("digits", (8, 8, 1))
    for read in (completion.read_picture, completion.read_mask):
        with pytest.raises(UserError, match=r"nowhere.png' cannot be read \(No such file"):
            read(str(tmp_path / "nowhere.png"), spec)
    (tmp_path / "run.json").mkdir()
    with pytest.raises(UserError, match=r"run.json' cannot be read \(Is a directory\)"):
        Run.read(tmp_path)
    with pytest.raises(UserError, match=r"cannot be read \(File name too long\)"):
        loading.load(tmp_path / ("x" * 300))


def test_a_condition_that_is_not_there_is_named(command, tmp_path):
    done = command("sample", "--run=x", f"--condition={tmp_path}/no.npy", cwd=tmp_path)
    refused(done, "no.npy' cannot be read (No such file or directory): check the path")
