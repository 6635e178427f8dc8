"""Writes TensorFlow Lite files of all signatures, of built-in ops only.

    python -m zoo.exporting.tflite JOBS.json

A process of its own for the files of one export, since `convert()` leaks memory.
"""

import json
import pathlib
import sys
import tempfile

import numpy as np

from zoo.exporting import formats, metadata, process, saved_model, signatures
from zoo.files import writing

EXAMPLES = 100  # calls of each signature from which int8 activations take their ranges


def write(model, chosen, folder, facts, given=None):
    """Writes one file of `folder` for each of the chosen `formats.Format`s.

    Args:
        model: the `GenerativeModel`.
        chosen: the formats.
        folder: a path.
        facts: the JSON of `facts.text`.
        given: example conditions where the model takes any.

    Raises:
        UserError: the converter failed, e.g. over an op that is not built in.
    """
    with tempfile.TemporaryDirectory() as temporary:
        source = pathlib.Path(temporary)
        for batch in {format.batch for format in chosen}:
            functions = signatures.for_devices(model, batch)
            with writing(source):
                saved_model.write(functions, source / str(batch))
        jobs = [
            {
                "source": str(source / str(format.batch)),
                "target": str(folder / format.file),
                "precision": format.precision,
                "signatures": formats.signatures(format, model),
            }
            for format in chosen
        ]
        examples = {}
        if any(format.precision == "int8" for format in chosen):
            examples = _examples(model, given)
        with writing(source):
            np.savez(source / "examples.npz", **examples)
            (source / "facts.json").write_text(facts)
            (source / "jobs.json").write_text(json.dumps(jobs))
        process.run("zoo.exporting.tflite", source / "jobs.json")


def _examples(model, given):
    """Inputs as the model meets them, "signature/name" -> [EXAMPLES, …]."""
    offered = model.signatures()
    return {
        f"{name}/{input.name}": input.examples(EXAMPLES, 0, given)
        for name in formats.signatures(formats.QUANTIZED["int8"], model)
        for input in offered[name][1]
    }


def _convert(jobs):
    folder = pathlib.Path(jobs).parent
    facts = (folder / "facts.json").read_text()
    for job in json.loads(pathlib.Path(jobs).read_text()):
        content = _converter(job, folder / "examples.npz").convert()
        pathlib.Path(job["target"]).write_bytes(metadata.embed(content, facts))


def _converter(job, examples):
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(
        job["source"], signature_keys=job["signatures"]
    )
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if job["precision"] != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if job["precision"] == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if job["precision"] == "int8":
        inputs = dict(np.load(examples))

        def representative():
            for name in job["signatures"]:
                own = {k.split("/")[1]: v for k, v in inputs.items() if k.startswith(f"{name}/")}
                for i in range(EXAMPLES):
                    yield name, {key: value[i : i + 1] for key, value in own.items()}

        converter.representative_dataset = representative
    return converter


if __name__ == "__main__":
    _convert(*sys.argv[1:])
