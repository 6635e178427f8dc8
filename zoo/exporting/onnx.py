"""Writes ONNX files of `generate` and `sample`, as devices have them, for ONNX Runtime.

    python -m zoo.exporting.onnx SAVED_MODEL FOLDER

A file for each, since ONNX has no signatures.  A process of its own converts, as for TensorFlow
Lite.  tf2onnx and onnxruntime are the extra `onnx`: only this format needs them.
"""

import importlib.util
import pathlib
import sys
import tempfile

from zoo.config import UserError
from zoo.exporting import process, saved_model, signatures
from zoo.exporting.verify import DRAWN
from zoo.files import writing

FILES = {"generate": "model.onnx", "sample": "model_sample.onnx"}  # signature -> its file
OPSET = 18


def check_installed():
    """Raises `UserError` where a package of the extra `onnx` is missing."""
    missing = [name for name in ("tf2onnx", "onnxruntime") if not importlib.util.find_spec(name)]
    if missing:
        raise UserError(
            f"--onnx needs {' and '.join(missing)}: run pip install 'generative-zoo[onnx]', or "
            "leave --onnx out."
        )


def write(model, folder):
    """Writes `FILES` of a `GenerativeModel` to `folder`, a path.

    Raises:
        UserError: tf2onnx failed.
    """
    functions = signatures.for_devices(model)
    with tempfile.TemporaryDirectory() as source:
        with writing(pathlib.Path(source)):
            saved_model.write({name: functions[name] for name in FILES}, source)
        process.run("zoo.exporting.onnx", source, folder)


def cases(devices):
    """Returns what `verify.check` is to try: file -> signature -> (inputs, outputs).

    Args:
        devices: the cases of a file for any batch, see `verify.cases`.
    """
    tried = {name.removeprefix(DRAWN): (name, case) for name, case in devices.items()}
    return {file: dict([tried[name]]) for name, file in FILES.items()}


def about(differences):
    """Lines for the card; none where there are no such files."""
    found = [differences[file]["largest"] for file in FILES.values() if file in differences]
    if not found:
        return ""
    files = " and ".join(f"`{file}` is `{name}`" for name, file in FILES.items())
    return (
        f"\nONNX files, opset {OPSET}: {files}. By onnxruntime they are within {max(found):.1e} of "
        "the model.\n"
    )


def _convert(source, folder):
    import tensorflow as tf
    import tf2onnx

    loaded = tf.saved_model.load(source)
    for name, file in FILES.items():
        function, specs = _positional(loaded.signatures[name])
        target = str(pathlib.Path(folder) / file)
        tf2onnx.convert.from_function(function, specs, opset=OPSET, output_path=target)


def _positional(signature):
    """A signature as tf2onnx takes it: a `tf.function` of its inputs in turn, and their specs."""
    import tensorflow as tf

    specs = [
        # A number is of unknown rank in a SavedModel.
        tf.TensorSpec([1] if spec.shape.rank is None else spec.shape, spec.dtype, spec.name)
        for spec in signature.structured_input_signature[1].values()
    ]
    names = [spec.name for spec in specs]
    return (
        tf.function(lambda *x: signature(**dict(zip(names, x, strict=True))), autograph=False),
        specs,
    )


if __name__ == "__main__":
    _convert(*sys.argv[1:])
