"""The card of an export: what it is, how it was made, what it needs, how to call it."""

import importlib.metadata
import json

from zoo import registry
from zoo.config import UserError
from zoo.exporting import facts as of_export
from zoo.exporting import formats, metadata, onnx, signatures, verify

EVALUATIONS = ("evaluation.json", "likelihood.json")  # that a run may have

LICENSES = {
    "digits": "UCI Optical Recognition of Handwritten Digits, CC BY 4.0",
    "mnist": "MNIST by LeCun, Cortes and Burges, CC BY-SA 3.0",
    "gaussians8": "points drawn by this package, CC0",
    "gaussians25": "points drawn by this package, CC0",
    "swiss_roll": "points drawn by this package, CC0",
}


def text(sampler, functions, differences, compared, folder):
    """Returns the card's Markdown.

    Args:
        sampler: the `RunSampler`.
        functions: signature name -> concrete function.
        differences: file -> its differences from the model, as `verify.check` returns them.
        compared: file -> its costs and figures, as `compare.compare` returns them.
        folder: where the files are.
    """
    run, model, facts = sampler.run, sampler.model, sampler.run.facts
    entry = registry.MODELS[facts["model"]]
    settings = "\n".join(f"| {key} | {value} |" for key, value in facts["config"].items())
    data = ", ".join(f"{key}={value}" for key, value in facts["data"].items())
    offered = model.signatures()
    calls = "\n".join(
        _signature_row(
            name, offered[name.removesuffix(signatures.PNG)][1], function.structured_outputs
        )
        for name, function in functions.items()
    )
    tensorflow = importlib.metadata.version("tensorflow")
    serving = ".".join(tensorflow.split(".")[:2])
    content = (folder / "model.tflite").read_bytes()
    license = LICENSES.get(facts["dataset"], "see the data set's own page")
    return f"""# {facts["model"]} on {facts["dataset"]}

{entry.title} ([{entry.paper}]({entry.link})), {facts["trained_steps"]} training steps.

    {_command(facts)}

Trained by {_codes(facts["stretches"])}. {_held_out(run)}
{_figures(run)}
{of_export.about(sampler)}
Data: {facts["dataset"]} ({data}). License of the data: {license}.

| setting | value |
|---|---|
{settings}

## Signatures

`serving_default` is `generate`.{_png(sampler.data_spec)}

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


def _png(spec):
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


def _codes(stretches):
    """The code of each stretch, those that follow one another with the same code as one."""
    parts = []
    for stretch in stretches:
        words = _code(stretch)
        if not parts or parts[-1][0] != words:
            parts.append((words, stretch["from_step"]))
    return "; ".join(f"{words} from step {step}" for words, step in parts)


def _code(state):
    """What `provenance.code` returned, in words."""
    if state["commit"] is None:
        return f"generative-zoo {state['versions']['zoo']}, installed outside of a git checkout"
    return f"the code at commit {state['commit']} (tree {state['tree']})"


def _held_out(run):
    """A sentence with the losses of the last validation, out of metrics.jsonl."""
    validated = [line for line in run.metrics() if any(key.startswith("val_") for key in line)]
    if not validated:
        return "Not validated yet."
    last = validated[-1]
    losses = ", ".join(f"{k[4:]} {v:.4f}" for k, v in last.items() if k.startswith("val_"))
    part = run.facts["held_out"]
    return (
        f"On the {part['examples']} examples of `{part['split']}`, with the weights of step "
        f"{last['step']} (no moving average): {losses}."
    )


def _figures(run):
    """A table of what `zoo.evaluate` has written beside the run for these very weights."""
    rows, codes = [], {}
    for file in EVALUATIONS:
        result = _evaluation(run, file)
        if result:
            codes[_code(result["code"])] = None
        for name, figure in result.get("figures", {}).items():
            spread = figure.get("sd", figure.get("standard_error"))
            beside = figure.get("real", figure.get("independent_pixels"))
            values = [figure["mean"], spread, beside]
            words = ["" if value is None else f"{value:.4f}" for value in values]
            words.append(_counts(figure, result))
            rows.append(f"| {name} | {' | '.join(words)} | `{result['command']}` |")
    if not rows:
        return ""
    return "\n".join([
        "", "| figure | value | ± | the data's own, or independent pixels' | of | command |",
        "|---|---|---|---|---|---|", *rows, "", f"Evaluated by {' and '.join(codes)}.", "",
    ])  # fmt: skip


def _counts(figure, result):
    """Of how many examples a figure and the data's own are."""
    counts = figure.get("counts", {"drawn": result["held_out"]["examples"]})
    words = str(counts["drawn"])
    if counts.get("real", counts["drawn"]) != counts["drawn"]:
        words += f", the data's own of {counts['real']}"
    return words + (f", against {counts['held_out']}" if "held_out" in counts else "")


def _evaluation(run, file):
    path = run.path / file
    try:
        found = json.loads(path.read_text()) if path.exists() else {}
    except (OSError, ValueError):
        raise UserError(f"{str(path)!r} is damaged: evaluate the run again.") from None
    return found if found.get("step") == run.facts["trained_steps"] else {}


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
