"""What a model remembers: its samples beside their nearest training pictures.

Also called memorization or data-copying; the distances are those of `zoo.metrics.nearest`.
"""

import typing

import numpy as np

from zoo.config import UserError
from zoo.diagnosing.diagnosis import Diagnosis
from zoo.metrics import evaluation, nearest
from zoo.metrics.pictures import some
from zoo.parts import slices, watched
from zoo.runs import provenance
from zoo.viz import plots

SHOWN, COLUMNS = 20, 10  # samples on the sheet, in the order of the seed and the nearest ones
CHUNK = 1024  # training pictures at a time


class Found(typing.NamedTuple):
    """What came of one run.

    Attributes:
        facts: what run it is, and figures, as JSON has them.
        sheets: two of examples float32 [n, H, W, C]: rows of samples, below them their nearest
            training pictures in pixels, and in features where there are any.  The first has samples
            in the order of the seed, the other those that are nearest in the last space.
        distances: ``"pixels"``, ``"features"`` -> (of samples [N], of held-out pictures [N]).
    """

    facts: dict
    sheets: tuple
    distances: dict


def diagnosed(samplers, names, num, seed):
    """Returns the `Diagnosis` of runs and presets of these names; see `of`."""
    found = [of(*one, num, seed) for one in zip(samplers, names, strict=True)]
    facts = [one.facts for one in found]
    words = [f"{one['run']}: {in_words(one)}" for one in facts]
    return Diagnosis(plots.nearest(found, COLUMNS), facts, words)


def of(sampler, name, num, seed=0):
    """Draws and compares; shows a progress bar.

    Args:
        sampler: a sampler with a model, see `loading.load_model`.
        name: the path or the preset that it was loaded by.
        num: samples to draw, and held-out pictures to compare them to, or as many as there are.
        seed: of the samples.

    Raises:
        UserError: the model draws no pictures, or its data is not at hand.
    """
    from zoo.training.callbacks import DelayedProgressBar
    from zoo.viz import sheet

    spec = sampler.data_spec
    if spec.modality != "images":
        raise UserError(
            f"nearest pictures are those of a model of pictures, and this one draws "
            f"{spec.modality}: evaluate it instead, see zoo.evaluate."
        )
    data, split = sampler.run.data(), sampler.run.facts["held_out"]["split"]
    train, held_out = (data.examples(part)[0] for part in ("train", split))
    held_out = held_out[some(len(held_out), num)]
    drawn = sampler.sample(num, seed, watch=DelayedProgressBar("example"))
    spaces, seen = {"pixels": lambda images: images.reshape(len(images), -1)}, None
    if evaluation.is_frozen(spec) or spec.classes >= 2:
        classifier, seen = evaluation.classifier_of(data, spec.shape)
        spaces["features"] = classifier.features
    rows, distances = {}, {}
    for space, see in spaces.items():
        bar = DelayedProgressBar("picture")  # features of all training pictures take the time
        known = np.concatenate([see(train[i]) for i in watched(slices(len(train), CHUNK), bar)])
        both = nearest.nearest(np.concatenate([see(drawn), see(held_out)]), known)
        rows[space] = both[0][:num]
        distances[space] = both[1][:num], both[1][num:]
    close = np.argsort([*distances.values()][-1][0], kind="stable")
    sheets = tuple(
        sheet.below(spec, [drawn[i], *(train[found[i]] for found in rows.values())], COLUMNS)
        for i in (np.arange(min(num, SHOWN)), close[:SHOWN])
    )
    facts = sampler.run.facts
    return Found(
        {
            "run": str(name),
            "model": facts["model"],
            "dataset": facts["dataset"],
            "training_seed": facts["config"]["seed"],
            "step": int(sampler.model.step.numpy()),
            "sample_seed": seed,
            "samples": num,
            "training_pictures": len(train),
            "held_out": {"split": split, "examples": len(held_out)},
            "evaluator": seen,
            "distances": {space: nearest.compared(*both) for space, both in distances.items()},
            "code": provenance.code(),
        },
        sheets,
        distances,
    )


def in_words(facts):
    """Returns the figures in lines."""
    lines = [
        f"{facts['samples']} samples of seed {facts['sample_seed']} and "
        f"{facts['held_out']['examples']} pictures of {facts['held_out']['split']!r}, each to the "
        f"nearest of {facts['training_pictures']} training pictures:"
    ]
    for space, figure in facts["distances"].items():
        for key, name in (("median", "median"), ("quantile_05", "5 % quantile")):
            one, other, ratio = (
                figure["drawn"][key],
                figure["held_out"][key],
                figure[f"{key}_ratio"],
            )
            told = "" if ratio is None else f", ratio {ratio:.3f}"
            lines.append(f"  {space}, {name}: {one:.4g}   (held out: {other:.4g}{told})")
        lines.append(
            f"  {space}, share nearer than the held-out 5 % quantile: {figure['share_nearer']:.3f}"
        )
    return "\n".join(lines)
