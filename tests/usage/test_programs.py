"""The commands as functions, `main([...])`: in notebooks and programs, whatever their own argv and
flags, as often as one likes."""

import json
import signal
import sys
import threading

import numpy as np
import pytest
import tensorflow as tf
from absl import flags, logging

import zoo
from tests.selection import PIXELWISE
from zoo import diagnose, evaluate, export, sample, startup, train
from zoo import list as catalog
from zoo.config import UserError
from zoo.interruption import Stopped
from zoo.runs import fit
from zoo.training import callbacks

SMALL = ["--model=vae", "--config.hidden=8", "--config.latent=2", "--jit=off", "--every=4"]
HANDLED = (signal.SIGTERM, signal.SIGINT)


@pytest.fixture(autouse=True)
def kernel(monkeypatch):
    """A notebook's argv, which no command may look at."""
    monkeypatch.setattr(sys, "argv", ["ipykernel_launcher.py", "-f", "/tmp/kernel.json", "--seed"])


def state():
    """What a command may change for the program around it."""
    return (
        {name: (flags.FLAGS[name], flags.FLAGS[name].value) for name in flags.FLAGS},
        logging.get_verbosity(),
        [signal.getsignal(number) for number in HANDLED],
        tf.config.experimental.tensor_float_32_execution_enabled(),
        list(sys.argv),
    )


def test_one_after_another_and_again(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before, run = state(), tmp_path / "run"
    for steps in (4, 8):  # the same run: its lock went with the first call
        assert train.main([*SMALL, f"--steps={steps}", f"--run={run}"]) is None
        assert state() == before
    assert "going on from step 4 of 8" in capsys.readouterr().out
    for seed in (3, 4):
        out = tmp_path / f"{seed}.NPY"
        assert sample.main([f"--run={run}", "--num=2", f"--seed={seed}", f"--out={out}"]) is None
        np.testing.assert_allclose(np.load(out), zoo.load(run).sample(2, seed), atol=1e-6)
        catalog.main([])
        assert state() == before
    evaluate.main(["--run", run, "--num=80", "--seeds=1"])  # a path, and in two words
    assert (run / "evaluation.json").exists()
    assert state() == before


@pytest.mark.slow
def test_settings_do_not_stay_for_the_next_call(tmp_path):
    for words, latent in ((["--config.latent=3", "--data.binarize=static"], 3), ([], 2)):
        run = tmp_path / str(latent)
        train.main([*SMALL, *words, "--steps=1", f"--run={run}"])
        facts = json.loads((run / "run.json").read_text())
        assert facts["config"]["latent"] == latent
        assert facts["data"]["binarize"] == ("static" if words else "none")


@pytest.mark.slow
def test_figures_and_exports(runs, tmp_path):
    for number in (1, 2):
        diagnose.main([f"--run={runs(PIXELWISE[0])}", f"--out={tmp_path / 'x.PNG'}"])
        export.main([f"--run={runs('vae')}", f"--out={tmp_path / 'vae'}"])
        export.main([f"--verify={tmp_path / 'vae'}"])
        assert (tmp_path / "vae" / str(number) / "model.tflite").exists()
    assert (tmp_path / "x.PNG").exists()
    assert (tmp_path / "x.json").exists()


@pytest.mark.parametrize("command", [train, sample, evaluate, diagnose, export, catalog])
def test_a_mistake_is_raised_and_help_returns(command, capsys):
    before = state()
    with pytest.raises(UserError, match="unknown flag --no_such_flag"):
        command.main(["--no_such_flag=3"])
    with pytest.raises(UserError, match="is no flag"):
        command.main(["word"])
    with pytest.raises(UserError, match=r"as a list: main\(\['--help'\]\)"):
        command.main("--help")
    assert command.main(["--help"]) is None
    assert f"python -m {command.__name__}" in capsys.readouterr().out
    assert state() == before


@pytest.mark.slow
def test_nothing_stays_of_what_was_refused(tmp_path):
    run, kept = tmp_path / "run", []
    train.main([*SMALL, "--steps=1", f"--run={run}"])
    for _ in range(2):
        with pytest.raises(UserError, match=r"--config.latent=2 and not 3") as error:
            train.main([*SMALL, "--config.latent=3", "--steps=2", f"--run={run}"])
        kept.append(error)  # as a notebook keeps the last traceback, and the run in it
    train.main([*SMALL, "--steps=2", f"--run={run}"])


@pytest.mark.slow
def test_the_programs_own_flags_are_its_own(tmp_path):
    values = flags.FLAGS
    flags.DEFINE_string("seed", "words", "the program's")
    flags.DEFINE_string("other", "here", "the program's")
    try:
        values(["program", "--seed=of its own"])
        before = state()
        train.main([*SMALL, "--seed=5", "--steps=1", f"--run={tmp_path / 'run'}"])
        assert json.loads((tmp_path / "run" / "run.json").read_text())["config"]["seed"] == 5
        assert state() == before
        assert values.seed == "of its own"
        values(["program", "--seed=again", "--other=too"])
        assert (values.seed, values.other) == ("again", "too")
    finally:
        for name in ("seed", "other"):
            delattr(values, name)


@pytest.mark.slow
def test_from_another_thread(tmp_path):
    """Where no signals come, and none can be handled."""
    raised = []

    def call():
        try:
            train.main([*SMALL, "--steps=1", f"--run={tmp_path / 'run'}"])
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    assert not raised
    assert (tmp_path / "run" / "checkpoints" / "step-1.index").exists()


@pytest.mark.slow
def test_an_interrupted_call_can_be_repeated(tmp_path, monkeypatch):
    """The step is kept, and the next Ctrl-C is the notebook's again."""
    before, run = state(), tmp_path / "run"
    write = callbacks.MetricsLogger.write

    def interrupted(self, step, values):
        signal.raise_signal(signal.SIGINT)
        write(self, step, values)

    monkeypatch.setattr(callbacks.MetricsLogger, "write", interrupted)
    with pytest.raises(Stopped, match=r"stopped by Ctrl-C at step \d+ of 90, which is kept"):
        train.main([*SMALL, "--steps=90", f"--run={run}"])
    assert state() == before
    monkeypatch.undo()
    train.main([*SMALL, "--steps=90", f"--run={run}"])
    assert (run / "checkpoints" / "step-90.index").exists()


def test_products_are_as_the_program_chose(monkeypatch):
    """On a GPU `sample` asks for exact products, which would slow a training after it down."""
    asked = tf.config.experimental
    try:
        for choice in (True, False):
            asked.enable_tensor_float_32_execution(choice)
            with startup.float32_products_kept():
                startup.start_tensorflow(exact=True)
                assert not asked.tensor_float_32_execution_enabled()
            assert asked.tensor_float_32_execution_enabled() == choice
    finally:
        asked.enable_tensor_float_32_execution(True)


def test_an_error_of_a_loop_is_the_programs(tmp_path, monkeypatch):
    monkeypatch.setattr(fit, "fit", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        train.main([*SMALL, f"--run={tmp_path / 'run'}"])
