"""Presets: what one holds, what loads it, what trains on from it, and what is refused."""

import hashlib
import json
import shutil

import h5py
import keras
import numpy as np
import pytest

import zoo
import zoo.train
from tests import contract
from tests.selection import FAMILIES, LOOPS, fast_first
from tests.usage.test_train import refused
from zoo.config import UserError
from zoo.runs import presets
from zoo.runs.directory import Run
from zoo.sampling import loading
from zoo.sampling.model_sampler import PresetSampler
from zoo.training.model import GenerativeModel
from zoo.variational.vae import VAE


@pytest.fixture(scope="module")
def data():
    """model -> the digits as it takes them."""

    def of(name):
        return zoo.load_data(name)

    return of


def build(name, spec, **settings):
    """A small model on one device, all of whose weights and averages have values of their own."""
    small = {"hidden": (16,)} if name == "vae" else contract.case(name).small
    model = contract.make(name, spec, **{**small, "ema": 0.9, **settings})
    random = np.random.RandomState(0)
    for number, weight in enumerate(model.weights):
        if weight is model.step:
            weight.assign(2)
        else:
            change = 1 + 0.1 * random.rand(*weight.shape) + 0.01 * number
            weight.assign(weight.numpy() * change + 0.01)
    return model


@pytest.fixture(scope="module")
def saved(data, tmp_path_factory):
    """A preset of a VAE of two steps, never changed by a test."""
    folder = tmp_path_factory.mktemp("presets") / "small"
    build("vae", data("vae").spec).save_to_preset(folder)
    return folder


@pytest.fixture
def copied(saved, tmp_path):
    """A copy of it, to damage."""
    return shutil.copytree(saved, tmp_path / "small")


@pytest.mark.parametrize("name", fast_first(zoo.names(), ("gan", "vae")))
def test_any_model_is_saved_and_loaded(name, data, tmp_path):
    model, given = build(name, data(name).spec), data(name).conditions()
    model.save_to_preset(tmp_path / "a")
    drawn = model.sample(3, 3, given).numpy()
    loaded = presets.Preset.read(tmp_path / "a").model()
    np.testing.assert_array_equal(loaded.sample(3, 3, given).numpy(), drawn)
    # Averages where there are any, the others live; and no slots.
    pairs = model.sampled_weights()
    assert sum(weight is not average for weight, average in pairs) > 1
    for (_, average), weight in zip(pairs, loaded.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), average.numpy())
    with h5py.File(tmp_path / "a" / presets.WEIGHTS) as file:
        assert not [key for key in file if "optimizer" in key]

    other = type(model).from_preset(tmp_path / "a")
    assert type(other) is type(model)
    np.testing.assert_array_equal(other.sample(3, 3, given).numpy(), drawn)
    for (weight, average), saved in zip(other.sampled_weights(), loaded.weights, strict=True):
        np.testing.assert_array_equal(weight.numpy(), saved.numpy())
        np.testing.assert_array_equal(average.numpy(), saved.numpy())


@pytest.mark.parametrize("name", fast_first(LOOPS, ("vae",)))
def test_training_goes_on(name, data, tmp_path):
    digits = data(name)
    build(name, digits.spec).save_to_preset(tmp_path / "a")
    model = contract.eagerly(GenerativeModel.from_preset(tmp_path / "a"))
    before = model.sample(3, 3, digits.conditions()).numpy()
    contract.run_steps(model, digits, 2)
    assert int(model.step.numpy()) == 4
    assert all(int(o.iterations.numpy()) >= 2 for _, o in model.optimizers().values())
    assert (model.sample(3, 3, digits.conditions()).numpy() != before).any()


@pytest.mark.parametrize("name", fast_first(FAMILIES, ("vae",)))
def test_a_preset_draws_what_its_run_draws_bit_for_bit(name, runs, tmp_path):
    run = zoo.load(runs(name))
    run.save_to_preset(tmp_path / "first" / name)
    shutil.move(tmp_path / "first", tmp_path / "second")
    preset = zoo.load(tmp_path / "second" / name)
    np.testing.assert_array_equal(preset.sample(5, seed=7), run.sample(5, seed=7))
    assert preset.run.facts["stretches"] == run.run.facts["stretches"]
    assert preset.run.facts["trained_steps"] == 60


