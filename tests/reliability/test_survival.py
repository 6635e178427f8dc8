"""What machines do to a run: kills, signals, damaged checkpoints, faults of the disk."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import ROOT
from tests.reliability.storage import saving, shim
from tests.usage.test_train import checkpoint, refused
from zoo.config import UserError, override
from zoo.interruption import Interruption, Stopped, deferred
from zoo.runs import fit
from zoo.runs.checkpoints import Checkpoints
from zoo.runs.directory import Run
from zoo.training import callbacks, execution
from zoo.viz import grid


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc: install it")
    return shim.build(tmp_path_factory.mktemp("library"))


def under(library, root, out, action, *words):
    root.mkdir()
    done = subprocess.run(
        [sys.executable, "-m", saving.__name__, *words[:1], str(root), *words[1:]],
        env={**shim.environment(library, root, out, action), "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


# --- kills and faults while a checkpoint is written ---------------------------------------------


@pytest.mark.slow
def test_a_kill_at_every_call_of_checkpointing_resumes_bit_for_bit(library, tmp_path):
    under(library, tmp_path / "root", tmp_path / "out", "snapshot", "steps", "3")
    snapshots = shim.snapshots(tmp_path / "out")
    # Of the first checkpoint, and of the last, which drops one; kills.py takes all, of every loop.
    ends = [c.number for c in shim.calls(tmp_path / "out") if c[2::2] == ("rename", "checkpoint")]
    assert len(ends) == 4
    snapshots = snapshots[: ends[0]] + snapshots[ends[2] :]
    states = [*shim.distinct(snapshots), tmp_path / "root"]
    model, data = saving.made()
    start = [variable.numpy() for variable in model.variables]
    slots = [v for _, o in model.optimizers().values() for v in o.variables]
    first = [variable.numpy() for variable in slots]
    saving.train(model, data, 5)
    unbroken = saving.weights(model)
    resumed_at = []
    for state in states:
        for variable, value in zip([*model.variables, *slots], [*start, *first], strict=True):
            variable.assign(value)
        checkpoints = Checkpoints(state, model)
        resumed_at.append(checkpoints.restore())
        saving.train(model, data, 5)
        assert saving.weights(model) == unbroken, f"{state} at step {resumed_at[-1]}"
        checkpoints.save(5)  # what the kill left is in nobody's way
        assert not [path.name for path in pathlib.Path(state).iterdir() if "part" in path.name]
    # Never back: each state resumes from the newest step that was kept, or from none before that.
    assert resumed_at == sorted(resumed_at, key=lambda step: -1 if step is None else step)
    assert set(resumed_at) == {None, 0, 2, 3}


@pytest.mark.slow
def test_faults_of_the_disk_lose_nothing_and_are_named(library, tmp_path):
    lines = under(library, tmp_path / "root", tmp_path / "out", "", "faults", "52").splitlines()
    found = [json.loads(line) for line in lines]
    assert len(found) == 52
    failed = [fault for fault in found if fault["said"]]
    assert len(failed) >= 30  # short writes are gone on with, and so is a folder that stays
    assert all(shim.names_fault(fault["said"]) for fault in failed)
    assert not any(fault["fault"] == "short" for fault in failed)
    assert sum(fault["struck"] for fault in found) >= 48


# --- damaged checkpoints ------------------------------------------------------------------------


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "data cut": lambda of: cut(of("data-00000-of-00001")),
    "data flipped": lambda of: flip(of("data-00000-of-00001")),
    "data lost": lambda of: of("data-00000-of-00001").unlink(),
    "index cut": lambda of: cut(of("index")),
    "index flipped": lambda of: flip(of("index")),
    "index empty": lambda of: of("index").write_bytes(b""),
    "index of bytes": lambda of: of("index").write_bytes(bytes(range(256))),
    "data empty": lambda of: of("data-00000-of-00001").write_bytes(b""),
    "data of another step": lambda of: shutil.copy(
        of("data-00000-of-00001").with_name("step-3.data-00000-of-00001"),
        of("data-00000-of-00001"),
    ),
}


@pytest.fixture(scope="module")
def four_steps(tmp_path_factory):
    """A folder with the checkpoints of steps 2, 3 and 4, and the weights of each step."""
    folder, (model, data) = tmp_path_factory.mktemp("four"), saving.made()
    checkpoints, kept = Checkpoints(folder, model), {}
    for step in range(5):
        saving.train(model, data, step)
        checkpoints.save(step)
        kept[step] = saving.weights(model)
    return folder, kept


@pytest.fixture(scope="module")
def model():
    return saving.made()[0]


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    damage, four_steps, model, tmp_path, capsys
):
    source, kept = four_steps
    folder = tmp_path / "checkpoints"
    shutil.copytree(source, folder)
    DAMAGES[damage](lambda end: folder / f"step-4.{end}")
    checkpoints = Checkpoints(folder, model)
    assert checkpoints.restore() == 3
    assert saving.weights(model) == kept[3]
    assert "the checkpoint of step 4 is damaged and left out: " in capsys.readouterr().out
    assert checkpoints.steps() == [2, 3, 4]
    checkpoints.save(5)  # drops the damaged one, and none that is whole
    assert checkpoints.steps() == [2, 3, 5]
    assert Checkpoints(folder, model).restore() == 5


@pytest.mark.parametrize("end", ["index", "data-00000-of-00001"])
def test_a_flipped_bit_anywhere_changes_no_weight_unnoticed(end, four_steps, model, tmp_path):
    """TensorFlow's own checksums are the only ones.  Some bits fill the index' last 48 bytes up;
    with one of those flipped the weights are still the right ones."""
    source, kept = four_steps
    folder, generator = tmp_path / "checkpoints", np.random.RandomState(0)
    shutil.copytree(source, folder)
    path = folder / f"step-4.{end}"
    content, noticed, places = path.read_bytes(), 0, 0
    for place in range(0, len(content), max(1, len(content) // 60)):
        flipped = bytearray(content)
        flipped[place] ^= 1 << generator.randint(8)
        path.write_bytes(flipped)
        step = Checkpoints(folder, model).restore()
        assert saving.weights(model) == kept[step], place
        noticed += step == 3
        places += 1
    assert places >= 60
    assert noticed > (0.95 if end == "index" else 0.999) * places


def test_the_list_of_checkpoints_is_for_others(four_steps, model, tmp_path):
    source, kept = four_steps
    folder = tmp_path / "moved" / "elsewhere"
    shutil.copytree(source, folder)
    assert tf.train.latest_checkpoint(folder) == str(folder / "step-4")
    (folder / "checkpoint").write_text('model_checkpoint_path: "/nowh')
    assert Checkpoints(folder, model).restore() == 4
    assert saving.weights(model) == kept[4]


def test_no_whole_checkpoint_is_refused(four_steps, model, tmp_path):
    folder = tmp_path / "checkpoints"
    shutil.copytree(four_steps[0], folder)
    for path in folder.glob("step-*.data*"):
        cut(path)
    with pytest.raises(UserError, match=r"no checkpoint in .* is whole"):
        Checkpoints(folder, model).restore()


# What keeps a whole checkpoint from being read, and TensorFlow's words about it.
UNREADABLE = {
    "a disk that fails": (
        lambda path: (path.unlink(), path.symlink_to("/proc/self/mem")), "Input/output error",
    ),
    "a folder": (lambda path: (path.unlink(), path.mkdir()), "Is a directory"),
    "links in a circle": (lambda path: (path.unlink(), path.symlink_to(path)), "symbolic links"),
}  # fmt: skip


def unreadable(folder, model, words):
    """Asserts that the newest checkpoint is not taken for a damaged one, and that it stays."""
    before = sorted(folder.iterdir())
    with pytest.raises(UserError, match=rf"step-4' cannot be read \(.*{words}\): its files are "):
        Checkpoints(folder, model).restore()
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize("why", UNREADABLE)
def test_a_checkpoint_that_cannot_be_read_is_not_a_damaged_one(why, four_steps, model, tmp_path):
    folder, (spoil, words) = tmp_path / "checkpoints", UNREADABLE[why]
    shutil.copytree(four_steps[0], folder)
    spoil(folder / "step-4.data-00000-of-00001")
    unreadable(folder, model, words)


def test_a_checkpoint_that_nobody_may_read_is_not_a_damaged_one(four_steps, forks, tmp_path):
    folder = tmp_path / "checkpoints"
    shutil.copytree(four_steps[0], folder)
    (folder / "step-4.data-00000-of-00001").chmod(0)
    code = f"""
