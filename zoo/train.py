"""Trains a model, or goes on with a run that was stopped.

    python -m zoo.train --model=gan --dataset=digits --run=runs/a
    python -m zoo.train --recipe=first --run=runs/first
    python -m zoo.train --run=runs/a --steps=50000            (goes on with runs/a)
    python -m zoo.train --config_file=runs/a/run.json --run=runs/b --seed=1     (the same, anew)
    python -m zoo.train --model=vae --config.latent=2 --config.optimizer=adam --data.binarize=static
    python -m zoo.train --model=cgan --condition=image --target=name      (a picture -> its name)
    python -m zoo.train --model=dcgan --dataset=folder:/my/pictures --data.image_size=64
    python -m zoo.train --model=text_wgan_gp --dataset=lines:/my/poems.txt
    python -m zoo.train --from=vae_digits --dataset=folder:/my/pictures --data.image_size=8

Settings: the paper's < --recipe or --from < --config_file < a flag < --config.KEY or --data.KEY.
--from begins a new run with the weights and the settings of a preset (zoo.list shows them) and with
new optimizers; the data must be of the preset's shape, range and condition.  The run directory
holds run.json with all settings, checkpoints, sample grids, metrics.jsonl, TensorBoard logs and, at
the end, curves.png and samples.gif; the same command resumes it exactly.  Held-out losses are of
the data's validation split, of the examples that --data.holdout took, or else of its test split,
and of the weights as they are, while pictures use the moving average where --config.ema keeps one.
"""

import dataclasses
import json
import os
import pathlib

from absl import flags

from zoo import cli, recipes, registry
from zoo.config import HIGHEST, LOWEST, Common, UserError, override
from zoo.files import reading
from zoo.interruption import Interruption
from zoo.runs import fit
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
STEPS = 10_000


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_string("model", None, "which model; zoo.list shows them")
    flags.DEFINE_string(
        "dataset", None, "an embedded name, any TensorFlow Datasets name, folder:/path to pictures "
        "of your own, sub-folders as classes, or lines:/path to a text (default digits, or "
        "surnames for a model of text)",
    )  # fmt: skip
    flags.DEFINE_string(
        "condition", None, "what the model is given: label, name, image or quadrants"
    )
    flags.DEFINE_string("target", None, "what it draws: image, or name")
    flags.DEFINE_string(
        "recipe", None, "a named run: model, data, settings and steps; see zoo.list"
    )
    flags.DEFINE_string(
        "config_file", None, "a JSON file: another run's run.json, or an object of settings"
    )
    flags.DEFINE_string(
        "from", None, "the preset that a new run begins with: a name, see zoo.list, or a folder"
    )
    flags.DEFINE_string("run", None, "the run directory (default runs/MODEL_DATASET)")
    flags.DEFINE_integer(
        "steps", None, "total training steps (default 10000, or the recipe's)", 1, HIGHEST
    )
    flags.DEFINE_integer("seed", None, "names every random number (default 0)", LOWEST, HIGHEST)
    flags.DEFINE_integer(
        "every", None, "steps between checkpoints and pictures (default a 20th of --steps, 25 at "
        "least)", 1,
    )  # fmt: skip
    flags.DEFINE_list(
        "figures", [], "figures of zoo.evaluate to take at each --every, such as frechet, of 1,000 "
        "samples; metrics.jsonl, TensorBoard and curves.png show them",
    )  # fmt: skip
    flags.DEFINE_string(
        "strategy", "auto", "one, mirrored (the GPUs of this machine), multi_worker (the machines "
        "of TF_CONFIG), tpu, or auto: what is there",
    )  # fmt: skip
    flags.DEFINE_integer(
        "devices", None, "GPUs or logical CPUs that carry the run (default all)", 1
    )
    flags.DEFINE_integer(
        "logical_cpus", None, "split the CPU into so many devices, to try replicas without GPUs", 1
    )
    flags.DEFINE_enum(
        "precision",
        None,
        ("float32", "bfloat16"),
        "of hidden layers; weights and losses are float32",
    )
    flags.DEFINE_enum(
        "jit",
        "auto",
        ("auto", "on", "off"),
        "XLA; auto: what was measured faster, or the run's own",
    )
    flags.DEFINE_bool(
        "dry_run", False, "build, trace, check the data, print what a step takes, and write nothing"
    )
    flags.DEFINE_bool("download", False, "let TensorFlow Datasets fetch data that is not prepared")


