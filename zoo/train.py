"""Trains a model, or goes on with a run that was stopped.

    python -m zoo.train --model=gan --dataset=digits --run=runs/a
    python -m zoo.train --recipe=first --run=runs/first
    python -m zoo.train --run=runs/a --steps=50000            (goes on with runs/a)
    python -m zoo.train --model=vae --config.latent=2 --config.optimizer=adam --data.binarise=static
    python -m zoo.train --model=cgan --condition=image --target=name      (a picture -> its name)
    python -m zoo.train --model=dcgan --dataset=folder:/my/pictures --data.image_size=64

Settings: the paper's < --recipe < a flag < --config.KEY or --data.KEY.  The run directory holds
checkpoints, sample grids, metrics.jsonl, TensorBoard logs and, at the end, curves.png and
samples.gif; the same command resumes it exactly.  Held-out losses are of the data's validation
split, of the examples that --data.holdout took, or else of its test split, and of the weights as
they are, while pictures use the moving average where --config.ema keeps one.
"""

import atexit
import dataclasses
import math
import pathlib
import shutil
import tempfile

from absl import flags

from zoo import cli, recipes, registry
from zoo.config import UserError, override
from zoo.interruption import Interruption, Stopped
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
STEPS = 10_000


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_string("model", None, "which model; zoo.list shows them")
    flags.DEFINE_string(
        "dataset", None, "an embedded name, any TensorFlow Datasets name, or folder:/path to "
        "pictures of your own, sub-folders as classes (default digits)",
    )  # fmt: skip
    flags.DEFINE_string("condition", None, "what the model is given: label, name or image")
    flags.DEFINE_string("target", None, "what it draws: image, or name")
    flags.DEFINE_string(
        "recipe", None, "a named run: model, data, settings and steps; see zoo.list"
    )
    flags.DEFINE_string("run", None, "the run directory (default runs/MODEL_DATASET)")
    flags.DEFINE_integer("steps", None, "total training steps (default 10000, or the recipe's)", 1)
    flags.DEFINE_integer("seed", None, "names every random number (default 0)")
    flags.DEFINE_integer(
        "every", None, "steps between checkpoints and pictures (default a 20th of --steps, 25 at "
        "least)", 1,
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


@dataclasses.dataclass(frozen=True)
class Request:
    """What the flags ask for, checked."""

    model: str
    dataset: str
    config: object
    data: object
    steps: int
    path: pathlib.Path

    @property
    def identity(self):
        """What must agree to resume a run."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "config": dataclasses.asdict(self.config),
            "data": dataclasses.asdict(self.data),
        }


def request():
    """Merges default < recipe < flag < --config.KEY; a bare --run repeats that run's own flags."""
    recipe = recipes.recipe(FLAGS.recipe) if FLAGS.recipe else None
    base = {"dataset": "digits", "config": {}, "data": {}, "steps": STEPS}
    if recipe:
        base |= dataclasses.asdict(recipe)
    elif not FLAGS.model:
        base |= _of_existing_run()
    model = FLAGS.model or base["model"]
    registry.check(model)
    start_tensorflow()
    config = override(
        registry.module(model).Config(),
        base["config"] | _flags("seed", "precision") | cli.overrides("config"),
    )
    data = registry.data_options(
        model, base["data"] | _flags("condition", "target") | cli.overrides("data")
    )
    dataset = FLAGS.dataset or base["dataset"]
    path = pathlib.Path(FLAGS.run or f"runs/{model}_{pathlib.Path(dataset).name}")
    return Request(model, dataset, config, data, FLAGS.steps or base["steps"], path)


def _flags(*names):
    """The flags of these names that were given."""
    return {name: FLAGS[name].value for name in names if FLAGS[name].value is not None}


def _of_existing_run():
    if FLAGS.run and (pathlib.Path(FLAGS.run) / "run.json").exists():
        from zoo.runs.directory import Run

        return Run.read(FLAGS.run).facts
    raise UserError(
        f"say what to train: --model={'|'.join(registry.names())}, or "
        f"--recipe={'|'.join(recipes.RECIPES)}."
    )


def _jit_of_existing_run(path):
    """What ``--jit=auto`` stands for: what the run was begun with, or the model's own choice."""
    if (path / "run.json").exists():
        from zoo.runs.directory import Run

        kept = Run.read(path).facts.get("jit")
        return "auto" if kept is None else kept
    return "auto"


@dataclasses.dataclass(frozen=True)
class How:
    """How a request is carried out: the flags of these names, which may change at a resume."""

    strategy: str = "auto"
    devices: int | None = None
    logical_cpus: int | None = None
    jit: str = "auto"
    every: int | None = None
    download: bool = False


def prepared(asked, how):
    """Returns (the strategy, the `Dataset`, the compiled model) of a request; writes nothing.

    Raises:
        UserError: the devices or the data are not there, or do not fit the settings.
    """
    from zoo.data import load
    from zoo.training import distribution

    strategy = distribution.strategy(how.strategy, how.devices, how.logical_cpus)
    distribution.check_batch(asked.config.batch_size, strategy.num_replicas_in_sync)
    data = load(asked.dataset, asked.data, how.download)
    jit = {"on": True, "off": False}.get(how.jit, _jit_of_existing_run(asked.path))
    with strategy.scope():
        model = registry.module(asked.model).build(
            asked.config, data.spec, steps=asked.steps, jit_compile=jit
        )
    print(distribution.device_line(strategy, model.jit_compile, asked.config.precision))
    data.check_batch(asked.config.batch_size)
    return strategy, data, model


def train(asked, how=How(), interruption=None):
    """Runs a checked request to its last step.

    Args:
        asked: a `Request`.
        how: a `How`.
        interruption: the `Interruption` that may end it early.

    Returns:
        (the `Run`, the trained model); of a worker that is not the chief a run in a folder that is
        thrown away.

    Raises:
        Stopped: a stop was asked for; the step is kept.
    """
    interruption = interruption or Interruption()
    strategy, data, model = prepared(asked, how)
    interruption.listen_again()
    import tensorflow as tf

    from zoo.runs.directory import Run
    from zoo.training import callbacks, distribution, execution
    from zoo.viz import sheet

    held_out = {"split": data.validation, "examples": len(data.splits[data.validation][0])}
    given = data.conditions()
    identity = asked.identity | {"examples": data.digest(), "jit": _jit(model)}
    path = asked.path if distribution.is_chief(strategy) else _thrown_away()
    run = Run.open(path, identity, data.spec, held_out, asked.steps, given)
    # All workers read the chief's checkpoints, and each writes its own.
    checkpoints = run.checkpoints(model)
    start = checkpoints.of(asked.path).restore() or 0
    together = distribution.agreement(strategy)
    _check_together(together(start))
    if start >= asked.steps:
        print(f"{run.path} has its {start} steps already; --steps={2 * start} trains on.")
        return run, model
    every = how.every or max(25, round(asked.steps / 20))
    if strategy.num_replicas_in_sync == 1:
        model.pace = execution.Pace(every, asked.steps)
    else:
        model.steps_per_execution = _unrolled(start, asked.steps, every)
    if start:
        print(f"going on from step {start} of {asked.steps}")
    writer = tf.summary.create_file_writer(str(run.path / "tensorboard"))
    journal = callbacks.Journal(run.metrics_up_to(start), writer)
    batch_size, seed = asked.config.batch_size, asked.config.seed
    stream = data.train(batch_size, seed, model.blocks_per_step, start, asked.steps - start)
    validation = data.evaluation(data.validation, batch_size)
    model.fit(
        distribution.feed(strategy, stream),
        steps_per_epoch=asked.steps - start,
        shuffle=False,
        verbose=0,
        callbacks=[
            callbacks.ProgressBar(start, asked.steps),
            journal,
            callbacks.Milestones(
                run.path / "samples", checkpoints, every, asked.steps, journal, writer,
                callbacks.HeldOut(validation, distribution.feed(strategy, validation)),
                sheet.Draw(model, data, given), callbacks.Stop(interruption, together),
            ),
        ],
    )  # fmt: skip
    writer.close()
    if interruption.asked:
        step = int(model.step.numpy())
        raise Stopped(interruption.asked, f" at step {step} of {asked.steps}, which is kept")
    return run, model


def dry_run(asked, how):
    """Builds and traces what a request asks for, reads a batch, and prints what a step takes."""
    strategy, data, _ = prepared(asked, how)
    import tensorflow as tf

    from zoo.training import estimate

    replicas = strategy.num_replicas_in_sync
    share = dataclasses.replace(asked.config, batch_size=asked.config.batch_size // replicas)
    with tf.distribute.OneDeviceStrategy("CPU:0").scope():
        model = registry.module(asked.model).build(
            share, data.spec, steps=asked.steps, jit_compile=False
        )
    stream = data.train(share.batch_size, share.seed, model.blocks_per_step)
    batch = next(iter(stream))
    if not bool(tf.reduce_all(tf.math.is_finite(batch["x"]))):
        raise UserError(f"{asked.dataset!r} holds what is no number.")
    cost = estimate.cost(model, stream.element_spec)
    shape = "x".join(map(str, data.spec.shape))
    held_out = len(data.splits[data.validation][0])
    parts = ", ".join(f"{name} {count:,}" for name, count in cost.parameters.items())
    print(
        f"data       {len(data.splits['train'][0]):,} examples of {shape}, and {held_out:,} of "
        f"{data.validation} held out\n"
        f"trained    {parts} parameters\n"
        f"a step     {model.blocks_per_step} batch{'es' * (model.blocks_per_step > 1)} of "
        f"{asked.config.batch_size} examples, {share.batch_size} on each replica\n"
        f"products   {cost.flops / 1e9:.3g} GFLOP on each replica\n"
        f"memory     weights {cost.weights / 1e6:.3g} MB, optimisers {cost.optimisers / 1e6:.3g} "
        f"MB, activations about {cost.activations / 1e6:.3g} MB on each replica"
    )


def _thrown_away():
    """A folder for what a worker writes that is not the chief."""
    folder = tempfile.mkdtemp(prefix="zoo-worker-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return pathlib.Path(folder)


def _check_together(starts):
    """Refuses workers that do not see the same checkpoints: they would train different weights."""
    if len(set(starts)) > 1:
        raise UserError(
            f"the workers found checkpoints of steps {', '.join(map(str, starts))}: put --run on a "
            "folder that all machines share."
        )


def _jit(model):
    """Whether XLA compiles the steps, which bits depend on; None over several replicas, which XLA
    cannot compile and a run may change to."""
    one = model.distribute_strategy.num_replicas_in_sync == 1
    return bool(model.jit_compile) if one else None


def _unrolled(*counts):
    """The steps in one execution over several replicas: 5 at most, which divide all of `counts`."""
    common = math.gcd(*counts)
    return max(count for count in range(1, 6) if common % count == 0)


@cli.command(define_flags)
def main():
    """Trains, then draws the curves and the animation."""
    interruption = Interruption().listen()
    how = How(**{field.name: FLAGS[field.name].value for field in dataclasses.fields(How)})
    asked = request()
    if FLAGS.dry_run:
        dry_run(asked, how)
        return
    run, model = train(asked, how, interruption)
    from zoo.training import distribution

    if not distribution.is_chief(model.distribute_strategy):
        return
    from zoo.viz import grid, plots

    plots.write_curves(run.path / "curves.png", run.metrics())
    frames = sorted((run.path / "samples").glob("step_*.png"))
    grid.write_animation(run.path / "samples.gif", frames)
    print(
        f"samples    {frames[-1]}\n"
        f"           {run.path / 'samples.gif'}\n"
        f"curves     {run.path / 'curves.png'}\n"
        f"draw more  python -m zoo.sample --run={run.path} --num=64 --seed=1 --out=grid.png\n"
        f"export     python -m zoo.export --run={run.path} --out=exports/NAME"
    )


if __name__ == "__main__":
    main()
