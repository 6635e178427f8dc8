"""What `zoo.evaluate` writes: the figures of a run, or of pictures of any origin."""

import typing

import numpy as np

from zoo.config import UserError, nearest
from zoo.data import samples
from zoo.data.spec import DataSpec
from zoo.metrics import evaluator, figures, joint, pictures
from zoo.runs import provenance
from zoo.sampling import held_out

GROUPS = ("samples", "likelihood")  # of figures: a run has a file of each


class Asked(typing.NamedTuple):
    """What `zoo.evaluate` is asked of a run.

    Attributes:
        num: samples of each seed.
        seeds: how many seeds samples are drawn from.
        metrics: names of `figures.ALL` or of `GROUPS`; by default all that the run permits.
        split: what to measure against; by default what the run held out.
        k: of the bound, how many samples of z; by default `BOUNDS`.
    """

    num: int
    seeds: int
    metrics: tuple | None = None
    split: str | None = None
    k: tuple | None = None

    def words(self):
        """Returns the flags that ask for this."""
        found = [f"--num={self.num}", f"--seeds={self.seeds}"]
        for name in ("metrics", "split", "k"):
            value = getattr(self, name)
            if value:
                text = value if name == "split" else ",".join(map(str, value))
                found.append(f"--{name}={text}")
        return found


class Prepared(typing.NamedTuple):
    """What runs that differ in their seed alone are judged by: made once.

    Attributes:
        asked: the `Asked`.
        wanted: one of `GROUPS` -> its figures to take.
        data: the `Dataset`.
        held_out: its split to measure against.
        judge: of what is drawn, see `evaluation.judge`, or None.
    """

    asked: Asked
    wanted: dict
    data: object
    held_out: str
    judge: object


def prepare(sampler, asked):
    """Returns the `Prepared` of a run.

    Raises:
        UserError: its data is not at hand, or there is no such figure for it.
    """
    from zoo.metrics import evaluation
    from zoo.training.callbacks import DelayedProgressBar

    data, facts, split = sampler.run.data(), sampler.run.facts, asked.split
    frozen = evaluator.named(sampler.data_spec.name, sampler.data_spec.shape)
    compared = asked.num if split else facts["held_out"]["examples"]
    if frozen:
        compared = len(evaluator.load(frozen).real.labels)
    wanted = _wanted(sampler, min(asked.num, compared), asked)
    part = split or facts["held_out"]["split"]
    if part not in data.splits:
        raise UserError(
            f"{facts['dataset']!r} has no split {part!r}: {nearest(part, data.splits)}."
        )
    if frozen and wanted["samples"] and split not in (None, evaluation.FROZEN_SPLIT):
        raise UserError(
            f"what a model of {facts['dataset']!r} draws is compared to the pictures of "
            f"{evaluation.FROZEN_SPLIT!r}: leave --split out, or ask for --metrics=likelihood."
        )
    judge, names = None, wanted["samples"]
    if names:
        names = names if asked.metrics else None
        judge = evaluation.judge(data, part, asked.num, names, DelayedProgressBar("figure"))
    return Prepared(asked, wanted, data, part, judge)


def of_run(sampler, prepared):
    """Evaluates a run.

    Args:
        sampler: its `RunSampler`.
        prepared: what `prepare` returns for it, or for a run that is alike.

    Returns:
        One of `GROUPS` -> what its file holds.
    """
    asked, data, judge = prepared.asked, prepared.data, prepared.judge
    facts = sampler.run.facts
    common = {
        "command": command(f"--run={sampler.run.path}", *asked.words()),
        "model": facts["model"],
        "dataset": facts["dataset"],
        "binarize": facts["data"]["binarize"],
        "training_seed": facts["config"]["seed"],
        "step": int(sampler.model.step.numpy()),
        "stretches": facts["stretches"],
        "trained_seconds": sampler.run.seconds,
        "code": provenance.code(),
    }
    found = {}
    if judge:
        found["samples"] = common | {
            "held_out": _part(data, judge.held_out),
            "evaluator": judge.evaluator,
            "samples": asked.num,
            "sample_seeds": list(range(asked.seeds)),
            "figures": _over_seeds(_drawn(sampler, judge, asked.num, asked.seeds), judge),
        }
    names = prepared.wanted["likelihood"]
    if names:
        found["likelihood"] = common | {
            "held_out": _part(data, prepared.held_out),
            **held_out.of(sampler, data, prepared.held_out, names, asked.k or held_out.BOUNDS),
        }
    return found


