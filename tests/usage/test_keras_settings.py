"""Keras' global settings are somebody else's: they change nothing, or are refused before any work.

keras.json and KERAS_BACKEND are read when Keras is imported, so those processes begin at nothing.
"""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys

import keras
import pytest

import zoo
from tests import ROOT, contract
from tests.selection import FAMILIES, LOOPS, fast_first
from zoo import registry, startup
from zoo.config import UserError, override

POLICIES = ("mixed_float16", "float64")

# What a process draws and learns: digests of samples, of a step's weights and of what is drawn
# after it, for each model; then the judge's features.
DIGESTS = """
import hashlib, json, sys
import numpy as np
import zoo
from tests.contract import make, run_steps
names, policies = json.loads(sys.argv[1]), json.loads(sys.argv[2])
digits = {name: zoo.load_data(name, "digits") for name in names}
import keras
from zoo.metrics.classifier import Classifier
whole = lambda arrays: b"".join(np.asarray(array).tobytes() for array in arrays)
digest = lambda *arrays: hashlib.sha256(whole(arrays)).hexdigest()
found = []
for policy in policies:
    keras.config.set_dtype_policy(policy)
    for name in names:
        spec = digits[name].spec
        model = make(name, spec)
        condition = digits[name].conditions()
        condition = None if condition is None else np.resize(condition, (2, *condition.shape[1:]))
        draw = lambda: model.sample(2, 7, condition)
        first = draw()
        run_steps(model, digits[name], 1)
        found.append([name, digest(first, draw()), digest(*model.get_weights()), str(first.dtype)])
    x = np.linspace(0, 1, 128, dtype=np.float32).reshape(2, 8, 8, 1)
    found.append(["judge", digest(Classifier((8, 8, 1), 10).features(x))])
    print(json.dumps(found)); found = []
"""


def python(*words, home, **env):
    """Runs Python in a process that begins at nothing, with `home` for what Keras reads."""
    env = {**os.environ, "PYTHONPATH": str(ROOT), "KERAS_HOME": str(home), **env}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, check=False, cwd=ROOT, env=env
    )


def home_of(folder, **settings):
    """A folder for KERAS_HOME."""
    folder.mkdir()
    (folder / "keras.json").write_text(json.dumps({"epsilon": 1e-7, **settings}))
    return folder


# Half a minute: a model of each family, and one with BatchNorm, is trained for a step under each
# policy.  That no layer of any model takes what is global, `test_every_layer_says_its_own` sees.
@pytest.mark.slow
def test_layout_and_policy_change_no_bit(tmp_path):
    names = [*FAMILIES, "dcgan"]
    plain = home_of(tmp_path / "plain")
    other = home_of(tmp_path / "other", image_data_format="channels_first")
    lines = []
    for home, policies in ((plain, ["float32"]), (other, POLICIES)):
        done = python("-c", DIGESTS, json.dumps(names), json.dumps(policies), home=home)
        assert done.returncode == 0, done.stderr
        lines += done.stdout.splitlines()
    assert len(lines) == 1 + len(POLICIES)
    assert len(json.loads(lines[0])) == len(names) + 1
    for policy, line in zip(POLICIES, lines[1:], strict=True):
        assert json.loads(line) == json.loads(lines[0]), policy


@contextlib.contextmanager
def globally(policy, layout):
    before = keras.config.dtype_policy(), keras.config.image_data_format()
    keras.config.set_dtype_policy(policy)
    keras.config.set_image_data_format(layout)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before[0])
        keras.config.set_image_data_format(before[1])


@pytest.mark.parametrize("name", fast_first((*LOOPS, "dcgan", "row_lstm"), FAMILIES))
def test_every_layer_says_its_own(name):
    """With each value of each setting that is a word or a switch, one at a time."""
    data, module = zoo.load_data(name), registry.module(name)
    changes = [{}]
    for field in dataclasses.fields(module.Config):
        values = field.metadata["choices"] or ((True, False) if field.type is bool else ())
        changes += [{field.name: value} for value in values]
    seen = 0
    for change in changes:
        with globally("float64", "channels_first"):
            try:
                settings = {**contract.case(name).small, **change}
                model = module.build(override(module.Config(), settings), data.spec, steps=10)
            except UserError:
                continue  # settings that do not go together
        for layer in model._flatten_layers():
            if isinstance(layer, keras.layers.InputLayer):
                continue  # computes nothing; its tensor is of `floatx`
            policy = keras.dtype_policies.serialize(layer.dtype_policy)
            assert "float64" not in str(policy), (change, layer)
            assert getattr(layer, "data_format", None) != "channels_first", (change, layer)
        assert {v.dtype for v in model.variables} <= {"float32", "int32"}
        seen += 1
    assert seen > 3


REFUSED = """
import sys
import zoo
from zoo import train
from zoo.config import UserError
said = set()
for call in (lambda: zoo.build("gan"), lambda: zoo.load_data("gan"), lambda: zoo.load("run"),
             lambda: train.main(["--model=gan", "--run=/nowhere/run"])):
    try:
        call()
    except UserError as error:
        said.add(str(error))
assert not {"tensorflow", "keras"} & set(sys.modules)
print(*said, sep="\\n")
"""
BACKEND = (
    "Keras' backend is {!r} here and the zoo's is TensorFlow: set KERAS_BACKEND=tensorflow before "
    "Keras is imported."
)
FLOATX = "Keras' floatx is {!r} here and the zoo's is float32: set it in 'HOME/keras.json'."
WRONG = "'HOME/keras.json' holds what Keras cannot read: correct or remove it."


@pytest.mark.parametrize(
    ("content", "env", "sentence"),
    [
        ({}, "jax", BACKEND.format("jax")),
        ({"backend": "tensorflow"}, "torch", BACKEND.format("torch")),
        ({"backend": "jax"}, None, BACKEND.format("jax")),
        ({"backend": "openvino"}, "", BACKEND.format("openvino")),
        ({"floatx": "float16"}, None, FLOATX.format("float16")),
        ({"floatx": "float64"}, None, FLOATX.format("float64")),
        ({"floatx": 32}, None, FLOATX.format(32)),
        ({"image_data_format": "first"}, None, WRONG),
        ({"epsilon": 1}, None, WRONG),
        ([1], None, WRONG),
    ],
    ids=str,
)
def test_what_layers_cannot_say_is_refused_before_any_work(content, env, sentence, tmp_path):
    (tmp_path / "keras.json").write_text(json.dumps(content))
    backend = {} if env is None else {"KERAS_BACKEND": env}
    done = python("-c", REFUSED, home=tmp_path, **backend)
    assert done.returncode == 0, done.stderr
    assert done.stdout == sentence.replace("HOME", str(tmp_path)) + "\n"


@pytest.mark.parametrize(
    ("content", "env"),
    [
        ({"backend": "jax"}, "tensorflow"),
        ({"backend": "tensorflow", "floatx": "float32", "epsilon": 1e-7}, ""),
        ("no JSON", None),
        (None, None),
    ],
    ids=str,
)
def test_what_keras_reads_as_its_defaults_is_taken(content, env, tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras")
    if env is not None:
        monkeypatch.setenv("KERAS_BACKEND", env)
    if content is not None:
        text = content if isinstance(content, str) else json.dumps(content)
        (tmp_path / "keras.json").write_text(text)
    startup._check_keras()


def test_a_floatx_that_a_program_has_set_is_refused():
    keras.config.set_floatx("float16")
    try:
        with pytest.raises(UserError, match=r"with keras\.config\.set_floatx\('float32'\)"):
            zoo.build("gan")
    finally:
        keras.config.set_floatx("float32")
