"""The card of an export: what it is, how it was made, what it needs, how to call it."""

import importlib.metadata

from zoo.exporting import facts as of_export
from zoo.exporting import formats, metadata, onnx, signatures, verify
from zoo.runs import history


def text(sampler, functions, differences, compared, folder):
    """Returns the card's Markdown.

    Args:
        sampler: the sampler of a run or a preset.
        functions: signature name -> concrete function.
        differences: file -> its differences from the model, as `verify.check` returns them.
        compared: file -> its costs and figures, as `compare.compare` returns them.
        folder: where the files are.
    """
    model, run = sampler.model, sampler.run
    offered = model.signatures()
    calls = "\n".join(
        _signature_row(
            name,
            offered[name.removesuffix(signatures.PNG).removesuffix(signatures.LINES)][1],
            function.structured_outputs,
        )
        for name, function in functions.items()
    )
    tensorflow = importlib.metadata.version("tensorflow")
    serving = ".".join(tensorflow.split(".")[:2])
    content = (folder / "model.tflite").read_bytes()
    return f"""# {run.facts["model"]} on {run.facts["dataset"]}

{history.trained(run)}
{of_export.about(sampler)}
{history.settings(run)}

## Signatures

`serving_default` is `generate`.{_twins(sampler.data_spec)}

| name | inputs | outputs |
|---|---|---|
{calls}

{inputs_table(model)}

## Checked after writing

The SavedModel, through the TF1 session loader without Keras: every signature is within
{differences[verify.SAVED_MODEL]["largest"]:.1e} of the model. The TensorFlow Lite files, through
`ai_edge_litert`:

{_files(differences, compared)}

{_meaning(sampler, compared)}
{onnx.about(differences)}
Files for one batch size have no `num`: `sample` draws as many as the batch has. They do not refuse
a `num` or a `label` out of range, which TensorFlow Lite cannot. Each holds this card's facts as
metadata, `{metadata.NAME}`.

Written and checked with TensorFlow {tensorflow}: use TensorFlow Serving {serving} or later, which
itself was not run. `model.tflite` needs LiteRT or TensorFlow Lite {_lowest_runtime(content)} or
later, as the file itself declares; all of them hold built-in ops only.
"""


def _twins(spec):
    if spec.modality == "text":
        return (
            "\nThe SavedModel alone has `sample_lines`. It gives strings in UTF-8, without\n"
            "the blanks at their ends."
        )
    if spec.modality != "images":
        return ""
    return (
        "\nThe SavedModel alone has signatures with `_png` at the end. They give PNG files, in\n"
        "outputs with `_bytes` at the end, which REST returns as base64."
    )


def _files(differences, compared):
    """The table of files: difference, size, speed, figures."""
    figures = list(dict.fromkeys(k for facts in compared.values() for k in facts["figures"]))
    titles = ["file", "what", "bytes", "of float32", "mean difference", "largest", "latency"]
    first = next(iter(compared.values()))
    rows = [[*titles, *figures], ["---"] * (len(titles) + len(figures))]
    for format in formats.ALL:
        if format.file not in compared:
            continue
        facts, off = compared[format.file], differences[format.file]
        rows.append([
            f"`{format.file}`", format.about, str(facts["bytes"]),
            f"{facts['bytes'] / first['bytes']:.2f}", f"{off['mean']:.1e}", f"{off['largest']:.1e}",
            "" if facts["latency"] is None else f"{facts['latency']:.2f}",
            *(f"{facts['figures'][name]:.4f}" if facts["figures"] else "" for name in figures),
        ])  # fmt: skip
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def _meaning(sampler, compared):
    """What the table's columns are."""
    words = "Latency: a ratio to the first, one example by `generate` on one thread, in turns."
    if not any(facts["figures"] for facts in compared.values()):
        return words
    counts = next(iter(compared.values()))["counts"]
    if sampler.pixelwise:
        return f"{words} Likelihoods: of the first {counts['nll']} held-out pictures."
    each = ", ".join(f"{name} of {count}" for name, count in counts.items())
    return f"{words} Figures: `zoo.evaluate`'s, from the latents of seed 0: {each} examples."


def inputs_table(model):
    """The table of what goes in."""
    rows = ["| input | range | what it is |", "|---|---|---|"]
    for input in of_export.inputs(model):
        range = "" if input.range is None else "{} to {}".format(*input.range)
        rows.append(f"| `{input.name}` | {range} | {input.about} |")
    return "\n".join(rows)


def _signature_row(name, inputs, outputs):
    takes = ", ".join(f"`{input.name}` {input.dtype} {_shape(input)}" for input in inputs)
    gives = ", ".join(
        f"`{key}` {value.dtype.name} {_sides(value.shape)}" for key, value in outputs.items()
    )
    return f"| `{name}` | {takes} | {gives} |"


def _shape(input):
    return "scalar or [1]" if input.is_number else _sides([None, *input.shape])


def _sides(shape):
    return "[" + ", ".join("B" if size is None else str(size) for size in shape) + "]"


def _lowest_runtime(content):
    """What a TensorFlow Lite file declares as `min_runtime_version`."""
    raw = metadata.read(content, "min_runtime_version")
    return "of any version" if raw is None else raw.rstrip(b"\x00").decode()