import os
from zoo.runs.checkpoints import Checkpoints
from tests.reliability.storage import saving
model, _ = saving.made()
def restore():
    try:
        return Checkpoints({str(folder)!r}, model).restore()
    except ValueError as error:
        return error
os.geteuid() or os.seteuid(65534)
print(restore())
"""
    for path in [folder, *folder.parents]:  # others than root may look in
        if path.stat().st_uid == os.getuid() and path != path.parent and "pytest-" in str(path):
            path.chmod(0o755)
    done = forks.run(["-c", code], ROOT, {**os.environ, "PYTHONPATH": str(ROOT)})
    assert "step-4' cannot be read (" in done.stdout, done.stderr
    assert "; Permission denied): its files are left as they are" in done.stdout


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.ResourceExhaustedError(
            None, None, "{{node RestoreV2}} OOM when allocating\nmore"
        ),
        tf.errors.PermissionDeniedError(None, None, "not yours"),
        tf.errors.UnavailableError(None, None, "the bucket is away"),
        tf.errors.InternalError(None, None, "a bug"),
        tf.errors.UnknownError(None, None, "anything"),
        tf.errors.OpError(None, None, "step-4.index; Stale file handle", tf.errors.UNKNOWN),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_only_what_is_said_of_the_content_is_damage(error, four_steps, model, monkeypatch):
    def restore(*_):
        raise error

    monkeypatch.setattr(tf.train.Checkpoint, "restore", restore)
    said = getattr(error, "message", "out of memory").splitlines()[0].rpartition("}} ")[2]
    unreadable(four_steps[0], model, said)


def test_weights_of_another_dtype_are_no_damage(tmp_path):
    """As under another `floatx`, where all of them would be pruned."""
    saved, read = tf.Module(), tf.Module()
    saved.weight, read.weight = tf.Variable(1.0), tf.Variable(1.0, dtype=tf.float64)
    Checkpoints(tmp_path, saved).save(4)
    unreadable(tmp_path, read, "expected dtype double does not equal original dtype float")


def test_a_checkpoint_of_another_model_is_refused(four_steps):
    other = zoo.build("vae", latent=3, hidden=(16,), batch_size=32)
    with pytest.raises(UserError, match=r"holds other weights than the settings in run\.json"):
        Checkpoints(four_steps[0], other).restore()


# --- signals ------------------------------------------------------------------------------------


@pytest.fixture
def interruption():
    """An `Interruption` that listens while the test runs."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield Interruption().listen()
    for number, handler in before.items():
        signal.signal(number, handler)


