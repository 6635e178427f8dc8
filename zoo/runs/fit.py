"""Carries out a training request: data, model, run directory, `fit`, and how it ends early."""

import atexit
import contextlib
import dataclasses
import math
import os
import pathlib
import shutil
import tempfile

from zoo import registry
from zoo.config import UserError
from zoo.interruption import Interruption, Stopped


@dataclasses.dataclass(frozen=True)
class Request:
    """What the flags ask for, checked."""

    model: str
    dataset: str
    config: object
    data: object
    steps: int
    path: pathlib.Path
    begun: dict | None = None  # the preset that the run begins with: `preset`, `weights_sha256`

    @property
    def identity(self):
        """What must agree to resume a run."""
        identity = {
            "model": self.model,
            "dataset": self.dataset,
            "config": dataclasses.asdict(self.config),
            "data": dataclasses.asdict(self.data),
        }
        return identity | ({"from": self.begun} if self.begun else {})


@dataclasses.dataclass(frozen=True)
class How:
    """How a request is carried out: the flags of these names, which may change at a resume."""

    strategy: str = "auto"
    devices: int | None = None
    logical_cpus: int | None = None
    jit: str = "auto"
    every: int | None = None
    figures: tuple | list = ()
    download: bool = False


def _jit_of_existing_run(path):
    """What ``--jit=auto`` stands for: what the run was begun with, or the model's own choice."""
    if os.path.exists(path / "run.json"):
        from zoo.runs.directory import Run

        kept = Run.read(path).facts.get("jit")
        return "auto" if kept is None else kept
    return "auto"


def prepared(asked, how):
    """Returns (the strategy, the `Dataset`, the compiled model) of a request; writes nothing.

    Raises:
        UserError: the devices, the data or the preset are not there, or do not fit the settings.
    """
    from zoo.data import load
    from zoo.training import distribution

    strategy = distribution.strategy(how.strategy, how.devices, how.logical_cpus)
    distribution.check_batch(asked.config.batch_size, strategy.num_replicas_in_sync)
    data = load(asked.dataset, asked.data, how.download)
    preset = _preset(asked)
    if preset:
        preset.check_data(data.spec)
    jit = {"on": True, "off": False}.get(how.jit, _jit_of_existing_run(asked.path))
    with strategy.scope():
        model = registry.module(asked.model).build(
            asked.config, data.spec, steps=asked.steps, jit_compile=jit
        )
    if preset:
        preset.begin(model)
    print(distribution.device_line(strategy, model.jit_compile, asked.config.precision))
    data.check_batch(asked.config.batch_size)
    return strategy, data, model


def fit(asked, how=How(), interruption=None):
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
    with contextlib.ExitStack() as opened:
        return _fit(asked, how, interruption or Interruption(), opened)


def _fit(asked, how, interruption, opened):
    strategy, data, model = prepared(asked, how)
    interruption.listen_again()
    from zoo.runs.directory import Run
    from zoo.training import callbacks, distribution, execution
    from zoo.viz import sheet

    judge = _judge(model, data, how.figures)
    held_out = {"split": data.validation, "examples": len(data.splits[data.validation][0])}
    given = data.conditions()
    identity = asked.identity | {"examples": data.digest(), "jit": _jit(model)}
    path = asked.path if distribution.is_chief(strategy) else _thrown_away()
    run = opened.enter_context(Run.open(path, identity, data.spec, held_out, asked.steps, given))
    # All workers read the chief's checkpoints, and each writes its own.
    checkpoints = run.checkpoints(model)
    start = checkpoints.of(asked.path).restore() or 0
    together = distribution.agreement(strategy)
    _check_together(together(start))
    if start >= asked.steps:
        print(f"{run.path} has its {start} steps already; --steps={2 * start} trains on.")
        return run, model
    run.begin(start)
    every = how.every or max(25, round(asked.steps / 20))
    if model.replicas == 1:
        model.pace = execution.Pace(every, asked.steps)
    else:
        model.steps_per_execution = _unrolled(start, asked.steps, every)
    if start:
        print(f"going on from step {start} of {asked.steps}")
    writer = callbacks.TensorBoard(run.path / "tensorboard")
    writer.settings(_hyperparameters(asked))
    logger = callbacks.MetricsLogger(run.metrics_up_to(start), writer)
    batch_size, seed = asked.config.batch_size, asked.config.seed
    stream = data.train(batch_size, seed, model.updates_per_step, start, asked.steps - start)
    validation = data.evaluation(data.validation, batch_size)
    model.fit(
        distribution.feed(strategy, stream),
        steps_per_epoch=asked.steps - start,
        shuffle=False,
        verbose=0,
        callbacks=[
            callbacks.ProgressBar(start, asked.steps),
            logger,
            callbacks.PeriodicEvaluation(
                run.path / "samples", checkpoints, every, asked.steps, logger, writer,
                callbacks.HeldOut(validation, distribution.feed(strategy, validation)),
                sheet.Draw(model, data, given), judge, callbacks.Stop(interruption, together),
            ),
        ],
    )  # fmt: skip
    writer.close()
    if interruption.asked:
        step = int(model.step.numpy())
        raise Stopped(interruption.asked, f" at step {step} of {asked.steps}, which is kept")
    return run, model


