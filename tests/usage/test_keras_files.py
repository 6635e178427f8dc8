"""`.keras` files, weights and summaries, as somebody who knows Keras tries them."""

import json
import os
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import ROOT
from tests.contract import differing, mirrored, run_steps, weights
from tests.keras_files import made, networks
from zoo import registry
from zoo.config import UserError
from zoo.networks import initializers
from zoo.training import optimizers
from zoo.training.model import GenerativeModel
from zoo.variational import vae


@pytest.fixture(scope="module")
def saved(digits, tmp_path_factory):
    """A model with averages that has trained, and its file."""
    model = made("vae", digits.spec)
    run_steps(model, digits, 2)
    path = tmp_path_factory.mktemp("saved") / "m.keras"
    model.save(path)
    return model, path


@pytest.mark.slow
@pytest.mark.minutes  # each model is traced in both processes
def test_every_loop_goes_on_in_another_process(forks, tmp_path):
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = forks.run(["-m", "tests.keras_files", "save", str(tmp_path)], ROOT, env)
    assert done.returncode == 0, done.stderr
    # It begins at nothing: no class is known to it but by its import of `zoo.models`.
    done = subprocess.run(
        [sys.executable, "-m", "tests.keras_files", "load", tmp_path],
        capture_output=True, text=True, check=False, cwd=ROOT, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_class_is_registered_by_a_name_of_its_own():
    import zoo.models

    assert zoo.models.GenerativeModel is GenerativeModel
    known = keras.saving.get_custom_objects()
    classes = [keras.layers.Layer, keras.Model, keras.optimizers.Optimizer]
    classes += [keras.initializers.Initializer, keras.optimizers.schedules.LearningRateSchedule]
    found = set()
    while classes:
        classes += (one := classes.pop()).__subclasses__()
        if one.__module__.startswith("zoo.") and one is not initializers._Draw:
            found.add(one)
    assert len(found) > 40
    for one in found:
        name = keras.saving.get_registered_name(one)
        assert name.startswith("zoo>")
        assert known[name] is one
    for name in registry.names():
        assert any(issubclass(one, GenerativeModel) and one.__module__ == registry.module(
            name).__name__ for one in found)  # fmt: skip


OPTIMIZERS = {
    **{name: {"optimizer": name} for name in optimizers.NAMES},
    "falling": {"optimizer": "adam", "decay": "linear"},
}


@pytest.mark.parametrize("name", [*OPTIMIZERS, "paper's"])
def test_an_optimizer_is_made_again_from_json(name):
    if name == "paper's":
        made = optimizers.AnnealedSGD(0.1, 1.5, 0.5, 0.7, 10, clipnorm=2.0)
    else:
        made = optimizers.of(optimizers.Settings(**OPTIMIZERS[name]), steps=10)
    written = json.loads(json.dumps(keras.saving.serialize_keras_object(made)))
    again = keras.saving.deserialize_keras_object(written)
    assert type(again) is type(made)
    assert again.get_config() == made.get_config()
    variables = [keras.Variable(np.ones((3, 2), np.float32)) for _ in range(2)]
    for optimizer, variable in zip((made, again), variables, strict=True):
        optimizer.build([variable])
        for _ in range(4):
            optimizer.apply([tf.constant([[0.1, -2], [3, 0], [1e-3, 5]])], [variable])
    np.testing.assert_array_equal(*variables)


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("vae", {"network": "conv", "decoder": "gaussian", "precision": "bfloat16"}),
        ("dcgan", {"norm": "all", "pooling": "global", "precision": "bfloat16"}),
        ("wgan", {"network": "dcgan", "constant_channels": True, "clip": 10.0}),
        ("wgan_gp", {"network": "resnet", "critic_norm": "layer"}),
        ("multi_scale", {"network": "diagonal_bilstm", "skip": True}),
    ],
    ids=str,
)
def test_networks_of_other_settings_are_made_again(name, settings):
    """From JSON, with the same first weights, whatever Keras' global policy is then."""
    for network in networks(made(name, zoo.load_data(name).spec, **settings)):
        written = json.loads(json.dumps(keras.saving.serialize_keras_object(network)))
        keras.config.set_dtype_policy("float64")
        try:
            again = keras.saving.deserialize_keras_object(written)
        finally:
            keras.config.set_dtype_policy("float32")
        layers = [network._flatten_layers(), again._flatten_layers()]
        for ours, theirs in zip(*layers, strict=True):
            assert type(ours) is type(theirs)
            if not isinstance(ours, keras.layers.InputLayer):
                assert ours.dtype_policy.name == theirs.dtype_policy.name
        for ours, theirs in zip(network.weights, again.weights, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_model_is_cloned_with_its_first_weights(saved):
    model, _ = saved
    clone = keras.models.clone_model(model)
    assert clone.get_config() == model.get_config()
    fresh = made("vae", model.data_spec)
    np.testing.assert_array_equal(clone.decoder.get_weights()[0], fresh.decoder.get_weights()[0])


class Louder(vae.VAE):
    """A model of a user's: an argument of its own, and no settings."""

    def __init__(self, config, data_spec, factors):
        super().__init__(config, data_spec)
        self.factors = factors

    def generate(self, latents, condition=None):
        return super().generate(latents) * self.factors[0]


def test_a_model_of_a_users_own_needs_no_line(digits, tmp_path):
    model = Louder(vae.Config(latent=3), digits.spec, factors=[0.5, 2])
    model.compile(keras.optimizers.Adam(0.1, clipnorm=1.0))  # not one of ours
    model.save(tmp_path / "m.keras")
    loaded = zoo.load(tmp_path / "m.keras")
    assert (type(loaded), loaded.factors, loaded.config) == (Louder, [0.5, 2], model.config)
    assert loaded.elbo_optimizer.get_config() == model.elbo_optimizer.get_config()
    np.testing.assert_array_equal(loaded.sample(3), model.sample(3))


def test_a_file_loads_under_a_strategy(saved):
    model, path = saved
    with mirrored().scope():
        loaded = zoo.load(path)
    assert loaded.replicas == 2
    both = weights(loaded)
    for key, value in weights(model).items():
        for replica in (0, 1):
            found = both.get(f"{key[:-1]}{replica}", both[key])
            np.testing.assert_array_equal(found, value)


def test_without_compiling_averages_are_refused_and_others_load(saved, digits, tmp_path):
    with pytest.raises(ValueError, match="load it with compile=True"):
        keras.saving.load_model(saved[1], compile=False)
    model = made("vae", digits.spec, ema=0.0)
    model.save(tmp_path / "m.keras")
    loaded = keras.saving.load_model(tmp_path / "m.keras", compile=False)
    np.testing.assert_array_equal(loaded.sample(2, 1), model.sample(2, 1))


def test_a_file_holds_no_code(saved):
    with zipfile.ZipFile(saved[1]) as archive:
        assert set(archive.namelist()) == {"config.json", "metadata.json", "model.weights.h5"}
        text = archive.read("config.json").decode()
    assert "lambda" not in text
    assert json.loads(text)["registered_name"] == "zoo>vae.VAE"


def damaged(path, place, change):
    """A copy of an archive with one member's bytes changed."""
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(place, "w") as target:
        for name in source.namelist():
            data = change(name, source.read(name))
            if data is not None:
                target.writestr(name, data)
    return place


def config(change):
    """Changes an archive's config.json."""

    def changed(name, data):
        if name != "config.json":
            return data
        facts = json.loads(data)
        change(facts)
        return json.dumps(facts)

    return changed


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda n, d: None if n == "config.json" else d, "is damaged, or is no .keras file"),
        (lambda n, d: None if n == "model.weights.h5" else d, "is damaged, or was written by"),
        (lambda n, d: b"[" if n == "config.json" else d, "is damaged, or is no .keras file"),
        (lambda n, d: d[:-9000] if n == "model.weights.h5" else d, "is damaged, or was written by"),
        (config(lambda c: c.update(registered_name="zoo>vae.VEA")), "no model of the zoo (zoo>vae"),
        (config(lambda c: c.update(registered_name=None)), "no model of the zoo (one of another"),
        (config(lambda c: c["config"].pop("data_spec")), "is damaged, or was written by"),
        (
            config(lambda c: c["config"]["config"]["values"].update(latent="many")),
            "latent must be a whole number",
        ),
        (
            config(lambda c: c["config"]["config"].update(plain="zoo>vea.Config")),
            "'zoo>vea.Config' is not known here",
        ),
        (
            config(lambda c: c["compile_config"].update(optimizers=[{"class_name": "__lambda__",
                   "config": {"value": ["4wAAAA==", None, None]}}])),
            "deserialization of a Python lambda",
        ),
    ],
)  # fmt: skip
def test_a_damaged_or_foreign_file_gets_one_sentence(change, sentence, saved, tmp_path):
    path = damaged(saved[1], tmp_path / "m.keras", change)
    with pytest.raises(UserError) as found:
        zoo.load(path)
    assert sentence in str(found.value)
    assert str(found.value).count("\n") == 0


