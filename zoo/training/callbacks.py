"""What happens around the steps: the bar, the record of every loss, and the milestones."""

import contextlib
import json
import sys
import time
import typing

import keras
import numpy as np
import tensorflow as tf

from zoo.config import UserError
from zoo.files import writing
from zoo.viz import grid

EVERY = 10  # steps between lines of the logger
KEPT = "the newest whole checkpoint is kept"  # where a file beside it cannot be written


class ProgressBar(keras.callbacks.Callback):
    """Keras' bar over the steps from `start` on, with the time left; a line now and then if not a
    terminal."""

    def __init__(self, start, steps):
        super().__init__()
        self._start, self._steps = start, steps

    def on_train_begin(self, logs=None):
        self._bar = keras.utils.Progbar(
            self._steps - self._start, interval=_interval(), unit_name="step"
        )

    def on_train_batch_end(self, batch, logs=None):
        done = int(self.model.step.numpy()) - self._start
        self._bar.stateful_metrics = set(logs)
        self._bar.update(done, list(logs.items()), finalize=done == self._bar.target)


class DelayedProgressBar:
    """A progress bar with the time left, shown after two seconds; a line now and then if not a
    terminal.  Called with (done, in all)."""

    def __init__(self, unit):
        self._begun, self._shown = time.monotonic(), False
        # Made at the beginning, since the time left follows from the time that it has been there.
        self._bar = keras.utils.Progbar(None, interval=_interval(), unit_name=unit)

    def __call__(self, done, total):
        self._shown = self._shown or time.monotonic() >= self._begun + 2.0
        if self._shown:
            self._bar.target = total
            self._bar.update(done)


def _interval():
    """Seconds between updates of a bar, or between lines."""
    return 0.1 if sys.stdout.isatty() else 20.0


class TensorBoard:
    """The event file of a run, written to the disk at the end of each `at`."""

    def __init__(self, folder):
        self._folder = folder
        with writing(folder):
            self._writer = tf.summary.create_file_writer(str(folder))

    @contextlib.contextmanager
    def at(self, step):
        """A scope in which `tf.summary` writes for `step`; compute what it writes before."""
        with writing(self._folder, KEPT), self._writer.as_default(step):
            yield

    def settings(self, values):
        """Records name -> value for TensorBoard's page HPARAMS, beside the losses that follow."""
        from tensorboard.plugins.hparams import api

        plain = {k: v if isinstance(v, bool | int | float) else str(v) for k, v in values.items()}
        with self.at(0):
            api.hparams(plain)

    def close(self):
        """Ends the file."""
        with writing(self._folder, KEPT):
            self._writer.close()


class MetricsLogger(keras.callbacks.Callback):
    """Writes the mean losses since its line before to `metrics.jsonl` and TensorBoard: after the
    first step, every tenth step, at milestones and where training ends.  Stops at a NaN.

    Lines do not depend on how many steps an execution takes, which the machine's speed decides.
    """

    def __init__(self, path, writer):
        super().__init__()
        self._path, self._writer = path, writer

    def on_train_begin(self, logs=None):
        with writing(self._path):
            self._file = open(self._path, "a", buffering=1)  # noqa: SIM115  closed at the end
        self._begun, self._since = time.monotonic(), {}

    def on_train_batch_end(self, batch, logs=None):
        step, per_step = int(self.model.step.numpy()), self.model.step_logs()
        self._stop_at_nan(step, per_step)
        count = len(next(iter(per_step.values())))
        for place, number in enumerate(range(step - count + 1, step + 1)):
            for name, values in per_step.items():
                self._since.setdefault(name, []).append(float(values[place]))
            if number % EVERY == 0 or number == 1:
                self.write_means(number)

    def write_means(self, step):
        """Adds the line of the mean losses since the one before, if there was a step since."""
        if self._since:
            self.write(step, {name: float(np.mean(values)) for name, values in self._since.items()})
        self._since = {}

    def write(self, step, values):
        """Adds one line; `values` maps a metric's name to a number, all of them finite."""
        line = {"step": step, "time": round(time.monotonic() - self._begun, 2), **values}
        with writing(self._path, KEPT):
            self._file.write(json.dumps(line) + "\n")
        with self._writer.at(step):
            for name, value in values.items():
                tf.summary.scalar(name, value)

    def on_train_end(self, logs=None):
        self.write_means(int(self.model.step.numpy()))
        self._file.close()

    def _stop_at_nan(self, step, per_step):
        bad = [
            (int(np.argmin(np.isfinite(values))), name)
            for name, values in per_step.items()
            if not np.isfinite(values).all()
        ]
        if bad:
            first, name = min(bad)
            stop_diverged(step - len(per_step[name]) + first + 1, name, per_step[name][first])