def _judge(model, data, names):
    """Returns the `Figures` of these names, or what finds none."""
    if not names:
        return dict
    from zoo.runs.figures import Figures

    return Figures(model, data, data.conditions(), names)


def _preset(asked):
    """Returns the `Preset` that a request begins with; None where it names none, or goes on.

    Raises:
        UserError: it is not at hand, or has changed since the run was begun.
    """
    if not asked.begun or any((asked.path / "checkpoints").glob("step-*.index")):
        return None
    from zoo.runs.presets import Preset

    preset = Preset.read(asked.begun["preset"])
    if preset.weights_sha256 != asked.begun["weights_sha256"]:
        raise UserError(
            f"the weights of {asked.begun['preset']!r} are not those that {str(asked.path)!r} was "
            "begun with: put them back, or train another --run."
        )
    return preset


def dry_run(asked, how):
    """Builds what a request asks for, reads a batch, traces a step, and prints what it takes."""
    strategy, data, model = prepared(asked, how)
    import tensorflow as tf

    from zoo.training import distribution

    stream = data.train(asked.config.batch_size, asked.config.seed, model.updates_per_step)
    if not bool(tf.reduce_all(tf.math.is_finite(next(iter(stream))["x"]))):
        raise UserError(f"{asked.dataset!r} contains NaN or infinity.")
    tf.function(
        lambda batch: strategy.run(model.train_step, (batch,)), autograph=False
    ).get_concrete_function(next(iter(distribution.feed(strategy, stream))))
    share = asked.config.batch_size // model.replicas
    trained = model.optimizers()
    parts = ", ".join(
        f"{name} {sum(math.prod(v.shape) for v in variables):,}"
        for name, (variables, _) in trained.items()
    )
    slots = [v for _, optimizer in trained.values() for v in optimizer.variables]
    weights, state = (
        sum(math.prod(v.shape) * v.value.dtype.size for v in variables) / 1e6
        for variables in (model.variables, slots)
    )
    print(
        f"data       {len(data.splits['train'][0]):,} examples of "
        f"{'x'.join(map(str, data.spec.shape))}, and {len(data.splits[data.validation][0]):,} of "
        f"{data.validation} held out\n"
        f"trained    {parts} parameters\n"
        f"a step     {model.updates_per_step} batch{'es' * (model.updates_per_step > 1)} of "
        f"{asked.config.batch_size} examples, {share} on each replica\n"
        f"memory     weights {weights:.3g} MB, optimizers {state:.3g} MB on each replica"
    )


def _hyperparameters(asked):
    """What distinguishes a run in TensorBoard's table: names, and settings of model and data."""
    data = {f"data.{key}": value for key, value in asked.identity["data"].items()}
    return {"model": asked.model, "dataset": asked.dataset, **asked.identity["config"], **data}


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
    return bool(model.jit_compile) if model.replicas == 1 else None


def _unrolled(*counts):
    """The steps in one execution over several replicas: 5 at most, which divide all of `counts`."""
    common = math.gcd(*counts)
    return max(count for count in range(1, 6) if common % count == 0)
