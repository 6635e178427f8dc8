"""Writes a TensorFlow Lite file of all signatures, of built-in ops only.

    python -m zoo.exporting.tflite SAVED_MODEL MODEL.tflite

A process of its own for each conversion, since `convert()` leaks memory.
"""

import pathlib
import sys

from zoo.exporting import process


def write(saved_model, path):
    """Converts the SavedModel folder `saved_model` into the file `path`.

    Raises:
        UserError: the converter failed, e.g. over an op that is not built in.
    """
    process.run("zoo.exporting.tflite", saved_model, path)


def _convert(saved_model, path):
    import tensorflow as tf

    # serving_default is generate under another name: a device needs it once.
    names = [n for n in tf.saved_model.load(saved_model).signatures if n != "serving_default"]
    converter = tf.lite.TFLiteConverter.from_saved_model(saved_model, signature_keys=names)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    pathlib.Path(path).write_bytes(converter.convert())


if __name__ == "__main__":
    _convert(*sys.argv[1:])
