"""Held-out pictures above a VAE's reconstructions: the decoder's mean at the encoder's mean."""

import typing

import numpy as np

from zoo.config import UserError
from zoo.diagnosing.diagnosis import Diagnosis, which
from zoo.metrics.pictures import some
from zoo.parts import MOST, slices
from zoo.runs import provenance
from zoo.sampling.inversion import errors
from zoo.viz import probes, sheet

SHOWN, COLUMNS = 30, 10


class Found(typing.NamedTuple):
    """What came of one run: the facts as JSON has them, and its sheet of examples."""

    facts: dict
    sheet: np.ndarray


def diagnosed(samplers, names):
    """Returns the `Diagnosis` of runs and presets of these names; see `of`."""
    found = [of(*one) for one in zip(samplers, names, strict=True)]
    facts = [one.facts for one in found]
    titles = [
        f"{one['run']}: held-out pictures, and below each its reconstruction" for one in facts
    ]
    rows = [[(title, one.sheet)] for title, one in zip(titles, found, strict=True)]
    words = [f"{one['run']}: {_said(one)}" for one in facts]
    return Diagnosis(probes.sheets(rows, COLUMNS, 2), facts, words)


def of(sampler, name):
    """Reconstructs all held-out pictures.

    Args:
        sampler: a sampler with a model.
        name: the path or the preset that it was loaded by.

    Raises:
        UserError: it has no encoder.
    """
    if not sampler.encodes:
        raise UserError(
            f"--reconstructions are of a VAE, and {name!r} is of {sampler.run.facts['model']}, "
            "which has no encoder: name a run or preset of vae, cvae or cppn_gan_vae."
        )
    spec, split = sampler.data_spec, sampler.run.facts["held_out"]["split"]
    data = sampler.run.data()
    x, y, labels = data.examples(split)
    given = {"none": None, "label": labels}.get(spec.condition, y)
    parts = []
    for rows in slices(len(x), MOST):
        condition = None if given is None else given[rows]
        parts.append(sampler.generate(sampler.encode(x[rows], condition), condition))
    made = np.concatenate(parts)
    mean = np.broadcast_to(data.examples("train")[0].mean(axis=0), x.shape)
    shown = some(len(x), SHOWN)
    facts = which(sampler, name) | {
        "latent": sampler.latent,
        "held_out": {"split": split, "examples": len(x)},
        "root_mean_square_error": {
            "reconstructions": float(errors(made, x).mean()),
            "mean_training_picture": float(errors(mean, x).mean()),
        },
        "code": provenance.code(),
    }
    return Found(facts, sheet.below(spec, [x[shown], made[shown]], COLUMNS))


def _said(facts):
    error = facts["root_mean_square_error"]
    return (
        f"{facts['held_out']['examples']} pictures of {facts['held_out']['split']!r} through "
        f"{facts['latent']} latents, root mean square error {error['reconstructions']:.3f}, of the "
        f"mean training picture {error['mean_training_picture']:.3f}"
    )