@pytest.mark.slow
def test_in_processes_of_their_own(runs, command, tmp_path):
    """Saved here, then moved and drawn from in a fresh process by name of its folder."""
    zoo.load(runs("vae")).save_to_preset(tmp_path / "made" / "digits8")
    (tmp_path / "other").mkdir()
    shutil.move(tmp_path / "made" / "digits8", tmp_path / "other" / "digits8")
    words = ["--num=9", "--seed=5"]
    for run, out in (("digits8", "preset.npy"), (runs("vae"), "run.npy")):
        done = command("sample", f"--run={run}", f"--out={out}", *words, cwd=tmp_path / "other")
        assert done.returncode == 0, done.stderr
    preset, run = (np.load(tmp_path / "other" / f"{name}.npy") for name in ("preset", "run"))
    np.testing.assert_array_equal(preset, run)


def test_what_the_files_say(runs, tmp_path):
    zoo.load(runs("vae")).save_to_preset(tmp_path / "digits8")
    names = {path.name for path in (tmp_path / "digits8").iterdir()}
    assert names == {"config.json", "metadata.json", "model.weights.h5", "README.md"}
    config, metadata = (
        json.loads((tmp_path / "digits8" / name).read_text())
        for name in (presets.CONFIG, presets.METADATA)
    )
    # KerasHub's keys.
    assert list(config) == ["module", "class_name", "config", "registered_name"]
    assert (config["module"], config["registered_name"]) == ("zoo.variational.vae", "zoo>vae.VAE")
    assert metadata["keras_version"] == keras.__version__
    assert {"parameter_count", "date_saved"} < metadata.keys()
    recorded, facts = metadata["run"], Run.read(runs("vae")).facts
    assert recorded["stretches"] == facts["stretches"]
    assert recorded["validated"]["step"] == 60
    assert recorded["recipe"] is None
    page = (tmp_path / "digits8" / "README.md").read_text()
    head, text = page.removeprefix("---\n").split("\n---\n")
    assert "library_name" in head
    assert "# digits8" in text
    assert "python -m zoo.train --model=vae --dataset=digits" in text
    assert 'zoo.load("digits8")' in text


def test_keras_reads_the_weights(saved, data):
    """The file is what `save_weights` writes of the class, not compiled."""
    model = VAE(presets.Preset.read(saved).config, data("vae").spec)
    model.load_weights(saved / presets.WEIGHTS)
    np.testing.assert_array_equal(model.sample(2).numpy(), zoo.load(saved).model.sample(2).numpy())


def test_from_preset_takes_settings_and_refuses_another_class(saved):
    model = GenerativeModel.from_preset(saved, learning_rate=0.5, ema=0.0)
    assert (model.config.learning_rate, model.config.ema, model.config.hidden) == (0.5, 0.0, (16,))
    from zoo.adversarial.gan import GAN

    for call, sentence in (
        (lambda: GAN.from_preset(saved), "is a VAE and not a GAN"),
        (lambda: VAE.from_preset(saved, latnt=3), "unknown setting 'latnt': did you mean 'latent'"),
        (lambda: VAE.from_preset(saved, hidden="32"), "weights of the preset 'small' do not fit"),
        (lambda: VAE.from_preset("vae_digit"), "there is no preset 'vae_digit': "),
    ):
        with pytest.raises(UserError, match=sentence):
            call()


def test_a_falling_rate_falls_where_steps_are_given(data, tmp_path):
    model = build("vae", data("vae").spec, decay="linear", steps=5)
    model.save_to_preset(tmp_path / "a")
    assert VAE.from_preset(tmp_path / "a").config.decay == "none"
    assert VAE.from_preset(tmp_path / "a", steps=9).config.decay == "linear"
    assert zoo.load(tmp_path / "a").sample(1).shape == (1, 8, 8, 1)


def rewritten(path, **changes):
    found = json.loads(path.read_text())
    path.write_text(json.dumps({**found, **changes}))


def forge(folder):
    """Makes metadata.json name the weights as they are: what a stranger would."""
    digest = hashlib.sha256((folder / presets.WEIGHTS).read_bytes()).hexdigest()
    rewritten(folder / presets.METADATA, weights_sha256=digest)


def without(name):
    return lambda folder: (folder / name).unlink()


def cut(name):
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-9])


def flipped(folder):
    content = bytearray((folder / presets.WEIGHTS).read_bytes())
    content[-20] ^= 1
    (folder / presets.WEIGHTS).write_bytes(content)


def no_hdf5(folder):
    (folder / presets.WEIGHTS).write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")
    forge(folder)


def cut_and_forged(folder):
    cut(presets.WEIGHTS)(folder)
    forge(folder)