def request():
    """Merges default < recipe < file < flag < --config.KEY; a bare --run repeats that run's own."""
    from zoo.runs.directory import check_path

    begun = FLAGS["from"].value
    recipe = recipes.recipe(FLAGS.recipe) if FLAGS.recipe else None
    file = _of_file(FLAGS.config_file) if FLAGS.config_file else {}
    base = {"config": {}, "data": {}, "steps": STEPS}
    if begun and recipe:
        raise UserError("give one of --from and --recipe, not both.")
    if recipe:
        base |= dataclasses.asdict(recipe)
    elif begun:
        base |= _of_preset(begun)
    elif not FLAGS.model and "model" not in file:
        base |= _of_existing_run()
    parts = {part: base[part] | file.get(part, {}) for part in ("config", "data")}
    model = FLAGS.model or file.get("model") or base["model"]
    registry.check(model)
    if begun and model != base["model"]:
        raise UserError(f"the preset {begun!r} is a {base['model']}, not a {model}: name no model.")
    base |= file | parts
    settings = base["config"] | _flags("seed", "precision") | cli.overrides("config")
    # Every model's settings are checked at once, its own after the seconds that TensorFlow takes.
    common = {field.name for field in dataclasses.fields(Common)}
    override(Common(), {key: settings[key] for key in settings if key in common})
    dataset = FLAGS.dataset or base.get("dataset") or registry.MODELS[model].dataset
    path = pathlib.Path(FLAGS.run or f"runs/{model}_{pathlib.Path(dataset).name}")
    if not FLAGS.dry_run:
        check_path(path)
    start_tensorflow()
    config = override(registry.module(model).Config(), settings)
    data = registry.data_options(
        model, base["data"] | _flags("condition", "target") | cli.overrides("data")
    )
    steps = FLAGS.steps or base["steps"]
    return fit.Request(model, dataset, config, data, steps, path, base.get("from"))


def _flags(*names):
    """The flags of these names that were given."""
    return {name: FLAGS[name].value for name in names if FLAGS[name].value is not None}


def _of_file(path):
    """What a JSON file asks for: the keys of `fit.Request`, or settings of the model's alone.

    Raises:
        UserError: it cannot be read, or holds something else.
    """
    from zoo.runs.directory import KEYS

    with reading(path):
        content = pathlib.Path(path).read_bytes()
    try:
        facts = json.loads(content)
    except (ValueError, RecursionError):
        facts = None
    if not isinstance(facts, dict):
        raise UserError(f"--config_file={path}: it is not a JSON object of settings.")
    if isinstance(begun := facts.get("from"), dict) and not FLAGS["from"].value:
        raise UserError(
            f"--config_file={path}: that run began with the preset {begun.get('preset')!r}: pass "
            "--from as well, or give its settings alone."
        )
    kinds = {key: KEYS[key] for key in ("model", "dataset", "config", "data", "steps")}
    if not facts.keys() & kinds.keys():
        return {"config": facts}
    unknown = facts.keys() - kinds.keys()
    if unknown and "format" not in facts:  # which a run.json has, and more
        raise UserError(
            f"--config_file={path}: {min(unknown)!r} is none of {', '.join(kinds)}: put a model's "
            "settings into 'config'."
        )
    found = {key: facts[key] for key in kinds if key in facts}
    for key, value in found.items():
        if type(value) is not kinds[key] or (key == "steps" and not 1 <= value <= HIGHEST):
            raise UserError(f"--config_file={path}: its {key!r} cannot be {value!r}.")
    return found


def _of_preset(preset):
    """What a new run takes from a preset."""
    from zoo.runs.presets import Preset

    start_tensorflow()
    found = Preset.read(preset)
    facts = {key: found.facts[key] for key in ("model", "dataset", "config", "data")}
    return facts | {"from": {"preset": preset, "weights_sha256": found.weights_sha256}}


def _of_existing_run():
    if FLAGS.run and os.path.exists(pathlib.Path(FLAGS.run) / "run.json"):
        from zoo.runs.directory import Run

        return Run.read(FLAGS.run).facts
    raise UserError(
        f"say what to train: --model={'|'.join(registry.names())}, or "
        f"--recipe={'|'.join(recipes.RECIPES)}."
    )


def _train(interruption):
    if FLAGS.figures:
        from zoo.metrics import figures

        figures.check(FLAGS.figures)
        for name in FLAGS.figures:
            if name in (*figures.LIKELIHOOD, *figures.BOUND):
                raise UserError(
                    f"{name!r} is of held-out pictures, and --figures are of samples: leave it "
                    "out, metrics.jsonl has validation losses anyway."
                )
    how = fit.How(**{field.name: FLAGS[field.name].value for field in dataclasses.fields(fit.How)})
    asked = request()
    if FLAGS.dry_run:
        fit.dry_run(asked, how)
        return
    run, model = fit.fit(asked, how, interruption)
    from zoo.training import distribution

    if not distribution.is_chief(model.distribute_strategy):
        return
    from zoo.viz import grid, plots

    plots.write_curves(run.path / "curves.png", run.metrics())
    frames = sorted((run.path / "samples").glob("step_*.png"))
    with reading(run.path / "samples"):
        grid.write_animation(run.path / "samples.gif", frames)
    print(
        f"samples    {frames[-1]}\n"
        f"           {run.path / 'samples.gif'}\n"
        f"curves     {run.path / 'curves.png'}\n"
        f"draw more  python -m zoo.sample --run={run.path} --num=64 --seed=1 --out=grid.png\n"
        f"export     python -m zoo.export --run={run.path} --out=exports/NAME"
    )


@cli.command(define_flags)
def main():
    """Trains, then draws the curves and the animation."""
    with Interruption() as interruption:
        _train(interruption)


if __name__ == "__main__":
    main()