def asked(path, steps=90):
    """A request for a small VAE of 90 steps, 45 between milestones."""
    from zoo import registry

    words = {"batch_size": 32, "latent": 2, "hidden": (16,), "ema": 0.9}
    config = override(registry.module("vae").Config(), words)
    return fit.Request("vae", "digits", config, registry.data_options("vae"), steps, path)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "unbroken"
    fit.fit(asked(path), fit.How(every=45))
    return checkpoint(path)


def at(monkeypatch, owner, name, number, due):
    """Sends `number` to this process within the first call of `owner.name` that is `due`."""
    original, sent = getattr(owner, name), []

    def call(*words, **named):
        if not sent and due(*words):
            sent.append(True)
            os.kill(os.getpid(), number)
        return original(*words, **named)

    monkeypatch.setattr(owner, name, call)


def stopped(path, interruption):
    """Trains until a signal ends it, and returns what is said."""
    with pytest.raises(Stopped) as error:
        fit.fit(asked(path), fit.How(every=45), interruption)
    return error.value.status, str(error.value)


def test_signals_keep_the_step(unbroken, interruption, monkeypatch, tmp_path):
    """In a step, in validation, in a picture, in the last checkpoint; the clock jumps all the
    while, and between them the folder moves: the weights are an unbroken run's."""
    monkeypatch.setattr(execution.Pace, "took", lambda *_: None)  # one step in an execution
    true, jumps = time.time, iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: true() + (-1) ** next(jumps) * 1e6)
    moments = [
        (callbacks.MetricsLogger, "write", signal.SIGTERM, lambda self, step, _: step == 20, 20),
        (callbacks.MetricsLogger, "write", signal.SIGINT, lambda self, step, v: "val_kl" in v, 45),
        (grid, "write_png", signal.SIGTERM, lambda path, _: "90" in path.name, 90),
    ]
    path = tmp_path / "run"
    for owner, name, number, due, step in moments:
        moved = path.parent / f"moved to step {step}"
        if path.exists():
            path.rename(moved)
        path = moved
        interruption.asked = None
        with monkeypatch.context() as patch:
            at(patch, owner, name, number, due)
            status, said = stopped(path, interruption)
        assert status == 128 + number
        assert f"at step {step} of 90, which is kept; run the same command" in said
        assert (path / "checkpoints" / f"step-{step}.index").exists()
        assert not interruption.patient
    assert checkpoint(path) == unbroken
    assert {picture.name for picture in (path / "samples").iterdir()} == {
        f"step_{step:07d}.png" for step in (0, 45, 90)
    }
    assert "moved" not in (path / "run.json").read_text()


