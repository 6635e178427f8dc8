"""A run directory: lock, checkpoints and exact resume.

run.json       what the run is: model, data, settings (its identity), and the code of each stretch
checkpoints/   the newest three, each with every weight, both optimizers and the step
metrics.jsonl  a line after step 1, every tenth step and each validation
conditions.npy example conditions, where the model takes any: what is drawn without further words
samples/       step_0000500.png, …: the same noise each time
tensorboard/   the same figures and pictures, those of a killed stretch included
curves.png  samples.gif    at the end
"""

import dataclasses
import fcntl
import io
import json
import pathlib

import numpy as np

from zoo.config import UserError
from zoo.files import check_folder, reading, write_whole, writing
from zoo.runs import identity, provenance

FORMAT = 4
KEYS = {
    "model": str, "dataset": str, "config": dict, "data": dict, "steps": int, "data_spec": dict,
    "held_out": dict, "stretches": list,
}  # fmt: skip
CONDITIONS = "conditions.npy"
EVALUATIONS = ("evaluation.json", "likelihood.json")  # what `zoo.evaluate` writes


def check_path(path):
    """Checks that a run can be written at `path`, and writes nothing.

    Raises:
        UserError: TensorFlow's checkpoints cannot be at such a path.
        WriteError: the folder can neither be made nor written.
    """
    if set("[]*?") & set(str(path)):
        raise UserError(f"{str(path)!r}: a run's path must not contain [ ] * ?.")
    check_folder(path)


