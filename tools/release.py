"""Rebuilds what is released: of each recipe a preset in zoo/presets/ and an export in exports/.

    python -m tools.release [--recipes=dcgan_mnist,vae_mnist] [--runs=runs/release]
                            [--presets=zoo/presets] [--out=exports]

Each recipe is trained, or its run in --runs is gone on with, or taken as it is where it is
finished; it is evaluated, unless the code of this commit has judged these weights before, and held
to the recipe's bounds.  Only then are files written: a preset, named as the recipe, and an export,
named as the model, in the place of that of any other recipe of the model.

What is there is left alone where it is what this code would write: a preset of the same weights,
settings and figures; an export of the same pictures, facts and kinds of files, whose SavedModel has
the same signatures and as many operations of each kind.  A new export takes the place of the old.

A recipe that misses a bound, or whose commands fail, leaves what is there as it was; the others are
released, and the exit status tells.  A killed release goes on when it is run again.
"""

import collections
import contextlib
import dataclasses
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from absl import flags

from zoo import cli, recipes
from zoo.config import UserError
from zoo.runs import presets
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
LARGEST = 45_000_000  # bytes of exports and presets: they stay in version control for good
SAME = 1e-5  # pictures that differ less are the same on another machine
CONFIG = "models.config"


@dataclasses.dataclass(frozen=True)
class Places:
    """Where a release reads and writes."""

    runs: pathlib.Path
    presets: pathlib.Path
    exports: pathlib.Path


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_list(
        "recipes", None, "which of them (default: of each model the last that has a bound)"
    )
    flags.DEFINE_string("runs", "runs/release", "the runs, of the recipes' names")
    flags.DEFINE_string("presets", str(presets.FOLDER), "the released presets")
    flags.DEFINE_string("out", "exports", "the released exports")


def judged(name, run):
    """Trains, evaluates and gates one recipe; returns its figures, name -> mean.

    Raises:
        UserError: a command fails, or a figure misses its bound.
    """
    recipe = recipes.recipe(name)
    _command("train", f"--recipe={name}", f"--run={run}")
    if not _is_evaluated(run, recipe):
        _command("evaluate", f"--run={run}")
    figures = _figures(run)
    _gate(name, recipe, figures)
    return figures


def released(name, figures, places):
    """Writes one recipe's preset and export; returns the sentence on what changed."""
    from zoo.sampling import loading

    run = places.runs / name
    sampler = loading.load(run)
    said = [
        preset(sampler, places.presets / name),
        export(sampler, run, places.exports, recipes.recipe(name)),
    ]
    values = ", ".join(f"{key} {value:.4f}" for key, value in figures.items())
    return f"{name}: {'; '.join(said)}; {values}"


def preset(sampler, folder):
    """Writes a preset of a `RunSampler` unless it is there; returns what changed."""
    if presets.is_preset(folder) and _is_preset_of(sampler, folder):
        return "preset unchanged"
    sampler.save_to_preset(folder)
    return f"preset written, {_size(folder)} bytes"


def export(sampler, run, exports, recipe):
    """Exports a run of a recipe unless that is there, and removes what it replaces; returns what
    changed."""
    from zoo.exporting import publish

    path, words = exports / recipe.model, precisions(sampler.pixelwise, recipe)
    old = publish.newest_version(path)
    if old and _is_export_of(sampler, words, old):
        return f"export unchanged, version {old.name}"
    _command("export", f"--run={run}", f"--out={path}", f"--quantize={','.join(words)}")
    new = publish.newest_version(path)
    for version in publish.check_versions(path):
        if version != new:
            shutil.rmtree(version)
    before = f"version {old.name} -> {new.name}" if old else f"new, version {new.name}"
    return f"export {before}, {_size(new)} bytes"


def precisions(pixelwise, recipe):
    """Returns the words of ``--quantize`` for the export of a recipe."""
    from zoo.exporting import formats

    # A PixelRNN's graph is larger than its weights, and with int8 weights it is no faster.
    words = ["float16"] if pixelwise else list(formats.QUANTIZED)
    return [word for word in words if word != "int8" or recipe.int8]


def write_config(exports):
    """Writes the list of models for `tensorflow_model_server --model_config_file`, which sees the
    folder as /models."""
    names = sorted({path.parent.parent.name for path in exports.glob("*/*/saved_model.pb")})
    entries = "".join(
        f'  config {{ name: "{name}" base_path: "/models/{name}" model_platform: "tensorflow" }}\n'
        for name in names
    )
    (exports / CONFIG).write_text(f"model_config_list {{\n{entries}}}\n")


def _check(names):
    """Refuses what cannot be released, before any work."""
    exported = {}
    for name in names:
        recipe = recipes.recipe(name)
        if not recipe.at_most and not recipe.at_least:
            raise UserError(
                f"the recipe {name!r} has no bound to hold it to: give it one, or choose from "
                f"{', '.join(recipes.released())}."
            )
        other = exported.setdefault(recipe.model, name)
        if other != name:
            raise UserError(
                f"{other!r} and {name!r} are both of {recipe.model}, of which there is one export: "
                "leave one out."
            )