def other_shapes(folder):
    def widen(name, item):
        if isinstance(item, h5py.Dataset) and item.ndim == 2:
            found.append(name)

    found = []
    with h5py.File(folder / presets.WEIGHTS, "r+") as file:
        file.visititems(widen)
        del file[found[0]]
        file[found[0]] = np.zeros((3, 3), np.float32)
    forge(folder)


def weights_missing(folder):
    with h5py.File(folder / presets.WEIGHTS, "r+") as file:
        del file["decoder"]
    forge(folder)


def config(**changes):
    return lambda folder: rewritten(folder / presets.CONFIG, **changes)


def inner(**changes):
    def damage(folder):
        found = json.loads((folder / presets.CONFIG).read_text())["config"]
        rewritten(folder / presets.CONFIG, config={**found, **changes})

    return damage


def metadata(**changes):
    return lambda folder: rewritten(folder / presets.METADATA, **changes)


RUN = {"model": "vae", "dataset": "digits", "data": {}, "stretches": [], "evaluations": []}
LAMBDA = {"class_name": "__lambda__", "config": {"value": "4wEAAAA="}}
DAMAGES = {
    "no config": (without("config.json"), "config.json' cannot be read (No such file"),
    "no metadata": (without("metadata.json"), "metadata.json' cannot be read (No such file"),
    "no weights": (without("model.weights.h5"), "model.weights.h5' cannot be read (No such file"),
    "cut config": (cut("config.json"), "config.json' is damaged"),
    "cut metadata": (cut("metadata.json"), "metadata.json' is damaged"),
    "cut weights": (cut("model.weights.h5"), "is not the file that metadata.json names, cut or"),
    "a flipped bit": (flipped, "is not the file that metadata.json names, cut or changed"),
    "a pickle for weights": (no_hdf5, "model.weights.h5' holds other weights than config.json"),
    "cut, forged": (cut_and_forged, "model.weights.h5' holds other weights than config.json says"),
    "other shapes": (other_shapes, "model.weights.h5' holds other weights than config.json says"),
    "weights missing": (weights_missing, "holds other weights than config.json says"),
    "not an object": (lambda f: (f / "config.json").write_text("[1]"), "config.json' is damaged"),
    "deep": (lambda f: (f / "config.json").write_text("[" * 99999), "config.json' is damaged"),
    "KerasHub's": (
        config(module="keras_hub.src.models.gpt2", registered_name="keras_hub>GPT2"),
        "is a preset of 'keras_hub>GPT2', which is no model of this zoo",
    ),
    "a module of Python's": (
        config(module="os", class_name="system", registered_name="system"),
        "is a preset of 'system', which is no model of this zoo",
    ),
    "a name that is no class": (config(class_name="build"), "which is no model of this zoo"),
    "a base class": (config(class_name="GenerativeModel"), "which is no model of this zoo"),
    "a lambda": (inner(config=LAMBDA), "is damaged: unknown setting 'class_name'"),
    "a lambda in a setting": (inner(config={"latent": LAMBDA}), "latent must be a whole number"),
    "unknown setting": (inner(config={"blur": 3}), "is damaged: unknown setting 'blur'"),
    "no data_spec": (inner(data_spec=None), "is damaged: "),
    "a bad data_spec": (inner(data_spec={"name": "x", "shape": [0]}), "'shape' cannot be (0,)"),
    "another format": (metadata(format=9), "is of format 9, and this zoo reads 1"),
    "no step": (metadata(step="two"), "its 'step' must be of type int"),
    "no examples": (metadata(run={**RUN, "held_out": {}}), "its 'examples' must be of type int"),
    "no run": (metadata(run=[]), "its 'run' must be of type dict"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_or_foreign_preset_is_one_sentence(damage, copied, monkeypatch):
    def generic(*_, **__):
        raise AssertionError("Keras' generic deserializer is called")

    monkeypatch.setattr(keras.saving, "deserialize_keras_object", generic)
    change, sentence = DAMAGES[damage]
    change(copied)
    for load in (zoo.load, VAE.from_preset):
        with pytest.raises(UserError) as caught:
            load(copied)
        said = str(caught.value)
        assert sentence in said, said
        assert str(copied) in said
        assert "\n" not in said


def test_a_preset_takes_the_place_of_a_preset_only(saved, tmp_path):
    model = VAE.from_preset(saved)
    (tmp_path / "mine").mkdir()
    model.save_to_preset(tmp_path / "mine")  # an empty folder
    before = (tmp_path / "mine" / presets.METADATA).read_text()
    model.step.assign(77)
    model.save_to_preset(tmp_path / "mine")
    assert json.loads((tmp_path / "mine" / presets.METADATA).read_text())["step"] == 77
    assert before != (tmp_path / "mine" / presets.METADATA).read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").touch()
    with pytest.raises(UserError, match="holds other files: name a new folder"):
        model.save_to_preset(tmp_path / "thesis")
    assert (tmp_path / "thesis" / "chapter.tex").exists()


def test_a_model_given_quadrants_has_a_preset_that_says_how_many(data, tmp_path):
    options = {"condition": "quadrants", "visible": 2}
    digits = zoo.load_data("cvae", "digits", **options)
    model = build("cvae", digits.spec)
    model.save_to_preset(tmp_path / "halves", digits.conditions())
    preset = presets.Preset.read(tmp_path / "halves")
    assert preset.facts["data"]["visible"] == 2
    assert zoo.load(tmp_path / "halves").sample(2).shape == (2, 8, 8, 1)
    other = zoo.load_data("cvae", "digits", condition="quadrants", visible=3)
    with pytest.raises(UserError, match=r"is given 2 quadrants, and 'digits' has 3"):
        preset.check_data(other.spec)


def test_only_models_of_the_registry_have_presets(data, tmp_path):
    class Mine(VAE):
        """Somebody's own."""

    model = Mine(build("vae", data("vae").spec).config, data("vae").spec)
    with pytest.raises(UserError, match=r"only models of the registry have presets"):
        model.save_to_preset(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def test_a_path_goes_before_a_name(saved, monkeypatch, tmp_path):
    own = shutil.copytree(saved, tmp_path / "own" / "vae_small")
    monkeypatch.setattr(presets, "FOLDER", own.parent)
    monkeypatch.chdir(tmp_path)
    assert zoo.presets() == ["vae_small"]
    assert loading.find("vae_small")[0] is PresetSampler
    assert zoo.load("vae_small").run.path == own
    shutil.copytree(own, tmp_path / "vae_small")
    assert str(zoo.load("vae_small").run.path) == "vae_small"
    shutil.rmtree(tmp_path / "vae_small")
    (tmp_path / "vae_small").touch()
    with pytest.raises(UserError, match="'vae_small' is neither a run directory nor an export"):
        zoo.load("vae_small")


def test_the_nearest_of_both_are_named(saved, monkeypatch, runs):
    monkeypatch.setattr(presets, "FOLDER", saved.parent)
    with pytest.raises(UserError, match="did you mean 'small'"):
        zoo.load("smalls")
    near = runs("vae").with_name("vaee")
    with pytest.raises(UserError, match=f"did you mean '{runs('vae')}'"):
        zoo.load(near)


# Two commands, one of which converts and checks three files: 20 s of work each.
@pytest.mark.slow
@pytest.mark.parametrize("recorded", [True, False], ids=["of a run", "of a program"])
def test_a_preset_is_exported_and_evaluated(recorded, saved, runs, command, tmp_path):
    preset = saved
    if recorded:
        preset = tmp_path / "small"
        zoo.load(runs("vae")).save_to_preset(preset)
    done = command("export", f"--run={preset}", f"--out={tmp_path}/name")
    assert done.returncode == 0, done.stderr
    export = zoo.load(tmp_path / "name")
    np.testing.assert_allclose(export.sample(4, 7), zoo.load(preset).sample(4, 7), atol=1e-5)
    card = (tmp_path / "name" / "1" / "assets.extra" / "card.md").read_text()
    assert ("python -m zoo.train --model=vae" in card) == recorded
    assert ("Trained outside of a run directory" in card) != recorded

    before = sorted(preset.iterdir())
    words = ["--metrics=frechet", "--num=64", "--seeds=1"]
    done = command("evaluate", f"--run={preset}", *words, cwd=tmp_path)
    if recorded:
        assert done.returncode == 0, done.stderr
        assert "frechet" in done.stdout
        assert "written to" not in done.stdout
    else:
        refused(done, "is not recorded: name a run")
    assert sorted(preset.iterdir()) == before


# --- training on ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Folders of gray pictures, 8x8 and 12x12, in two classes."""
    from PIL import Image

    root = tmp_path_factory.mktemp("pictures")
    random = np.random.RandomState(0)
    for side in (8, 12):
        for number in range(40):
            folder = root / str(side) / "ab"[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            pixels = random.randint(0, 256, (side, side)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
    return root


@pytest.mark.slow
def test_training_on_from_a_preset(saved, pictures, command, tmp_path):
    """A new run with the preset's weights and settings, which says what it came from; resumed, it
    needs the preset no more."""
    preset = shutil.copytree(saved, tmp_path / "preset")
    words = [f"--from={preset}", f"--dataset=folder:{pictures}/8", "--run=run", "--every=2"]
    words += ["--config.batch_size=8", "--jit=off"]
    done = command("train", *words, "--steps=1", "--config.learning_rate=1e-30", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    facts = Run.read(tmp_path / "run").facts
    digest = hashlib.sha256((preset / presets.WEIGHTS).read_bytes()).hexdigest()
    assert facts["from"] == {"preset": str(preset), "weights_sha256": digest}
    assert facts["config"]["hidden"] == [16]
    assert facts["config"]["ema"] == 0.9
    # With a rate of nothing the weights are still the preset's.
    run, began = zoo.load(tmp_path / "run"), zoo.load(preset)
    np.testing.assert_allclose(run.sample(4), began.sample(4), atol=1e-6)
    optimizer = run.model.optimizers()["elbo"][1]
    assert int(run.model.step.numpy()) == int(optimizer.iterations.numpy()) == 1

    shutil.rmtree(preset)
    done = command("train", "--run=run", "--steps=3", "--jit=off", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "going on from step 1 of 3" in done.stdout
    assert Run.read(tmp_path / "run").facts["from"]["weights_sha256"] == digest
    refused(
        command("train", "--model=vae", *words[1:], "--steps=5", cwd=tmp_path),
        f"'run' was trained with --from={preset} and not None",
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--dataset=folder:{}/12"], "draws 8x8x1, and 'folder:{}/12' has 12x12x1: pass --data.im"),
        (["--data.range=symmetric", "--config.decoder=gaussian"], "trained on the range 'unit'"),
        (
            ["--config.hidden=500"],
            "the weights of the preset 'small' do not fit: leave out the -",
        ),
        (["--model=gan"], "is a vae, not a gan: name no model"),
        (["--recipe=vae_digits"], "give one of --from and --recipe, not both"),
        (["--from=nothing"], "there is no preset 'nothing': "),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(
    words, sentence, saved, pictures, tmp_path
):
    words = [word.format(pictures) for word in words]
    with pytest.raises(UserError) as caught:
        zoo.train.main([f"--from={saved}", *words, f"--run={tmp_path}/run", "--steps=2"])
    assert sentence.format(pictures) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_classes_and_conditions_have_to_fit(data, pictures):
    from zoo.adversarial.cgan import CGAN

    own = data("cgan").spec
    two = zoo.load_data("cgan", f"folder:{pictures}/8", condition="label").spec
    preset = object.__new__(presets.Preset)
    preset.data_spec, preset.kind, preset.path = own, CGAN, presets.FOLDER / "cgan_digits"
    with pytest.raises(UserError, match="'cgan_digits' is given a condition of shape 10"):
        preset.check_data(two)
    preset.check_data(own)


def test_levels_count_where_they_are_drawn(data, pictures):
    from zoo.autoregressive.pixelcnn import PixelCNN

    preset = object.__new__(presets.Preset)
    preset.data_spec, preset.kind, preset.path = data("pixelcnn").spec, PixelCNN, presets.FOLDER
    with pytest.raises(UserError, match="draws 17 levels"):
        preset.check_data(zoo.load_data("pixelcnn", f"folder:{pictures}/8").spec)


def test_replicas_begin_alike(saved, data):
    model = contract.make("vae", data("vae").spec, contract.mirrored(), hidden=(16,), ema=0.9)
    presets.Preset.read(saved).begin(model)
    assert int(model.step.numpy()) == 0
    one = presets.Preset.read(saved).model()
    for pair, other in zip(model.sampled_weights(), one.weights, strict=True):
        for mine in pair if pair[0] is not model.step else ():
            for value in getattr(mine.value, "values", [mine.value]):
                np.testing.assert_array_equal(value.numpy(), other.numpy())


# --- those of the wheel --------------------------------------------------------------------------


@pytest.mark.parametrize("name", presets.names())
def test_a_released_preset_is_small_named_and_draws(name):
    sampler = zoo.load(name)
    assert name.startswith(f"{sampler.run.facts['model']}_")
    metadata = json.loads((presets.FOLDER / name / presets.METADATA).read_text())
    assert metadata["run"]["recipe"] == name
    x = sampler.sample(8)
    assert x.shape == (8, *sampler.data_spec.shape)
    assert np.isfinite(x).all()
    assert x.std() > 0.05