class Run:
    """A run directory, opened; `Run.open` for training, `Run.read` for looking.

    As a scope it ends with the lock.

    Attributes:
        path: a `pathlib.Path`.
        facts: the content of `run.json`.
    """

    def __init__(self, path, facts):
        self.path, self.facts = path, facts
        self._lock = None

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self._lock:
            self._lock.close()

    @classmethod
    def read(cls, path):
        """Opens an existing run for looking.

        Raises:
            UserError: there is no run, or its `run.json` is not one of ours.
        """
        path = pathlib.Path(path)
        try:
            facts = json.loads((path / "run.json").read_text())
        except (FileNotFoundError, NotADirectoryError):
            raise UserError(f"{str(path)!r} is not a run directory: it has no run.json.") from None
        except OSError as error:
            raise UserError(
                f"{str(path / 'run.json')!r} cannot be read ({error.strerror}): permit reading it."
            ) from None
        except (ValueError, RecursionError):
            raise UserError(f"{str(path / 'run.json')!r} is damaged: it is not JSON.") from None
        if not isinstance(facts, dict) or facts.get("format") != FORMAT:
            raise UserError(
                f"{str(path / 'run.json')!r} is not of format {FORMAT}, which this zoo writes: "
                "train the run again."
            )
        missing = [key for key in KEYS if key not in facts]
        if missing:
            raise UserError(f"{str(path / 'run.json')!r} is damaged: it has no {missing[0]!r}.")
        for key, kind in KEYS.items():
            if not isinstance(facts[key], kind):
                raise UserError(
                    f"{str(path / 'run.json')!r} is damaged: its {key!r} is no {kind.__name__}."
                )
        return cls(path, facts)

    @classmethod
    def open(cls, path, asked, data_spec, held_out, steps, conditions=None):
        """Creates a run or opens one of the same identity, and locks it until its scope ends.

        Args:
            path: the folder.
            asked: the identity: dict of `model`, `dataset`, `config`, `data`, `examples`, what
                `Dataset.digest` returns, and `jit`, whether XLA compiles the steps or None where
                that is not known, and of a run that began with a preset
                `from`; must agree to resume.
            data_spec: the `DataSpec`, kept so that sampling needs no data.
            held_out: dict of `split` and `examples`: what the validation losses are of.
            steps: the total asked for; may change from call to call.
            conditions: an array of example conditions, kept for sampling, or None.

        Raises:
            UserError: another identity, or a running trainer holds the run.
            WriteError: the folder cannot be written.
        """
        path = pathlib.Path(path)
        check_path(path)
        facts = {
            "format": FORMAT,
            **json.loads(json.dumps(asked)),
            "steps": steps,
            "data_spec": json.loads(json.dumps(dataclasses.asdict(data_spec))),
            "held_out": held_out,
            "stretches": [],
        }
        with writing(path):
            path.mkdir(parents=True, exist_ok=True)
        run = cls(path, facts)
        run._take_lock()
        try:
            run._begin_or_go_on(conditions)
        except BaseException:
            run._lock.close()
            raise
        return run

    def _begin_or_go_on(self, conditions):
        if (self.path / "run.json").exists():
            # What the run began with stays on record; only the total of steps may grow.
            asked, self.facts = self.facts, Run.read(self.path).facts
            identity.check(self.path, self.facts, asked)
            self.facts["steps"] = max(asked["steps"], self.facts["steps"])
        for folder in ("checkpoints", "samples"):
            with writing(self.path / folder):
                (self.path / folder).mkdir(exist_ok=True)
        if conditions is not None:
            buffer = io.BytesIO()
            np.save(buffer, conditions)
            write_whole(self.path / CONDITIONS, buffer.getvalue())
        self._write()

    def begin(self, step):
        """Records that training begins or goes on at `step`, and by which code.

        A stretch that left no step behind, such as one that was killed before its first checkpoint,
        is dropped: what is recorded made the weights that the run has.
        """
        kept = [one for one in self.facts["stretches"] if one["from_step"] < step]
        self.facts["stretches"] = [
            *kept,
            {"from_step": step, "processors": provenance.processors(), **provenance.code()},
        ]
        self._write()

    def _write(self):
        write_whole(self.path / "run.json", json.dumps(self.facts, indent=2).encode())

    def conditions(self):
        """Returns the example conditions that the run keeps, or None."""
        path = self.path / CONDITIONS
        try:
            with reading(path):
                return np.load(path, allow_pickle=False) if path.exists() else None
        except (ValueError, EOFError):
            raise UserError(f"{str(path)!r} is damaged: put a copy back.") from None

    def data(self):
        """Returns the `Dataset` that the run was trained on; see `identity.training_data`."""
        return identity.training_data(self.path, self.facts)

    # --- checkpoints -------------------------------------------------------------------------

    def checkpoints(self, model):
        """Returns the `Checkpoints` of this run for `model`."""
        from zoo.runs.checkpoints import Checkpoints

        return Checkpoints(self.path / "checkpoints", model)

    def restore_for_sampling(self, model):
        """Restores the newest whole checkpoint into `model` and returns it.

        Raises:
            UserError: there is none, or it is not of this model.
        """
        if self.checkpoints(model).restore() is None:
            raise UserError(
                f"{str(self.path)!r} has no checkpoint yet: let zoo.train reach its first one."
            )
        return model

    # --- metrics -----------------------------------------------------------------------------

    def metrics(self):
        """Returns what `metrics.jsonl` holds: a dict for each line.

        Raises:
            UserError: there is none, or a line of it is damaged.
        """
        path, found = self.path / "metrics.jsonl", []
        with reading(path):
            lines = path.read_bytes().splitlines()
        for number, line in enumerate(lines, start=1):
            try:
                found.append(dict(json.loads(line)))
            except (ValueError, TypeError, RecursionError):
                raise UserError(
                    f"line {number} of {str(path)!r} is damaged: remove it, or put a copy back."
                ) from None
        return found

    def timed_metrics(self):
        """Returns `metrics`, whose `time` goes on over all stretches that made the weights."""
        begins = [stretch["from_step"] for stretch in self.facts["stretches"]]
        ends, found = dict.fromkeys(begins, 0.0), []
        for line in self.metrics():
            stretch = max((step for step in begins if step < line["step"]), default=None)
            if stretch is not None:
                ends[stretch] = max(ends[stretch], line["time"])
                before = sum(ends[step] for step in ends if step < stretch)
                found.append({**line, "time": before + line["time"]})
        return found

    @property
    def seconds(self):
        """Of training, over all stretches that made the weights, as `metrics.jsonl` has them: from
        before the first step is traced to the last line; None where there is no such file."""
        if not (self.path / "metrics.jsonl").exists():
            return None
        return max((line["time"] for line in self.timed_metrics()), default=0.0)

    @property
    def validated(self):
        """The last line of `metrics.jsonl` with held-out losses, or None."""
        lines = [line for line in self.metrics() if any(key.startswith("val_") for key in line)]
        return lines[-1] if lines else None

    @property
    def evaluations(self):
        """What `zoo.evaluate` has written for the weights of `facts["trained_steps"]`: a list."""
        found = []
        for path in (self.path / name for name in EVALUATIONS):
            try:
                found.append(json.loads(path.read_text()) if path.exists() else {})
            except (OSError, ValueError):
                raise UserError(f"{str(path)!r} is damaged: evaluate the run again.") from None
        return [one for one in found if one.get("step") == self.facts["trained_steps"]]

    def metrics_up_to(self, step):
        """Cuts `metrics.jsonl` after `step`, where a killed run had gone on past its checkpoint,
        and returns its path."""
        path = self.path / "metrics.jsonl"
        if path.exists():
            kept = []
            with reading(path):
                lines = path.read_bytes().splitlines()
            for line in lines:
                try:
                    if json.loads(line)["step"] <= step:
                        kept.append(line)
                except (ValueError, TypeError, KeyError):
                    pass  # the line that a kill cut short
            write_whole(path, b"".join(line + b"\n" for line in kept))
        for picture in (self.path / "samples").glob("step_*.png"):
            number = picture.stem.removeprefix("step_")
            if number.isdigit() and int(number) > step:
                with writing(picture):
                    picture.unlink()
        return path

    def _take_lock(self):
        with writing(self.path):
            self._lock = open(self.path / ".lock", "w")  # noqa: SIM115  until the scope ends
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError(
                f"{str(self.path)!r} is in use by a running trainer: wait for it, or pass "
                "another --run."
            ) from None