def of_samples(path, against, num, metrics=None, progress=None):
    """Evaluates pictures of any origin, without TensorFlow.

    Args:
        path: a folder or a file, see `zoo.data.samples.read`.
        against: which frozen classifier they are judged by, one of `evaluator.FACTS`.
        num: how many of the pictures to take at most.
        metrics: names of `figures.PICTURES`, or ``"samples"`` for all of them, as by default.
        progress: called with (figures done, figures in all); half of them are the data's own.

    Returns:
        What the file of figures holds.

    Raises:
        UserError: the pictures cannot be read or are none that it judges, or there is no such
            figure of them.
    """
    frozen = evaluator.load(against)
    images, digest = samples.read(path, frozen.shape)
    real, floor = frozen.real.features, frozen.floor.features
    spec = DataSpec(against, frozen.shape, classes=10)
    asked = [n for m in metrics or () for n in (figures.PICTURES if m == "samples" else (m,))]
    if not set(asked).isdisjoint(figures.BY_NAME):
        raise UserError("'parzen' needs the data's own pictures: evaluate a run, or leave it out.")
    names = figures.chosen(spec, min(num, len(images), len(real)), False, asked)

    def done(first):
        return progress and (lambda count, total: progress(first * total + count, 2 * total))

    judge = pictures.Judge(frozen, real, floor, min(num, len(images)), names, done(0))
    return {
        "command": command(
            f"--samples={path}",
            f"--against={against}",
            f"--num={num}",
            *([f"--metrics={','.join(metrics)}"] if metrics else []),
        ),
        "samples": {"path": str(path), "sha256": digest, "examples": len(images)},
        "held_out": {"dataset": against, "split": "test", "examples": len(real)},
        "evaluator": {"frozen": True, "trained_on": against, **frozen.sha256},
        "figures": _over_seeds([judge.of(images, done(1))], judge),
        "code": provenance.code(),
    }


def command(*words):
    """Returns the command line of `zoo.evaluate` with these flags."""
    return " ".join(["python -m zoo.evaluate", *words])


def _part(data, split):
    return {"split": split, "examples": len(data.splits[split][0])}


def _wanted(sampler, num, asked):
    """Group -> its figures to take, which this run permits."""
    spec, names = sampler.data_spec, None
    model = sampler.model
    bounded, is_vae = model.bounds_likelihood, hasattr(model, "importance_weighted_bound")
    if asked.metrics:
        # Of data that permits none, the sentence about pictures says why.
        of_samples = figures.of_samples(spec, num) or figures.PICTURES
        groups = {
            "samples": of_samples,
            "likelihood": figures.BOUND if is_vae else figures.LIKELIHOOD,
        }
        names = [figure for name in asked.metrics for figure in groups.get(name, (name,))]
    chosen = figures.chosen(spec, num, sampler.pixelwise, names, bounded)
    if asked.k and figures.BOUND[0] not in chosen:
        raise UserError("--k is of the figure 'bound', which is not taken here: leave it out.")
    of_held_out = [name for name in chosen if name in (*figures.LIKELIHOOD, *figures.BOUND)]
    return {
        "samples": [name for name in chosen if name not in of_held_out],
        "likelihood": of_held_out,
    }


def _drawn(sampler, judge, num, seeds):
    """The figures of what is drawn, for each seed."""
    from zoo.training.callbacks import DelayedProgressBar

    # Names are judged against the held-out pictures that they are drawn for.
    given, done = getattr(judge, "given", None), DelayedProgressBar("seed")
    found = []
    for seed in range(seeds):
        x = sampler.sample(num, seed, given, DelayedProgressBar("example"))
        found.append(judge.of(x, sampler.in_turn(given, num), DelayedProgressBar("figure")))
        done(seed + 1, seeds)
    return found


def _over_seeds(found, judge):
    """name -> a figure's mean and spread, of one dict for each seed, beside the data's own.

    Of a figure that consists of parts, `value` and others, each of these is its mean.
    """
    return {name: _figure(name, [one[name] for one in found], judge) for name in found[0]}


def _figure(name, each, judge):
    parts = [one if isinstance(one, dict) else {"value": one} for one in each]
    means = {key: _mean([one[key] for one in parts]) for key in parts[0]}
    values = [one["value"] for one in parts]
    found = {
        "mean": means.pop("value"),
        "sd": float(np.std(values, ddof=1)) if len(values) > 1 else None,
        "over": joint.SAMPLING if len(values) > 1 else None,
        "each": values,
        "real": judge.real.get(name),
        "counts": judge.counts[name],
        **means,
    }
    if name in judge.whole:
        found["real_of_all"] = judge.whole[name]
    return found


def _mean(values):
    """The mean of numbers, or of those of each key."""
    if isinstance(values[0], dict):
        return {key: _mean([one[key] for one in values]) for key in values[0]}
    return float(np.mean(values))
