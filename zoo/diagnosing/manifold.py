"""All that a latent of two numbers draws (Kingma and Welling 2013, 1312.6114, Figure 4).

Places go evenly over the unit square; the inverse of the normal distribution function takes both
coordinates to z, as which z ~ N(0, I) is spread evenly over the square.  Beside it, of a model with
an encoder, where the means of q(z|x) of held-out pictures lie in the same square.
"""

import statistics
import typing

import numpy as np

from zoo.config import UserError
from zoo.diagnosing.diagnosis import Diagnosis, which
from zoo.metrics.pictures import some
from zoo.runs import provenance
from zoo.viz import probes

SIDE = 20  # pictures a side, as in the paper
PICTURES = 2000  # held-out pictures whose codes are shown


class Found(typing.NamedTuple):
    """What came of one run.

    Attributes:
        facts: as JSON has them.
        pictures: float32 [SIDE * SIDE, H, W, C], see `latents`.
        codes: float [N, 2] in the unit square, of held-out pictures, or None.
        labels: int32 [N] of these.
    """

    facts: dict
    pictures: np.ndarray
    codes: np.ndarray | None
    labels: np.ndarray | None


def diagnosed(samplers, names):
    """Returns the `Diagnosis` of runs and presets of these names; see `of`."""
    found = [of(*one) for one in zip(samplers, names, strict=True)]
    words = [f"{one.facts['run']}: {_said(one.facts)}" for one in found]
    return Diagnosis(probes.manifolds(found, SIDE), [one.facts for one in found], words)


def of(sampler, name):
    """Draws all over the latent.

    Args:
        sampler: a sampler with a model.
        name: the path or the preset that it was loaded by.

    Raises:
        UserError: its latent is of another size or another distribution, or it takes a condition,
            or draws no pictures.
    """
    spec = sampler.data_spec
    if sampler.prior != (("normal", 2),) or sampler.given is not None or spec.modality != "images":
        raise UserError(
            f"--manifold shows an unconditional model of pictures whose latent is two normal "
            f"numbers, and {name!r} is another: train vae with --config.latent=2."
        )
    pictures, facts = sampler.generate(latents(SIDE)), which(sampler, name)
    codes = labels = None
    if sampler.encodes:
        split = sampler.run.facts["held_out"]["split"]
        x, _, labels = sampler.run.data().examples(split)
        rows = some(len(x), PICTURES)
        z, labels = sampler.encode(x[rows]), labels[rows]
        codes = np.vectorize(statistics.NormalDist().cdf)(z.astype(np.float64))
        facts["codes"] = {
            "split": split,
            "examples": len(rows),
            "mean": z.mean(axis=0).tolist(),
            "deviation": z.std(axis=0).tolist(),
        }
    facts |= {"side": SIDE, "code": provenance.code()}
    return Found(facts, pictures, codes, labels)


def latents(side):
    """Returns z float32 [side * side, 2] in rows from the top: the first number grows to the right,
    the second upwards."""
    inverse = statistics.NormalDist().inv_cdf
    along = np.array([inverse((place + 0.5) / side) for place in range(side)], np.float32)
    return np.stack(np.meshgrid(along, along[::-1]), axis=-1).reshape(-1, 2)


def _said(facts):
    said = f"{facts['side']} x {facts['side']} latents through the inverse normal CDF"
    if "codes" not in facts:
        return said
    codes = facts["codes"]
    spread = " and ".join(
        f"{mean:+.2f} ± {deviation:.2f}"
        for mean, deviation in zip(codes["mean"], codes["deviation"], strict=True)
    )
    return f"{said}; codes of {codes['examples']} pictures of {codes['split']!r}: {spread}"
