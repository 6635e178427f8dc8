"""The command that trains: what it leaves, how it resumes, and what bad input gets."""

import json
import os
import shutil
import signal
import time

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import ROOT
from tests.selection import EXPORTED, FAMILIES, PIXELWISE, fast_first
from zoo.runs import directory, provenance

TRAIN = ["-m", "zoo.train"]


def checkpoint(run):
    """The newest checkpoint's variables: name -> bytes."""
    newest = tf.train.latest_checkpoint(run / "checkpoints")
    reader = tf.train.load_checkpoint(newest)
    return {
        name: reader.get_tensor(name).tobytes()
        for name in reader.get_variable_to_shape_map()
        if name not in ("_CHECKPOINTABLE_OBJECT_GRAPH", "save_counter/.ATTRIBUTES/VARIABLE_VALUE")
    }


def hyperparameters(folder):
    """What TensorBoard's page HPARAMS reads of the event file in a folder: name -> value."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
    from tensorboard.plugins.hparams import metadata

    (path,) = folder.glob("events*")
    for event in EventFileLoader(str(path)).Load():
        for value in event.summary.value:
            if value.tag == metadata.SESSION_START_INFO_TAG:
                parsed = metadata.parse_session_start_info_plugin_data(
                    value.metadata.plugin_data.content
                )
                return {key: getattr(v, v.WhichOneof("kind")) for key, v in parsed.hparams.items()}
    return {}


@pytest.mark.parametrize("model", fast_first(EXPORTED, FAMILIES))
def test_a_run_leaves_what_it_says(model, runs):
    run = runs(model)
    facts = json.loads((run / "run.json").read_text())
    assert facts["model"] == model
    assert facts["steps"] == 60
    assert {p.name for p in (run / "samples").iterdir()} == {
        f"step_{step:07d}.png" for step in (0, 20, 40, 60)
    }
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if any(k.startswith("val_") for k in line)] == [
        20, 40, 60,
    ]  # fmt: skip
    assert lines[-1]["step"] == 60
    settings = hyperparameters(run / "tensorboard")
    assert (settings["model"], settings["ema"], settings["batch_size"]) == (
        model, pytest.approx(0.9), facts["config"]["batch_size"],
    )  # fmt: skip
    from PIL import Image

    assert Image.open(run / "samples.gif").n_frames == 4
    assert Image.open(run / "curves.png").size[0] > 800
    assert not list(run.rglob("*.part"))


@pytest.mark.slow  # all loops: storage/kills.py
def test_kill_9_in_the_middle_resumes_bit_for_bit(command, forks, tmp_path):
    """The process that resumes begins at nothing, with its own hashes of strings and layout of
    memory: nothing of a run may depend on those."""
    words = ["--model=gan", "--steps=400", "--every=50", "--config.ema=0.9", "--seed=5"]
    whole = command("train", *words, f"--run={tmp_path / 'whole'}")
    assert whole.returncode == 0, whole.stderr
    killed = tmp_path / "killed"
    process = forks.start([*TRAIN, *words, f"--run={killed}"], ROOT, os.environ)
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and not (killed / "samples" / "step_0000150.png").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 0 < latest_step(killed) < 400, "the kill came too late to show anything"
    again = command("train", *words, f"--run={killed}", fork=False)
    assert again.returncode == 0, again.stderr
    assert "going on from step" in again.stdout
    assert checkpoint(killed) == checkpoint(tmp_path / "whole")
    for name in ("step_0000400.png", "step_0000200.png"):
        pictures = [(run / "samples" / name).read_bytes() for run in (killed, tmp_path / "whole")]
        assert pictures[0] == pictures[1]
    losses = [
        [{k: v for k, v in json.loads(line).items() if k != "time"} for line in path.open()]
        for path in (killed / "metrics.jsonl", tmp_path / "whole" / "metrics.jsonl")
    ]
    assert losses[0] == losses[1]


def latest_step(run):
    return int(tf.train.latest_checkpoint(run / "checkpoints").rsplit("-", 1)[1])


def test_a_bare_run_goes_on_and_more_steps_are_free(runs, command, tmp_path):
    run = tmp_path / "moved elsewhere"
    shutil.copytree(runs("vae"), run)
    done = command("train", f"--run={run}")
    assert done.returncode == 0, done.stderr
    assert "has its 60 steps already" in done.stdout
    done = command("train", f"--run={run}", "--steps=70")
    assert done.returncode == 0, done.stderr
    assert "going on from step 60 of 70" in done.stdout
    assert latest_step(run) == 70
    # What the run began with stays on record, and only a stretch that trained is added.
    before, after = (json.loads((r / "run.json").read_text()) for r in (runs("vae"), run))
    (first,), (_, second) = before["stretches"], after["stretches"]
    assert (first["from_step"], second["from_step"]) == (0, 60)
    assert after == before | {"steps": 70, "stretches": [first, second]}


def refused(done, sentence):
    """Asserts one sentence, a non-zero status and no traceback."""
    lines = [line for line in done.stderr.splitlines() if line.startswith("zoo: ")]
    assert done.returncode not in (0, None)
    assert "Traceback" not in done.stderr, done.stderr
    assert len(lines) == 1, done.stderr
    assert sentence in lines[0]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "say what to train: --model=gan|cgan|dcgan|wgan|wgan_gp|"),
        (["--model=gann"], "unknown model 'gann': did you mean 'gan'?"),
        (["--recipe=fist"], "unknown recipe 'fist': did you mean 'first'?"),
        (["--model=gan", "--stpes=3"], "unknown flag --stpes: did you mean 'steps'?"),
        (["--model=gan", "--steps=-1"], "--steps=-1"),
        (["--model=gan", "--steps=many"], "--steps=many"),
        (["--model=gan", "steps=3"], "'steps=3' is no flag"),
        (["--model=gan", "--config.k"], "write --config.k=VALUE"),
        (["--model=gan", "--dataset=digit"], "unknown dataset 'digit': did you mean 'digits'?"),
        (["--model=gan", "--strategy=two"], "unknown strategy 'two'"),
        (["--model=gan", "--config.latnt=3"], "did you mean 'latent'?"),
        (["--model=gan", "--data.rage=unit"], "did you mean 'range'?"),
        (["--model=gan", "--config.latent=x"], "latent must be a whole number"),
        (["--model=gan", "--config.batch_size=0"], "batch_size must be at least 1"),
        (["--model=gan", "--config.batch_size=2000"], "larger than the 1500 training examples"),
        (["--model=wgan", "--config.clip=0"], "clip must be above 0"),
        (["--model=wgan_gp", "--config.critic_norm=batch"], "BatchNorm ties the samples"),
        (["--model=cgan", "--condition=letter"], "condition cannot be 'letter'"),
        (["--model=dcgan", "--dataset=gaussians8"], "DCGAN draws images, and not points"),
        (["--model=gan", "--dataset=folder:/nowhere"], "/nowhere"),
        (["--model=vae", "--data.range=symmetric"], "a Bernoulli decoder needs pictures in [0, 1]"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, list) else "",
)
def test_bad_input_gets_one_sentence_and_writes_nothing(words, sentence, command, tmp_path):
    run = [] if not words else [f"--run={tmp_path / 'run'}"]
    refused(command("train", *words, *run), sentence)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "key"),
    [
        (["--model=vae"], "--model=gan and not vae"),
        (["--model=gan", "--seed=1"], "--config.seed=0 and not 1"),
        (["--model=gan", "--jit=on"], "--jit=off and not on"),
        (["--model=gan", "--config.batch_size=50"], "--config.batch_size=100 and not 50"),
        (["--model=gan", "--config.ema=0.9", "--data.range=symmetric"], "--data.range=unit"),
    ],
)
def test_another_identity_is_refused_by_name(words, key, runs, command):
    run = runs("gan")
    before = (run / "run.json").read_bytes()
    extra = [] if "--config.ema=0.9" in words else ["--config.ema=0.9"]
    refused(command("train", *words, *extra, f"--run={run}"), key)
    assert (run / "run.json").read_bytes() == before


def test_settings_and_data_of_another_version_of_the_zoo(runs, command, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(runs("vae"), run)
    facts = json.loads((run / "run.json").read_text())
    assert facts["examples"] == "1.0.0"  # of the embedded digits
    # One that came later, with its default.
    del facts["config"]["decay"]
    (run / "run.json").write_text(json.dumps(facts))
    done = command("train", f"--run={run}", "--jit=off")
    assert done.returncode == 0, done.stderr
    words = ["--model=vae", "--config.ema=0.9", f"--run={run}"]
    more = "--config.decay=none and not linear"
    refused(command("train", *words, "--config.decay=linear", "--steps=60"), more)
    # One that is gone, and data of another version.
    for change, sentence in (
        ({"config": {**facts["config"], "blur": 3}}, "--config.blur=3, which this zoo has no more"),
        ({"examples": "0.9.0"}, "the examples of 'digits' are not those that"),
    ):
        (run / "run.json").write_text(json.dumps(facts | change))
        refused(command("train", *words), sentence)


def test_stretches_are_those_that_made_the_weights(tmp_path, monkeypatch):
    data = zoo.load_data("vae")
    identity = {"model": "vae", "dataset": "digits", "config": {}, "data": {}, "examples": "1.0.0"}
    run = directory.Run.open(tmp_path / "run", identity | {"jit": None}, data.spec, {}, 100)
    assert json.loads((tmp_path / "run" / "run.json").read_text())["stretches"] == []
    monkeypatch.setattr(provenance, "processors", lambda: 3)
    for number, step in enumerate((0, 0, 40, 80, 60)):
        monkeypatch.setattr(provenance, "code", lambda number=number: {"commit": number})
        run.begin(step)
    # The second began anew, and the checkpoint of step 80 was lost after the fourth.
    assert directory.Run.read(tmp_path / "run").facts["stretches"] == [
        {"from_step": 0, "processors": 3, "commit": 1},
        {"from_step": 40, "processors": 3, "commit": 2},
        {"from_step": 60, "processors": 3, "commit": 4},
    ]


def test_a_falling_rate_falls_over_all_of_its_run(command, tmp_path):
    words = ["--model=vae", "--config.decay=linear", "--jit=off", f"--run={tmp_path / 'run'}"]
    done = command("train", *words, "--steps=30")
    assert done.returncode == 0, done.stderr
    run = tmp_path / "run"
    before = (run / "run.json").read_bytes()
    more = "falls to 0 over its 30 steps: pass --steps=30 to resume it, or train another"
    refused(command("train", *words, "--steps=60"), more)
    assert (run / "run.json").read_bytes() == before
    # Cut back to step 25 and gone on with, it ends with the same weights.
    whole = checkpoint(run)
    for file in (run / "checkpoints").glob("step-30.*"):
        file.unlink()
    done = command("train", f"--run={run}")
    assert done.returncode == 0, done.stderr
    assert "going on from step 25 of 30" in done.stdout
    assert checkpoint(run) == whole
    assert zoo.load(run).sample(2, 0).shape == (2, 8, 8, 1)


def test_a_run_in_use_is_refused(command, forks, tmp_path):
    words = ["--model=vae", "--steps=1000000", "--every=50", f"--run={tmp_path / 'run'}"]
    process = forks.start([*TRAIN, *words], ROOT, os.environ)
    try:
        deadline = time.monotonic() + 300
        while time.monotonic() < deadline and not (tmp_path / "run" / "metrics.jsonl").exists():
            time.sleep(0.05)
        # Without a lock it would find its one step done.
        done = command("train", *words, "--steps=1")
        refused(done, "is in use by a running trainer")
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_a_damaged_run_json_is_named(command, tmp_path):
    (tmp_path / "run.json").write_text("{")
    refused(command("train", "--model=gan", f"--run={tmp_path}"), "is damaged: it is not JSON")
    (tmp_path / "run.json").write_text('{"format": 3, "model": "gan"}')
    refused(command("sample", f"--run={tmp_path}"), "is not of format 4, which this zoo writes")
    (tmp_path / "run.json").write_text('{"format": 4}')
    refused(command("train", f"--run={tmp_path}"), "is damaged: it has no 'model'")
    refused(command("sample", f"--run={tmp_path}"), "is damaged: it has no 'model'")


def test_an_unwritable_place_is_named(command):
    refused(command("train", "--model=vae", "--run=/proc/zoo/run"), "/proc/zoo")


def test_nan_stops_the_run_and_keeps_the_last_good_checkpoint(command, tmp_path):
    # Momentum SGD at this rate loses the Gaussian decoder within a dozen steps.
    words = ["--model=vae", "--config.decoder=gaussian", "--config.optimizer=sgd", "--every=1",
             "--config.learning_rate=0.03", "--steps=60", "--jit=off",
             f"--run={tmp_path / 'run'}"]  # fmt: skip
    done = command("train", *words)
    refused(done, "stopped, and the last good checkpoint kept")
    sentence = done.stderr.splitlines()[-1]
    step = int(sentence.split(" at step ")[1].split(":")[0])
    assert any(f"{name} is" in sentence for name in ("elbo", "reconstruction", "kl"))
    assert 1 < step < 60
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").open()]
    assert all(np.isfinite(list(line.values())).all() for line in lines)
    assert latest_step(tmp_path / "run") == step - 1
    assert np.isfinite(zoo.load(tmp_path / "run").sample(4)).all()


def test_nan_names_the_step_within_an_execution():
    from zoo.config import UserError
    from zoo.training.callbacks import MetricsLogger

    logger = MetricsLogger("unused", None)
    logs = {"g_loss": np.array([1.0, 2.0, np.nan]), "d_loss": np.array([1.0, np.inf, np.nan])}
    with pytest.raises(UserError, match="d_loss is inf at step 52"):
        logger._stop_at_nan(53, logs)


def test_sampling_a_run_without_a_checkpoint(command, tmp_path, runs):
    run = tmp_path / "run"
    run.mkdir()
    (run / "run.json").write_bytes((runs("gan") / "run.json").read_bytes())
    words = [f"--run={run}", f"--out={tmp_path / 'grid.png'}"]
    refused(command("sample", *words), "has no checkpoint yet")
    assert not (tmp_path / "grid.png").exists()
    refused(command("export", f"--run={run}", f"--out={tmp_path}/e"), "no checkpoint yet")
    assert not (tmp_path / "e").exists()


@pytest.fixture(scope="module")
def color_pictures(tmp_path_factory):
    """A folder of 40 PNGs of 64x64 color pixels in two sub-folders: red discs, blue squares."""
    from PIL import Image, ImageDraw

    folder = tmp_path_factory.mktemp("pictures")
    random = np.random.RandomState(0)
    for kind in ("disc", "square"):
        (folder / kind).mkdir()
        for i in range(20):
            picture = Image.new("RGB", (64, 64), tuple(random.randint(150, 255, 3)))
            left, top, side = random.randint(0, 30), random.randint(0, 30), random.randint(10, 32)
            pen, box = ImageDraw.Draw(picture), (left, top, left + side, top + side)
            if kind == "disc":
                pen.ellipse(box, "red")
            else:
                pen.rectangle(box, "blue")
            picture.save(folder / kind / f"{i}.png")
    return folder


def test_a_folder_that_has_changed_is_refused(command, tmp_path):
    from PIL import Image

    folder, run = tmp_path / "pictures", tmp_path / "run"
    folder.mkdir()
    random = np.random.RandomState(0)
    for i in range(12):
        Image.fromarray(random.randint(0, 255, (8, 8), np.uint8)).save(folder / f"{i}.png")
    words = ["--model=vae", f"--dataset=folder:{folder}", "--config.batch_size=4", f"--run={run}"]
    done = command("train", *words, "--steps=4")
    assert done.returncode == 0, done.stderr
    Image.fromarray(random.randint(0, 255, (8, 8), np.uint8)).save(folder / "3.png")
    before = (run / "run.json").read_bytes()
    refused(command("train", *words, "--steps=8"), "are not those that")
    assert (run / "run.json").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("dcgan", ["--config.channels=32"]),
        (
            "wgan_gp",
            ["--config.network=resnet", "--config.resnet_channels=16", "--config.n_critic=1"],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "".join(value[:1]),
)
def test_a_folder_of_color_pictures(model, words, color_pictures, command, tmp_path):
    run = tmp_path / "run"
    words = [*words, "--config.batch_size=8", "--steps=2", "--every=2"]
    source = f"--dataset=folder:{color_pictures}"
    done = command("train", f"--model={model}", source, *words, f"--run={run}")
    assert done.returncode == 0, done.stderr
    done = command("export", f"--run={run}", f"--out={tmp_path / 'pictures'}")
    assert done.returncode == 0, done.stderr
    one = zoo.load(run).sample(4, 3)
    assert one.shape == (4, 64, 64, 3)
    np.testing.assert_allclose(one, zoo.load(tmp_path / "pictures").sample(4, 3), atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dcgan", "vae", "pixelcnn"])
def test_mnist_trains_samples_and_exports(model, command, tmp_path):
    if not os.path.isdir(os.path.join(os.environ.get("TFDS_DATA_DIR", ""), "mnist")):
        pytest.skip("needs real MNIST: set TFDS_DATA_DIR to a folder that holds it prepared")
    run = tmp_path / "run"
    words = ["--steps=20", "--every=20"]
    if model in PIXELWISE:  # its loop over pixels, traced for three commands, is what takes long
        words = ["--steps=10", "--every=10", "--data.binarize=static", "--data.holdout=500"]
        words += ["--config.blocks=1", "--config.channels=16"]
    done = command("train", f"--model={model}", "--dataset=mnist", *words, f"--run={run}")
    assert done.returncode == 0, done.stderr
    done = command("export", f"--run={run}", f"--out={tmp_path / 'mnist'}")
    assert done.returncode == 0, done.stderr
    one = zoo.load(run).sample(8, seed=3)
    two = zoo.load(tmp_path / "mnist").sample(8, seed=3)
    assert one.shape == (8, 28, 28, 1)
    np.testing.assert_allclose(one, two, atol=1e-5)
