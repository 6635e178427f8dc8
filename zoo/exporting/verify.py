"""Runs a written export as its users will, and compares every signature with the model.

    python -m zoo.exporting.verify saved_model|tflite EXPORT CASES.npz

Each loader runs in a process of its own: the SavedModel through the TF1 session loader with Keras
barred (a reload by `tf.saved_model.load` proves nothing: it revives Python), the TensorFlow Lite
file through `ai_edge_litert` with TensorFlow barred, where an op that is not built in cannot run.
Differences are relative where values are above 1, as log-likelihoods in nats are.  A picture that
is drawn pixel by pixel becomes another one at a pixel whose random number lies within rounding of a
level's threshold, so of four of them one may differ; `log_prob` and `step` may not.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np

from zoo.config import UserError
from zoo.exporting import process

TOLERANCE = 1e-5
DRAWN = "drawn pixel by pixel: "  # what it is said of a signature in `cases`
NUMBERS = {"num": 5, "seed": 7, "position": 2}  # that are tried
LOADERS = ("saved_model", "tflite")


def cases(functions, model, given=None, seed=0):
    """Returns signature -> (inputs, outputs) as numpy, from the model itself.

    Args:
        functions: name -> concrete function, as exported.
        model: the `GenerativeModel`, called for the expected outputs.
        given: example conditions where the model takes any; the first three are tried.
        seed: of the other inputs.
    """
    found = {}
    for name, function in functions.items():
        specs = function.structured_input_signature[0]
        inputs = {
            spec.name: given[:3]
            if spec.name in ("label", "condition")
            else _example(spec, seed, model.prior)
            for spec in specs
        }
        call = model.signatures()[name][0]
        outputs = call(*(_scalar(key, value) for key, value in inputs.items()))
        found[name] = inputs, {key: np.asarray(value) for key, value in outputs.items()}
    drawn = {"generate", "sample", "complete"} if hasattr(model, "log_prob") else set()
    return {f"{DRAWN}{name}" if name in drawn else name: found[name] for name in found}


def check(export, expected):
    """Runs both loaders over `export`; returns loader -> largest difference.

    Raises:
        UserError: a loader fails, or an output differs by more than 1e-5.
    """
    with tempfile.TemporaryDirectory() as folder:
        archive = pathlib.Path(folder) / "cases.npz"
        np.savez(archive, **{
            f"{name}/{kind}/{key}": value
            for name, case in expected.items()
            for kind, values in zip(("in", "out"), case, strict=True)
            for key, value in values.items()
        })  # fmt: skip
        return {loader: _run(loader, export, archive) for loader in LOADERS}


def _run(loader, export, archive):
    said = process.run("zoo.exporting.verify", loader, export, archive)
    differences = json.loads(said.splitlines()[-1])
    for name, difference in differences.items():
        if not difference <= TOLERANCE:  # a NaN is not
            raise UserError(
                f"nothing is exported: {loader}: {name} differs from the model by {difference:.2e}."
            )
    return max(differences.values())


def _example(spec, seed, prior):
    random = np.random.RandomState(seed)
    if spec.name in NUMBERS:
        return np.array([NUMBERS[spec.name]], np.int32)
    shape = [4, *spec.shape[1:]]
    if spec.name == "mask":
        return (random.rand(*shape) < 0.5).astype(np.float32)
    if spec.name in ("images", "small") or prior == "uniform":
        return random.rand(*shape).astype(np.float32)
    return random.randn(*shape).astype(np.float32)


def _scalar(key, value):
    return int(value[0]) if key in NUMBERS else value


def _main(loader, export, archive):
    run = {"saved_model": _session_runner, "tflite": _litert}[loader](pathlib.Path(export))
    grouped = {}
    for path, value in np.load(archive).items():
        name, kind, key = path.split("/")
        grouped.setdefault(name, {"in": {}, "out": {}})[kind][key] = value
    differences = {}
    for name, case in grouped.items():
        outputs = run(name.removeprefix(DRAWN), case["in"])
        differences[name] = max(
            difference(outputs[key], value, name.startswith(DRAWN))
            for key, value in case["out"].items()
        )
    print(json.dumps(differences))


def difference(found, expected, drawn):
    """Returns the largest difference of two outputs, relative where values are above 1.

    Args:
        found: what a loader gave.
        expected: what the model gave.
        drawn: pixel by pixel, so that one of four pictures may be another one.
    """
    if found.shape != expected.shape:
        return float("inf")
    each = np.abs(found - expected) / np.maximum(1, np.abs(expected))
    each = np.sort(each.reshape(len(each), -1).max(axis=1))
    return float(each[: len(each) - len(each) // 4 * drawn].max())


def session(export):
    """Loads as TensorFlow 1 did: the graph and the variables, and nothing of Python.

    Keras cannot be imported in this process from here on.

    Returns:
        (a `tf.compat.v1.Session`, the MetaGraphDef with the signatures).
    """
    sys.modules["keras"] = None
    import tensorflow as tf

    opened = tf.compat.v1.Session(graph=tf.Graph())
    with opened.graph.as_default():
        return opened, tf.compat.v1.saved_model.load(opened, ["serve"], str(export))


def _session_runner(export):
    opened, loaded = session(export)

    def run(name, inputs):
        signature = loaded.signature_def[name]
        feed = {signature.inputs[key].name: value for key, value in inputs.items()}
        fetch = {key: info.name for key, info in signature.outputs.items()}
        return opened.run(fetch, feed)

    return run


def _litert(export):
    sys.modules["tensorflow"] = None
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(export / "model.tflite"), num_threads=1)
    return lambda name, inputs: interpreter.get_signature_runner(name)(**inputs)


if __name__ == "__main__":
    _main(*sys.argv[1:])
