"""Runs a written export as its users will, and compares all signatures with the model's own.

    python -m zoo.exporting.verify saved_model|tflite|onnx EXPORT CASES.npz

Each loader runs in a process of its own: the SavedModel through the TF1 session loader with Keras
barred (a reload by `tf.saved_model.load` proves nothing: it revives Python), the TensorFlow Lite
files through `ai_edge_litert` with TensorFlow barred, where an op that is not built in cannot run,
and ONNX files through `onnxruntime`.
Differences are relative where values are above 1, as log-likelihoods in nats are.  A picture that
is drawn pixel by pixel becomes another one at a pixel whose random number lies within rounding of a
level's threshold, so of four of them one may differ; `log_prob` and `step` may not.
"""

import io
import json
import pathlib
import sys
import tempfile

import numpy as np

from zoo.config import UserError
from zoo.data import text
from zoo.exporting import formats, process
from zoo.files import writing

SAVED_MODEL = "saved_model"  # the one file name in `cases` that is none
DRAWN = "drawn pixel by pixel: "  # what it is said of a signature in `cases`
ROWS = 4  # examples that are tried where any number goes
CONDITIONS = 3  # fewer: they are repeated in turn

# The largest difference of a float32 file, and the mean one of the others, which is there to catch
# a broken file: how good a quantized one draws is `compare`'s question.
TOLERANCES = {"float32": 1e-5, "float16": 5e-3, "dynamic": 0.05, "int8": 0.1}


def cases(model, chosen, given=None, seed=0):
    """Returns file -> signature -> (inputs, outputs) as numpy, from the model itself.

    Args:
        model: the `GenerativeModel`.
        chosen: the `formats.Format`s.
        given: example conditions where the model takes any.
        seed: of the other inputs.
    """
    from zoo.autoregressive.pixelwise import Pixelwise  # not above: loaders run without Keras
    from zoo.exporting import signatures

    offered, pixelwise = model.signatures(), isinstance(model, Pixelwise)
    found = {}
    for place in (SAVED_MODEL, *{format.batch for format in chosen}):
        batch, found[place] = None if place == SAVED_MODEL else place, {}
        for name, (call, inputs) in offered.items():
            drawn = pixelwise and name in ("generate", "sample", "complete")
            case = f"{DRAWN}{name}" if drawn else name
            kept = inputs if place == SAVED_MODEL else signatures.on_devices(inputs, batch)
            if place is None and len(kept) == len(inputs):  # a call that takes long was made
                found[place][case] = found[SAVED_MODEL][case]
                continue
            values = {input.name: _example(input, batch, given, seed) for input in kept}
            outputs = call(*(
                signatures.absent(input, batch) if input.name not in values
                else int(values[input.name][0]) if input.is_number
                else values[input.name]
                for input in inputs
            ))  # fmt: skip
            found[place][case] = values, {key: np.asarray(value) for key, value in outputs.items()}
    files = {SAVED_MODEL: found[SAVED_MODEL] | _twins(found[SAVED_MODEL], model.data_spec)}
    for format in chosen:
        comparable = found[format.batch]
        if format.precision != "float32":
            # One pixel that falls out otherwise changes all after it.
            kept = [name for name in formats.signatures(format, model) if name in comparable]
            comparable = {name: comparable[name] for name in kept if not name.startswith("step")}
        files[format.file] = comparable
    return files


def _twins(cases, spec):
    """The same cases of the signatures that give PNG files, told as pictures, or strings."""
    from zoo.exporting import signatures  # not above: loaders run without Keras

    twins = {}
    for name, (inputs, outputs) in cases.items():
        pictures = signatures.pictures(name.removeprefix(DRAWN), outputs)
        if pictures:
            files = {key + signatures.BYTES: outputs[key] for key in pictures}
            twins[name + signatures.PNG] = (inputs, files)
        if name == "sample" and "codes" in outputs:
            lines = [line.encode() for line in text.read(outputs["codes"], spec.alphabet)]
            twins[name + signatures.LINES] = inputs, {"lines": np.array(lines)}
    return twins


def check(export, expected):
    """Runs the loaders over `export`; returns file -> {"largest", "mean"}: its differences.

    Raises:
        UserError: a loader fails, or a difference is above `TOLERANCES`.
    """
    precisions = {format.file: format.precision for format in formats.ALL}
    with tempfile.TemporaryDirectory() as folder:
        archive = pathlib.Path(folder) / "cases.npz"
        with writing(archive):
            np.savez(archive, **{
                f"{file}/{name}/{kind}/{key}": value
                for file, signatures in expected.items()
                for name, case in signatures.items()
                for kind, values in zip(("in", "out"), case, strict=True)
                for key, value in values.items()
            })  # fmt: skip
        found = {}
        for loader in dict.fromkeys(map(_loader, expected)):
            said = process.run("zoo.exporting.verify", loader, export, archive)
            found |= json.loads(said.splitlines()[-1])
    for file, signatures in found.items():
        precision = precisions.get(file, "float32")
        measure = "largest" if precision == "float32" else "mean"
        for name, differences in signatures.items():
            if not differences[measure] <= TOLERANCES[precision]:  # a NaN is not
                raise UserError(
                    f"nothing is exported: {file}: {name} differs from the model by "
                    f"{differences[measure]:.2e}."
                )
    return {
        file: {
            measure: max(differences[measure] for differences in signatures.values())
            for measure in ("largest", "mean")
        }
        for file, signatures in found.items()
    }


