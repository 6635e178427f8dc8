"""Rebuilds exports/: a small released generator of each model, and the list that a server reads.

    python -m tools.release [--models=gan,vae] [--out=exports] [--runs=runs/release]

Each model is trained by its recipe (MODEL_digits), or its run is gone on with, evaluated, and
exported in every format that pays.  One that misses a bound of its recipe stops here, and
what is there stays.  One that draws what the released one does is left alone; a new one takes the
place of the old.  The last line says how large they are together.
"""

import json
import pathlib
import shutil
import subprocess
import sys

from absl import flags

from zoo import cli, recipes, registry
from zoo.config import UserError
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
LARGEST = 25_000_000  # bytes of all exports: they stay in version control for good
SAME = 1e-5  # pictures that differ less are the same on another machine
CONFIG = "models.config"


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_list("models", None, "which of them (default: all)")
    flags.DEFINE_string("out", "exports", "the released exports")
    flags.DEFINE_string("runs", "runs/release", "the runs")


def released(model, exports, runs):
    """Trains, gates and exports one model; returns the sentence on what changed."""
    from zoo.exporting import formats, publish
    from zoo.sampling import sampler as samplers

    recipe, run, name = recipes.recipe(f"{model}_digits"), runs / model, exports / model
    _command("train", f"--recipe={model}_digits", f"--run={run}")
    _command("evaluate", f"--run={run}")
    figures = _figures(run)
    _gate(model, recipe, figures)
    old, sampler = publish.newest_version(name), samplers.load(run)
    if old and _alike(samplers.load(old).sample(64), sampler.sample(64)):
        return f"{model}: unchanged, version {old.name}"
    # A PixelRNN's graph is larger than its weights, and with int8 weights it is no faster.
    precisions = ["float16"] if sampler.pixelwise else list(formats.QUANTIZED)
    _command("export", f"--run={run}", f"--out={name}", f"--quantize={','.join(precisions)}")
    new = publish.newest_version(name)
    for version in publish.check_versions(name):
        if version != new:
            shutil.rmtree(version)
    before = f"version {old.name} -> {new.name}" if old else f"new, version {new.name}"
    values = ", ".join(f"{key} {value:.4f}" for key, value in figures.items())
    return f"{model}: {before}; {values}; {_size(new)} bytes"


def write_config(exports):
    """Writes the list of models for `tensorflow_model_server --model_config_file`, which sees the
    folder as /models."""
    names = sorted({path.parent.parent.name for path in exports.glob("*/*/saved_model.pb")})
    entries = "".join(
        f'  config {{ name: "{name}" base_path: "/models/{name}" model_platform: "tensorflow" }}\n'
        for name in names
    )
    (exports / CONFIG).write_text(f"model_config_list {{\n{entries}}}\n")


def _command(name, *words):
    done = subprocess.run([sys.executable, "-m", f"zoo.{name}", *words], check=False)
    if done.returncode:
        raise UserError(f"zoo.{name} {' '.join(words)} failed; the exports are as they were.")


def _figures(run):
    """name -> mean, of what `zoo.evaluate` has written beside the run."""
    from zoo.runs.directory import EVALUATIONS

    files = [run / file for file in EVALUATIONS]
    results = [json.loads(file.read_text()) for file in files if file.exists()]
    return {
        name: figure["mean"] for result in results for name, figure in result["figures"].items()
    }


def _gate(model, recipe, figures):
    for bounds, sign, words in ((recipe.at_most, 1, "at most"), (recipe.at_least, -1, "at least")):
        for name, bound in bounds.items():
            if not sign * figures[name] <= sign * bound:
                raise UserError(
                    f"{model} is not released: its {name} is {figures[name]:.4f} and has to be "
                    f"{words} {bound}; the exports are as they were."
                )


def _alike(one, other):
    return one.shape == other.shape and abs(one - other).max() <= SAME


def _size(folder):
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


@cli.command(define_flags)
def main():
    """Releases what was asked for, and says what changed."""
    models = FLAGS.models or [n for n in registry.names() if f"{n}_digits" in recipes.RECIPES]
    for model in models:
        registry.check(model)
    exports, runs = pathlib.Path(FLAGS.out), pathlib.Path(FLAGS.runs)
    start_tensorflow(exact=True)
    exports.mkdir(parents=True, exist_ok=True)
    said = [released(model, exports, runs) for model in models]
    write_config(exports)
    versions = [path.parent for path in exports.glob("*/*/saved_model.pb")]
    size = sum(_size(version) for version in versions)
    print("\n".join([*said, f"{len(versions)} models, {size} bytes"]))
    if size > LARGEST:
        raise UserError(
            f"the exports have {size} bytes and may have {LARGEST}: make a model smaller."
        )


if __name__ == "__main__":
    main()
