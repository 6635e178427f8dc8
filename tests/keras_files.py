"""Keras' files of every loop's model: written in one process and read in another.

    python -m tests.keras_files save FOLDER
    python -m tests.keras_files load FOLDER    (compares, and says which models differ)

Both fit on from where the file was written.  No strategy is in scope, as for most who use Keras:
under one, TensorFlow rounds otherwise.
"""

import contextlib
import hashlib
import json
import pathlib
import sys

import keras
import numpy as np
import tensorflow as tf

import zoo
from tests.contract import differing, make, run_steps, weights
from tests.selection import LOOPS

# Beside each model as its paper has it: schedules, XLA.
VARIANTS = {
    "gan with paper_sgd": ("gan", {"optimizer": "paper_sgd"}),
    "vae with a falling rate": ("vae", {"optimizer": "adam", "decay": "linear"}),
    "dcgan with sgd": ("dcgan", {"optimizer": "sgd"}),
    "vae with XLA": ("vae", {"jit_compile": True}),
}
STEPS = 2  # before the file is written, and after


def made(name, spec, **settings):
    """A model with averages, in no strategy's scope."""
    strategy = tf.distribute.get_strategy()
    return make(name, spec, strategy, steps=2 * STEPS, **{"ema": 0.9, **settings})


def networks(model):
    """The networks that a model samples and trains."""
    return [layer for layer in model.layers if isinstance(layer, keras.Model)]


def calls(model, data):
    """Returns (its inputs, its output) for each of the `networks`, as sampling and evaluation call
    them."""
    found = {}
    with contextlib.ExitStack() as ended:
        for place, network in enumerate(networks(model)):
            call = network.call

            def seen(*args, place=place, call=call, **kwargs):
                out = call(*args, **kwargs)
                found[place] = (args, kwargs, out)
                return out

            network.call = seen
            ended.callback(setattr, network, "call", call)
        model.generate(model.sampling_latents(4, 1), data.conditions())
        model.test_step(next(iter(data.evaluation("test", 4))))
    assert len(found) == len(networks(model)), "a network is neither sampled nor evaluated"
    return [found[place] for place in sorted(found)]


def check_round_trip(name, data, folder):
    """A file of a model and of each of its networks, read again: the same weights, pictures,
    optimizers and outputs."""
    model = made(name, data.spec, jit_compile=True, steps_per_execution=3)
    for _, optimizer in model.optimizers().values():  # no step is taken, which costs seconds
        for variable in optimizer.variables:
            variable.assign(tf.ones_like(variable))
    model.step.assign(5)
    model.save(folder / "m.keras")
    loaded = zoo.load(folder / "m.keras")
    assert type(loaded) is type(model)
    assert loaded.get_config() == model.get_config()
    assert differing(weights(model), weights(loaded)) == []
    assert (loaded.jit_compile, loaded.steps_per_execution) == (True, 3)
    for ours, theirs in zip(model.optimizers().values(), loaded.optimizers().values(), strict=True):
        assert type(ours[1]) is type(theirs[1])
        assert ours[1].get_config() == theirs[1].get_config()
    given = data.conditions()
    np.testing.assert_array_equal(loaded.sample(2, 7, given), model.sample(2, 7, given))
    for network, (args, kwargs, out) in zip(networks(model), calls(model, data), strict=True):
        network.save(folder / "network.keras")
        again = keras.saving.load_model(folder / "network.keras")
        assert type(again) is type(network)
        tf.nest.map_structure(np.testing.assert_array_equal, again(*args, **kwargs), out)


def save(folder):
    """Trains and saves each model, goes on, and records what came of it."""
    found = {}
    for case, (name, settings) in cases().items():
        data = zoo.load_data(name)
        model = made(name, data.spec, **settings)
        run_steps(model, data, STEPS)
        path = folder / f"{case}.keras"
        model.save(path)
        for place, network in enumerate(networks(model)):
            network.save(folder / f"{case} {place}.keras")
        found[case] = outcome(model, data)
    (folder / "found.json").write_text(json.dumps(found))


def load(folder):
    """Loads each model, goes on, and compares."""
    for case, before in json.loads((folder / "found.json").read_text()).items():
        data = zoo.load_data(cases()[case][0])
        model = zoo.load(folder / f"{case}.keras")
        assert int(model.step.numpy()) == STEPS
        for place, (args, kwargs, out) in enumerate(calls(model, data)):
            alone = keras.saving.load_model(folder / f"{case} {place}.keras")
            tf.nest.map_structure(np.testing.assert_array_equal, alone(*args, **kwargs), out)
        for what, digest in outcome(model, data).items():
            assert digest == before[what], f"{case}: {what} differ"


def cases():
    """case -> (model, settings)."""
    return {name: (name, {}) for name in LOOPS} | VARIANTS


def outcome(model, data):
    """Digests of what a model draws, of its weights and optimizers after more steps, and of what it
    draws then."""
    draw = lambda: model.sample(4, 7, data.conditions()).numpy()  # noqa: E731
    first = digest(draw())
    run_steps(model, data, STEPS)
    return {
        "pictures": first,
        "weights after more steps": digest(*weights(model).values()),
        "pictures after more steps": digest(draw()),
    }


def digest(*arrays):
    """A digest of arrays' bits."""
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


if __name__ == "__main__":
    {"save": save, "load": load}[sys.argv[1]](pathlib.Path(sys.argv[2]))
