"""The card of an export: what it is, how it was made, what it needs, how to call it."""

import dataclasses
import importlib.metadata
import json
import pathlib

from zoo import registry
from zoo.data import names
from zoo.data.spec import DataSpec

LICENCES = {
    "digits": "UCI Optical Recognition of Handwritten Digits, CC BY 4.0",
    "mnist": "MNIST by LeCun, Cortes and Burges, CC BY-SA 3.0",
    "gaussians8": "points drawn by this package, CC0",
    "gaussians25": "points drawn by this package, CC0",
    "swiss_roll": "points drawn by this package, CC0",
}


def text(run, model, functions, differences, tflite_file):
    """Returns the card's Markdown.

    Args:
        run: the `Run`.
        model: its `GenerativeModel`.
        functions: signature name -> concrete function.
        differences: loader -> largest difference from the model, as verified.
        tflite_file: path of the TensorFlow Lite file.
    """
    facts = run.facts
    entry = registry.MODELS[facts["model"]]
    spec = DataSpec.of_json(facts["data_spec"])
    settings = "\n".join(f"| {key} | {value} |" for key, value in facts["config"].items())
    data = ", ".join(f"{key}={value}" for key, value in facts["data"].items())
    calls = "\n".join(_signature_row(name, function) for name, function in functions.items())
    tensorflow = importlib.metadata.version("tensorflow")
    serving = ".".join(tensorflow.split(".")[:2])
    licence = LICENCES.get(facts["dataset"], "see the data set's own page")
    return f"""# {facts["model"]} on {facts["dataset"]}

{entry.title} ([{entry.paper}]({entry.link})), {facts["trained_steps"]} training steps.

    {_command(facts)}

Code at commit {facts["commit"]}. {_held_out(run)}

{_drawn(spec)}{_pixelwise(model)}
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

Written and checked with TensorFlow {tensorflow}: use TensorFlow Serving {serving} or later, which
itself was not run. `model.tflite` needs LiteRT or TensorFlow Lite {_lowest_runtime(tflite_file)} or
later, as the file itself declares; it has {tflite_file.stat().st_size} bytes and built-in ops only.
It does not refuse a `num` or a `label` out of range, which TensorFlow Lite cannot.
"""


def facts(sampler):
    """Returns as JSON what a caller in Python asks of an export: see `sampling.ExportSampler`."""
    return json.dumps(
        {
            "latent": sampler.latent,
            "prior": sampler.prior,
            "data_spec": dataclasses.asdict(sampler.data_spec),
        },
        indent=2,
    )


def _drawn(spec):
    """Sentences on what comes out, and on what goes in beside the latents."""
    shape = ", ".join(map(str, spec.shape))
    sentences = {
        "images": f"Pictures: float32 [B, {shape}] in [0, 1], rows first, channels last.",
        "points": "Points: float32 [B, 2].",
        "text": f"Text: float32 [B, {shape}], for each letter the probabilities of the symbols "
        f"{names.alphabet(spec.names)!r}.",
    }
    given = {
        "none": "",
        "label": f" Label: int32, 0 to {spec.classes - 1}: {', '.join(spec.names)}.",
        "name": " Condition: the letters of a name, one-hot, "
        f"[{', '.join(map(str, spec.condition_shape))}] flattened; the symbols are "
        f"{names.alphabet(spec.names)!r}, the first of them the blank.",
        "image": " Condition: a picture in [0, 1], "
        f"[{', '.join(map(str, spec.condition_shape))}] flattened.",
    }
    return sentences[spec.kind] + given[spec.condition]


def _pixelwise(model):
    """A sentence on what only models that draw pixel by pixel have."""
    if not hasattr(model, "log_prob"):
        return ""
    return (
        " Latents: uniform on (0, 1). `mask` is 1 where a pixel is drawn, given those before it in "
        f"raster order, and 0 where it stays. `log_prob` is that of {model.likelihood_of}, in "
        f"nats, each pixel taken for the nearest of {model.data_spec.levels} levels. `step` draws "
        "the pixel at `position`: from 0 to the last, with one seed, they are `sample`'s pictures."
    )


def _command(facts):
    """The command that trains this run again, with every setting that is not the default."""
    words = [f"--model={facts['model']}", f"--dataset={facts['dataset']}"]
    model = facts["model"]
    defaults = {
        "config": registry.module(model).Config(),
        "data": registry.data_options(model),
    }
    for part, default in defaults.items():
        for key, value in facts[part].items():
            value = tuple(value) if isinstance(value, list) else value
            if value != getattr(default, key):
                shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
                words.append(f"--{part}.{key}={shown}")
    return " ".join(["python -m zoo.train", *words, f"--steps={facts['trained_steps']}"])


def _held_out(run):
    """A sentence with the losses of the last validation, out of metrics.jsonl."""
    lines = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    validated = [line for line in lines if any(key.startswith("val_") for key in line)]
    if not validated:
        return "Not validated yet."
    last = validated[-1]
    losses = ", ".join(f"{k[4:]} {v:.4f}" for k, v in last.items() if k.startswith("val_"))
    part = run.facts["held_out"]
    return (
        f"On the {part['examples']} examples of `{part['split']}`, with the weights of step "
        f"{last['step']} (no moving average): {losses}."
    )


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
