"""The card of an export: what it is, how it was made, what it needs, how to call it."""

import importlib.metadata
import pathlib

from zoo import registry

LICENCES = {
    "digits": "UCI Optical Recognition of Handwritten Digits, CC BY 4.0",
    "mnist": "MNIST by LeCun, Cortes and Burges, CC BY-SA 3.0",
}


def text(run, functions, differences, tflite_file):
    """Returns the card's Markdown.

    Args:
        run: the `Run`.
        functions: signature name -> concrete function.
        differences: loader -> largest difference from the model, as verified.
        tflite_file: path of the TensorFlow Lite file.
    """
    facts = run.facts
    entry = registry.MODELS[facts["model"]]
    spec = facts["data_spec"]
    height, width, channels = spec["shape"]
    settings = "\n".join(f"| {key} | {value} |" for key, value in facts["config"].items())
    data = ", ".join(f"{key}={value}" for key, value in facts["data"].items())
    calls = "\n".join(_signature_row(name, function) for name, function in functions.items())
    tensorflow = importlib.metadata.version("tensorflow")
    licence = LICENCES.get(facts["dataset"], "see the data set's own page")
    return f"""# {facts["model"]} on {facts["dataset"]}

{entry.title} ([{entry.paper}]({entry.link})), {facts["trained_steps"]} training steps.

Command: `python -m zoo.train --run=… --model={facts["model"]} --dataset={facts["dataset"]}
--steps={facts["trained_steps"]}` with the settings below; code at commit {facts["commit"]}.

Pictures: float32 [B, {height}, {width}, {channels}] in [0, 1], rows first, channels last.
Data: {facts["dataset"]} ({data}). Licence of the data: {licence}.

| setting | value |
|---|---|
{settings}

## Signatures

`serving_default` is `generate`. `num` is 1 to 1024; the same `seed` gives the same pictures here,
in the TensorFlow Lite file and in Python.

| name | inputs | outputs |
|---|---|---|
{calls}

## Checked after writing

| loader | largest difference from the model |
|---|---|
| TF1 session, without Keras | {differences["saved_model"]:.1e} |
| ai_edge_litert | {differences["tflite"]:.1e} |

Needs TensorFlow Serving {".".join(tensorflow.split(".")[:2])} or later (what it was written and
checked with) and LiteRT / TensorFlow Lite {_lowest_runtime(tflite_file)} or later (what the file
itself declares). Built-in ops only; `model.tflite` has {tflite_file.stat().st_size} bytes.
"""


def _signature_row(name, function):
    inputs = ", ".join(
        f"`{spec.name}` {spec.dtype.name} {_shape(spec)}"
        for spec in function.structured_input_signature[0]
    )
    outputs = ", ".join(
        f"`{key}` {value.dtype.name} {_shape(value)}"
        for key, value in function.structured_outputs.items()
    )
    return f"| `{name}` | {inputs} | {outputs} |"


def _shape(spec):
    if spec.shape.rank is None:
        return "scalar or [1]"
    return "[" + ", ".join("B" if size is None else str(size) for size in spec.shape) + "]"


def _lowest_runtime(path):
    """Reads `min_runtime_version` out of a TensorFlow Lite file's metadata."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.Model.GetRootAs(pathlib.Path(path).read_bytes(), 0)
    for i in range(model.MetadataLength()):
        entry = model.Metadata(i)
        if entry.Name() == b"min_runtime_version":
            raw = model.Buffers(entry.Buffer()).DataAsNumpy().tobytes()
            return raw.rstrip(b"\x00").decode()
    return "of any version"