def stop_diverged(step, name, value):
    """Raises the `UserError` that ends a run whose loss is NaN or infinite."""
    raise UserError(
        f"{name} is {value} at step {step}: stopped, and the last good checkpoint kept; try a "
        "lower --config.learning_rate in another --run."
    )


class HeldOut(typing.NamedTuple):
    """Held-out batches: `whole`, and `shared` as `evaluate` takes them under the strategy."""

    whole: object
    shared: object


class Stop(typing.NamedTuple):
    """Whether to stop: an `Interruption`, and `distribution.agreement`, so that all workers stop at
    one step."""

    interruption: object
    together: object

    def asked(self):
        """Returns the number of the signal that any worker was sent, or 0."""
        number = max(self.together(self.interruption.asked or 0))
        if number:
            self.interruption.asked = number
        return number


class PeriodicEvaluation(keras.callbacks.Callback):
    """Every so many steps: held-out losses, the model's own diagnosis, a sheet of samples, a
    checkpoint.

    Args:
        samples: the folder of the sheets.
        checkpoints: the run's `Checkpoints`.
        every: steps between them.
        last: the step after which training ends.
        logger, writer: the `MetricsLogger`, and the `TensorBoard`.
        held_out: a `HeldOut`.
        draw: returns the sheet, uint8 [h, w, 3].
        judge: returns figures of samples, name -> number.
        stop: a `Stop`; where one is asked for, the step is kept and `fit` ends.
    """

    def __init__(
        self, samples, checkpoints, every, last, logger, writer, held_out, draw, judge, stop
    ):
        super().__init__()
        self._samples, self._checkpoints = samples, checkpoints
        self._every, self._last = every, last
        self._logger, self._writer = logger, writer
        self._held_out, self._draw, self._judge, self._stop = held_out, draw, judge, stop

    def on_train_begin(self, logs=None):
        first = next(iter(self._held_out.whole))
        self._diagnose = tf.function(
            lambda: self.model.diagnose(self.model.batch(first)), autograph=False
        )
        if int(self.model.step.numpy()) == 0:
            self._picture(0)
            self._checkpoints.save(0)  # so that there is a good one from the beginning

    def on_train_batch_begin(self, batch, logs=None):
        self._stop.interruption.patient = True  # from here on there is something to keep

    def on_train_batch_end(self, batch, logs=None):
        step = int(self.model.step.numpy())
        if step % self._every == 0 or step == self._last:
            self.milestone(step)
            self.model.stop_training = bool(self._stop.asked()) or step == self._last
        elif self._stop.asked():
            self._checkpoints.save(step)
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        self._stop.interruption.patient = False

    def milestone(self, step):
        """The picture before the checkpoint: a kill between them repeats it, and loses none."""
        self._logger.write_means(step)
        held_out = self.model.evaluate(self._held_out.shared, verbose=0, return_dict=True)
        for name, value in held_out.items():
            # The training loss of a step is older than its weights: these may have gone already.
            if not np.isfinite(value):
                stop_diverged(step, f"val_{name}", value)
        self._logger.write(step, {f"val_{name}": value for name, value in held_out.items()})
        found = self._diagnosis(step) | self._judge()
        if found:
            self._logger.write(step, found)
        self._picture(step)
        self._checkpoints.save(step)

    def _diagnosis(self, step):
        scalars, histograms = self._diagnose()
        with self._writer.at(step):
            for name, values in histograms.items():
                tf.summary.histogram(name, values)
        return {name: float(value) for name, value in scalars.items()}

    def _picture(self, step):
        sheet = self._draw()
        grid.write_png(self._samples / f"step_{step:07d}.png", sheet)
        with self._writer.at(step):
            tf.summary.image("samples", sheet[None])