def test_a_changed_byte_of_the_weights_is_found(saved, tmp_path):
    content = bytearray(saved[1].read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "m.keras").write_bytes(content)
    with pytest.raises(UserError, match=r"its 'model.weights.h5' differs from its checksum"):
        zoo.load(tmp_path / "m.keras")
    (tmp_path / "m.keras").write_bytes(saved[1].read_bytes()[:1000])
    with pytest.raises(UserError, match=r"is damaged, or is no \.keras file"):
        zoo.load(tmp_path / "m.keras")
    with pytest.raises(UserError, match=r"nowhere.keras' cannot be read \(No such file"):
        zoo.load(tmp_path / "nowhere.keras")


def test_what_is_no_whole_model_is_refused_and_named(saved, tmp_path):
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]).save(tmp_path / "m.keras")
    with pytest.raises(UserError, match="holds no model of the zoo"):
        zoo.load(tmp_path / "m.keras")
    saved[0].decoder.save(tmp_path / "m.keras")
    with pytest.raises(UserError, match=r"holds no model of the zoo \(zoo>Sequential\)"):
        zoo.load(tmp_path / "m.keras")


def test_a_summary_tells_the_networks_and_their_weights(digits):
    lines = []
    model = made("gan", digits.spec, ema=0.0)
    model.summary(print_fn=lines.append, expand_nested=True)
    (text,) = lines
    assert 'Model: "gan' in text
    for network in (model.generator, model.discriminator):
        assert type(network).__name__ in text
        assert f"{network.count_params():,}" in text


def test_export_names_the_command(saved):
    with pytest.raises(UserError, match=r"python -m zoo\.export --run=RUN"):
        saved[0].export("somewhere")


def test_weights_alone_carry_all(saved, tmp_path):
    model, _ = saved
    model.save_weights(tmp_path / "m.weights.h5")
    other = made("vae", model.data_spec)
    other.load_weights(tmp_path / "m.weights.h5")
    assert differing(weights(model), weights(other)) == []
