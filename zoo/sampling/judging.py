"""What `zoo.evaluate` writes: the figures of a run, or of pictures of any origin."""

import numpy as np

from zoo.config import UserError, nearest
from zoo.data import samples
from zoo.data.spec import DataSpec
from zoo.metrics import evaluator, figures, pictures
from zoo.runs import provenance

GROUPS = ("samples", "likelihood")  # of figures: a run has a file of each


def of_run(path, num, seeds, metrics=None, split=None):
    """Evaluates a run.

    Args:
        path: of the run.
        num: samples of each seed.
        seeds: how many seeds samples are drawn from.
        metrics: names of `figures.ALL` or of `GROUPS`; by default all that the run permits.
        split: what to measure against; by default what the run held out.

    Returns:
        One of `GROUPS` -> what its file holds.

    Raises:
        UserError: it is no run, its data is not at hand, or there is no such figure for it.
    """
    from zoo.metrics import evaluation
    from zoo.sampling.sampler import RunSampler

    sampler = RunSampler(path)
    facts = sampler.run.facts
    frozen = evaluation.is_frozen(sampler.data_spec)
    compared = facts["held_out"]["examples"] if split is None and not frozen else num
    wanted = _wanted(sampler, min(num, compared), metrics)
    data = sampler.run.data()
    held_out = split or facts["held_out"]["split"]
    if held_out not in data.splits:
        raise UserError(
            f"{facts['dataset']!r} has no split {held_out!r}: {nearest(held_out, data.splits)}."
        )
    if frozen and wanted["samples"] and split not in (None, evaluation.FROZEN_SPLIT):
        raise UserError(
            f"what a model of {facts['dataset']!r} draws is compared to the pictures of "
            f"{evaluation.FROZEN_SPLIT!r}: leave --split out, or ask for --metrics=likelihood."
        )
    words = [f"--run={path}", f"--num={num}", f"--seeds={seeds}"]
    words += [f"--split={split}"] if split else []
    common = {
        "command": _command(*words, metrics=metrics),
        "model": facts["model"],
        "dataset": facts["dataset"],
        "binarize": facts["data"]["binarize"],
        "training_seed": facts["config"]["seed"],
        "step": int(sampler.model.step.numpy()),
        "stretches": facts["stretches"],
        "code": provenance.code(),
    }
    found = {}
    if wanted["samples"]:
        judge = evaluation.judge(data, held_out, num, wanted["samples"])
        found["samples"] = common | {
            "held_out": _part(data, judge.held_out),
            "evaluator": judge.evaluator,
            "samples": num,
            "sample_seeds": list(range(seeds)),
            "figures": _over_seeds(_drawn(sampler, judge, num, seeds), judge),
        }
    if wanted["likelihood"]:
        found["likelihood"] = common | {
            "held_out": _part(data, held_out),
            "of": sampler.model.likelihood_of,
            "figures": _of_likelihood(sampler, data, held_out, wanted["likelihood"]),
        }
    return found


def of_samples(path, against, num, metrics=None):
    """Evaluates pictures of any origin, without TensorFlow.

    Args:
        path: a folder or a file, see `zoo.data.samples.read`.
        against: which frozen classifier they are judged by, one of `evaluator.FACTS`.
        num: how many of the pictures to take at most.
        metrics: names of `figures.PICTURES`, or ``"samples"`` for all of them, as by default.

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
    names = figures.chosen(spec, min(num, len(images), len(real)), False, asked)
    judge = pictures.Judge(frozen, real, floor, min(num, len(images)), names)
    return {
        "command": _command(
            f"--samples={path}", f"--against={against}", f"--num={num}", metrics=metrics
        ),
        "samples": {"path": str(path), "sha256": digest, "examples": len(images)},
        "held_out": {"dataset": against, "split": "test", "examples": len(real)},
        "evaluator": {"frozen": True, "trained_on": against, **frozen.sha256},
        "figures": _over_seeds([judge.of(images)], judge),
        "code": provenance.code(),
    }


def _command(*words, metrics):
    words += (f"--metrics={','.join(metrics)}",) if metrics else ()
    return " ".join(["python -m zoo.evaluate", *words])


def _part(data, split):
    return {"split": split, "examples": len(data.splits[split][0])}


def _wanted(sampler, num, metrics):
    """Group -> its figures to take, which this run permits."""
    spec, asked = sampler.data_spec, None
    if metrics:
        # Of data that permits none, the sentence about pictures says why.
        of_samples = figures.of_samples(spec, num) or figures.PICTURES
        groups = {"samples": of_samples, "likelihood": figures.LIKELIHOOD}
        asked = [figure for name in metrics for figure in groups.get(name, (name,))]
    chosen = figures.chosen(spec, num, sampler.pixelwise, asked)
    likelihood = [name for name in chosen if name in figures.LIKELIHOOD]
    return {"samples": [n for n in chosen if n not in likelihood], "likelihood": likelihood}


def _drawn(sampler, judge, num, seeds):
    """The figures of what is drawn, for each seed."""
    # Names are judged against the held-out pictures that they are drawn for.
    given = getattr(judge, "given", None)
    found = []
    for seed in range(seeds):
        x = sampler.sample(num, seed, given)
        found.append(judge.of(x, sampler.in_turn(given, num)))
    return found


def _over_seeds(found, judge):
    """name -> a figure's mean and spread, of one dict for each seed, beside the data's own."""
    return {
        name: {
            "mean": float(np.mean([one[name] for one in found])),
            "sd": float(np.std([one[name] for one in found], ddof=1)) if len(found) > 1 else None,
            "each": [one[name] for one in found],
            "real": judge.real.get(name),
            "counts": judge.counts[name],
        }
        | ({"real_of_all": judge.whole[name]} if name in judge.whole else {})
        for name in found[0]
    }


def _of_likelihood(sampler, data, held_out, names):
    """-log p(x) of all held-out pictures, with its standard error."""
    from zoo.metrics import likelihood

    test = data.examples(held_out)[0]
    own = likelihood.summary(-sampler.log_prob(test), data.spec)
    flat = likelihood.independent(data.examples("train")[0], test, data.spec.levels)
    alone = likelihood.summary(flat, data.spec)
    return {
        name: {"mean": mean, "standard_error": error, "independent_pixels": alone[name][0]}
        for name, (mean, error) in own.items()
        if name in names
    }