@contextlib.contextmanager
def _noted(failed):
    """A scope of one recipe, whose failure the others do not share."""
    try:
        yield
    except UserError as error:
        failed.append(str(error))
        print(error, file=sys.stderr, flush=True)


def _command(name, *words):
    done = subprocess.run([sys.executable, "-m", f"zoo.{name}", *words], check=False)
    if done.returncode:
        raise UserError(f"zoo.{name} {' '.join(words)} failed.")


def _evaluations(run):
    from zoo.runs.directory import EVALUATIONS

    files = [run / file for file in EVALUATIONS]
    return [json.loads(file.read_text()) for file in files if file.exists()]


def _is_evaluated(run, recipe):
    """Whether the code of this commit has judged the weights that the recipe ends with."""
    from zoo.runs import provenance

    tree = provenance.code()["tree"]
    found = _evaluations(run)
    known = {name for result in found for name in result["figures"]}
    return (
        tree is not None
        and all(one["code"]["tree"] == tree and one["step"] == recipe.steps for one in found)
        and {*recipe.at_most, *recipe.at_least} <= known
    )


def _figures(run):
    """name -> mean, of what `zoo.evaluate` has written beside the run."""
    return {
        name: figure["mean"]
        for result in _evaluations(run)
        for name, figure in result["figures"].items()
    }


def _gate(name, recipe, figures):
    for bounds, sign, words in ((recipe.at_most, 1, "at most"), (recipe.at_least, -1, "at least")):
        for figure, bound in bounds.items():
            if figure not in figures:
                raise UserError(f"{name} is not released: it was evaluated without {figure!r}.")
            if not sign * figures[figure] <= sign * bound:
                raise UserError(
                    f"{name} is not released: its {figure} is {figures[figure]:.4f} and has to be "
                    f"{words} {bound}."
                )


def _is_preset_of(sampler, folder):
    """Whether a preset has a sampler's weights, settings and figures; a damaged one has not."""
    try:
        found = presets.Preset.read(folder)
        model = found.model()
    except UserError as error:
        print(error)
        return False
    pairs = zip(sampler.model.sampled_weights(), model.weights, strict=True)
    return (
        (found.config, found.data_spec) == (sampler.config, sampler.data_spec)
        and all((drawn.numpy() == weight.numpy()).all() for (_, drawn), weight in pairs)
        and _figures_of(found.evaluations) == _figures_of(sampler.run.evaluations)
    )


def _figures_of(evaluations):
    return [one["figures"] for one in evaluations]


def _is_export_of(sampler, precisions, version):
    """Whether an export is what this code would write of a sampler."""
    from zoo.exporting import facts, formats, saved_model, signatures
    from zoo.sampling import loading

    try:
        old = loading.load(version)
    except UserError as error:
        print(error)
        return False
    files = {format.file for format in formats.chosen(precisions)}
    if (
        not _alike(old.sample(64), sampler.sample(64))
        or (version / facts.FILE).read_text() != facts.text(sampler)
        or {path.name for path in version.glob("*.tflite")} != files
    ):
        return False
    with tempfile.TemporaryDirectory() as folder:
        saved_model.write(signatures.for_servers(sampler.model), folder)
        return _graph(pathlib.Path(folder)) == _graph(version)


def _graph(version):
    """(The signatures of a SavedModel, how many operations it has of each kind)."""
    from tensorflow.core.protobuf import saved_model_pb2

    saved = saved_model_pb2.SavedModel()
    saved.ParseFromString((version / "saved_model.pb").read_bytes())
    (graph,) = saved.meta_graphs
    offered = {
        name: (sorted(one.inputs), sorted(one.outputs)) for name, one in graph.signature_def.items()
    }
    nodes = [*graph.graph_def.node]
    for function in graph.graph_def.library.function:
        nodes += function.node_def
    return offered, collections.Counter(node.op for node in nodes)


def _alike(one, other):
    return one.shape == other.shape and abs(one - other).max() <= SAME


def _size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@cli.command(define_flags)
def main():
    """Releases what was asked for, and says what changed."""
    names = FLAGS.recipes or recipes.released()
    _check(names)
    places = Places(*(pathlib.Path(FLAGS[name].value) for name in ("runs", "presets", "out")))
    start_tensorflow(exact=True)
    places.exports.mkdir(parents=True, exist_ok=True)
    figures, failed = {}, []
    # First all figures: files that are written here make the checkout's state "dirty".
    for name in names:
        with _noted(failed):
            figures[name] = judged(name, places.runs / name)
    for name in figures:
        with _noted(failed):
            print(released(name, figures[name], places), flush=True)
    write_config(places.exports)
    versions = [path.parent for path in places.exports.glob("*/*/saved_model.pb")]
    folders = [path.parent for path in places.presets.glob(f"*/{presets.CONFIG}")]
    sizes = [sum(map(_size, found)) for found in (versions, folders)]
    print(f"{len(versions)} exports, {sizes[0]} bytes; {len(folders)} presets, {sizes[1]} bytes")
    if sum(sizes) > LARGEST:
        failed.append(f"exports and presets have {sum(sizes)} bytes and may have {LARGEST}.")
    if failed:
        raise UserError(" ".join(failed))


if __name__ == "__main__":
    main()