def test_a_second_ctrl_c_stops_at_once():
    interruption = Interruption()
    with pytest.raises(Stopped, match=r"stopped by SIGTERM; run the same"):
        interruption._come(signal.SIGTERM, None)
    interruption.patient = True
    interruption._come(signal.SIGINT, None)
    interruption._come(signal.SIGTERM, None)  # a supervisor may repeat itself
    with pytest.raises(Stopped, match=r"stopped by Ctrl-C"):
        interruption._come(signal.SIGINT, None)


@pytest.mark.parametrize(("number", "seconds"), [(signal.SIGTERM, 1.0), (signal.SIGINT, 3.0)])
def test_a_signal_in_the_first_seconds(number, seconds, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-m", "zoo.train", "--model=vae", f"--run={tmp_path / 'run'}"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    time.sleep(seconds)
    process.send_signal(number)
    _, said = process.communicate(timeout=100)
    assert process.returncode == 128 + number, said
    assert "Traceback" not in said
    assert said.splitlines()[-1].startswith("zoo: stopped by ")


def test_a_signal_during_an_import_waits_for_its_end():
    """A C extension turns an exception from a signal handler into an `ImportError`."""
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        with deferred():
            signal.raise_signal(signal.SIGTERM)
            assert not seen
        assert seen == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


# --- a full disk ----------------------------------------------------------


@pytest.mark.slow
def test_a_full_disk_ends_with_what_to_do(library, runs, command, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(runs("vae"), run)
    before = checkpoint(run)
    words = [f"--run={run}", "--steps=80", "--every=20"]
    number = 30  # in the middle of what a milestone writes
    environment = shim.environment(library, run, tmp_path / "out", f"full:{number}")
    done = subprocess.run(
        [sys.executable, "-m", "zoo.train", *words], capture_output=True, text=True, check=False,
        cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 2
    refused(done, "No space left on device")
    assert checkpoint(run) == before
    done = command("train", *words)
    assert done.returncode == 0, done.stderr


def test_a_damaged_line_of_metrics_is_named(runs, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(runs("vae"), run)
    lines = (run / "metrics.jsonl").read_text().splitlines(keepends=True)
    (run / "metrics.jsonl").write_text("".join([lines[0], "{\n", *lines[1:]]))
    with pytest.raises(UserError) as error:
        Run.read(run).metrics()
    assert f"line 2 of '{run / 'metrics.jsonl'}' is damaged" in str(error.value)