def _example(input, batch, given, seed):
    return input.examples(batch or (CONDITIONS if input.kind == "condition" else ROWS), seed, given)


def _loader(file):
    """What loads a file of an export: the name of one of `_LOADERS`."""
    return file.rpartition(".")[2]


def _main(loader, export, archive):
    grouped = {}
    for path, value in np.load(archive).items():
        file, name, kind, key = path.split("/")
        case = grouped.setdefault(file, {}).setdefault(name, {"in": {}, "out": {}})
        case[kind][key] = value
    differences = {}
    for file, signatures in grouped.items():
        if _loader(file) != loader:
            continue
        run = _LOADERS[loader](pathlib.Path(export), file)
        differences[file] = {
            name: difference(run(name.removeprefix(DRAWN), case["in"]), case["out"], name)
            for name, case in signatures.items()
        }
    print(json.dumps(differences))


def difference(found, expected, name):
    """Returns {"largest", "mean"} over all values of the outputs that the model gives.

    Args:
        found: output -> array, of a loader; PNG files as objects, which may differ by the rounding
            to 255 levels besides.
        expected: output -> array, of the model.  `codes` are compared to the loader's own `text`:
            which of two symbols is the likelier may hang on rounding.
        name: of the signature, as in `cases`.
    """
    measures = []
    for key, value in expected.items():
        if key == "codes":
            value = found["text"].argmax(axis=-1)
        if key == "lines":
            measures.append(_unequal(found[key], value))
            continue
        files = found[key].dtype == object
        given = _read(found[key]) if files else found[key]
        if given.shape != value.shape:
            return {"largest": float("inf"), "mean": float("inf")}
        each = np.abs(given - value) / np.maximum(1, np.abs(value))
        if files:
            each = np.maximum(each - 0.5 / 255, 0)
        rows = each.reshape(len(each), -1)
        rows = rows[np.argsort(rows.max(axis=1))]
        rows = rows[: len(rows) - len(rows) // 4 * name.startswith(DRAWN)]
        measures.append((float(rows.max()), float(rows.mean())))
    largest, mean = (max(column) for column in zip(*measures, strict=True))
    return {"largest": largest, "mean": mean}


def _unequal(found, expected):
    """The measures of lines: of four one may differ, as of pictures drawn pixel by pixel."""
    unequal = sum(one != other for one, other in zip(found, expected, strict=True))
    off = 0.0 if unequal <= len(expected) // 4 else float("inf")
    return off, off


def _read(files):
    """PNG files -> pictures [B, H, W, C] in [0, 1]."""
    from PIL import Image

    arrays = [np.asarray(Image.open(io.BytesIO(file)), np.float32) / 255 for file in files]
    return np.stack([array.reshape(*array.shape[:2], -1) for array in arrays])


def load(export):
    """Loads as TensorFlow 1 did: the graph and the variables, and nothing of Python.

    Returns:
        (a `tf.compat.v1.Session`, the MetaGraphDef with the signatures).
    """
    sys.modules["keras"] = None  # importing it fails from here on
    import tensorflow as tf

    # As in the process whose outputs these are compared to, on a GPU too: see `zoo.startup`.
    tf.config.experimental.enable_tensor_float_32_execution(False)

    session = tf.compat.v1.Session(graph=tf.Graph())
    with session.graph.as_default():
        return session, tf.compat.v1.saved_model.load(session, ["serve"], str(export))


def _session(export, _):
    session, loaded = load(export)

    def run(name, inputs):
        signature = loaded.signature_def[name]
        feed = {signature.inputs[key].name: value for key, value in inputs.items()}
        fetch = {key: info.name for key, info in signature.outputs.items()}
        return session.run(fetch, feed)

    return run


def _litert(export, file):
    sys.modules["tensorflow"] = None
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(export / file), num_threads=1)
    return lambda name, inputs: interpreter.get_signature_runner(name)(**inputs)


def _onnxruntime(export, file):
    sys.modules["tensorflow"] = None
    import onnxruntime

    session = onnxruntime.InferenceSession(export / file, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return lambda _, inputs: dict(zip(names, session.run(names, inputs), strict=True))


_LOADERS = {SAVED_MODEL: _session, "tflite": _litert, "onnx": _onnxruntime}


if __name__ == "__main__":
    _main(*sys.argv[1:])
