"""How a figure of samples goes over trainings, and how a loss goes with it.

`zoo.train --figures` records the figure; the losses of the same line of steps stand beside it.
"""

import dataclasses

import numpy as np

from zoo.config import UserError, nearest
from zoo.diagnosing.diagnosis import Diagnosis
from zoo.viz import trainings

FEWEST = 5  # points of which a rank correlation is told


@dataclasses.dataclass(frozen=True)
class Curve:
    """A figure over the training of one run.

    Attributes:
        facts: what run it is, and all numbers, as JSON has them.
        steps, seconds, values: float64 [N]: where the figure was taken, after how many seconds of
            training over all stretches, and what it was.
        other: float64 [N], the mean of the other metric over the steps since the validation before;
            None where none is asked for.
        correlation: Spearman's rank correlation of both, -1 to 1; None where one is constant.
    """

    facts: dict
    steps: np.ndarray
    seconds: np.ndarray
    values: np.ndarray
    other: np.ndarray | None = None
    correlation: float | None = None


def diagnosed(runs, figure, beside=None):
    """Returns the `Diagnosis` of opened runs, see `of`."""
    found = [of(run, figure, beside) for run in runs]
    names = [run.path.name for run in runs]
    words = [f"{name}: {_said(one)}" for name, one in zip(names, found, strict=True)]
    return Diagnosis(
        trainings.curves(found, names, [signed(one.correlation) for one in found]),
        [one.facts for one in found],
        words,
    )


def of(run, figure, beside=None):
    """Returns the `Curve` of a run.

    Args:
        run: a `zoo.runs.directory.Run`.
        figure: a figure that was asked for by ``zoo.train --figures``.
        beside: a metric of the training whose rank correlation with the figure is told.

    Raises:
        UserError: the run has recorded no such figure or metric, or too few of them.
    """
    lines = run.timed_metrics()
    at = {line["step"]: line for line in lines if figure in line}
    if not at:
        raise UserError(
            f"{str(run.path)!r} has recorded no {figure!r}: train with --figures={figure}."
        )
    steps = np.array(sorted(at), np.float64)
    seconds, values = (
        np.array([at[step][key] for step in sorted(at)], np.float64) for key in ("time", figure)
    )
    facts = {
        "run": str(run.path),
        "model": run.facts["model"],
        "dataset": run.facts["dataset"],
        "seed": run.facts["config"]["seed"],
        "figure": figure,
        "steps": [int(step) for step in steps],
        "seconds": [round(float(second), 2) for second in seconds],
        "values": values.tolist(),
        "stretches": run.facts["stretches"],
    }
    if beside is None:
        return Curve(facts, steps, seconds, values)
    other = _means(lines, beside, steps)
    if other is None:
        known = {key for line in lines for key in line} - {"step", "time", figure}
        raise UserError(f"{str(run.path)!r} has no metric {beside!r}: {nearest(beside, known)}.")
    if len(steps) < FEWEST:
        raise UserError(
            f"{str(run.path)!r} has {len(steps)} values of {figure!r}, and a rank correlation "
            f"needs {FEWEST}: train with a smaller --every."
        )
    found = spearman(other, values)
    facts |= {"beside": beside, "means": other.tolist(), "rank_correlation": found}
    return Curve(facts, steps, seconds, values, other, found)


def _said(curve):
    least = int(curve.values.argmin())
    said = (
        f"{curve.facts['figure']} {curve.values[-1]:.4g} at step {curve.steps[-1]:.0f} after "
        f"{curve.seconds[-1]:.0f} s, least {curve.values[least]:.4g} at step "
        f"{curve.steps[least]:.0f}"
    )
    if curve.other is not None:
        said += f"; rank correlation with {curve.facts['beside']} {signed(curve.correlation)}"
    return said


def signed(correlation):
    """Returns a rank correlation in words."""
    return "none" if correlation is None else f"{correlation:+.2f}"


def spearman(x, y):
    """Returns Spearman's rank correlation of two float [N]; None where one is constant."""
    x, y = (_ranks(values) - (len(values) - 1) / 2 for values in (x, y))
    scale = np.sqrt((x @ x) * (y @ y))
    return float(x @ y / scale) if scale else None


def _ranks(values):
    """From 0; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts + 1) / 2)[inverse]


def _means(lines, name, steps):
    """The mean of a metric over the steps since the one before, for each of `steps`; None where it
    has none.  A line is the mean of all steps since the line before."""
    pairs = np.array([(line["step"], line[name]) for line in lines if name in line])
    if not len(pairs):
        return None
    ends, values = pairs.T
    counts = np.diff(ends, prepend=0)
    found, begin = [], 0
    for end in steps:
        some = (ends > begin) & (ends <= end) & (counts > 0)
        if not some.any():
            return None
        found.append(np.average(values[some], weights=counts[some]))
        begin = end
    return np.array(found)
