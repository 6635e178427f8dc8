"""Where a PixelRNN's -log p(x) comes from: what each pixel of held-out pictures adds (van den Oord
et al. 2016, 1601.06759, eq. 1), in nats; over all pixels the sum is the picture's.

Colors of a pixel are added.  Of a model of several scales a smaller picture's pixels are added
where they lie in the picture: its likelihood is the joint's.
"""

import typing

import numpy as np

from zoo.config import UserError
from zoo.diagnosing.diagnosis import Diagnosis, which
from zoo.metrics.pictures import some
from zoo.parts import parts, watched
from zoo.runs import provenance
from zoo.viz import probes

PICTURES = 256  # held-out pictures that the mean map is of
SHOWN = 8  # of these
COSTLY = 0.1  # the share of pixels that is told of


class Found(typing.NamedTuple):
    """What came of one run.

    Attributes:
        facts: as JSON has them.
        pictures: float32 [SHOWN, H, W, C].
        maps: float [SHOWN, H, W] of these, in nats.
        mean: float [H, W], over all PICTURES.
    """

    facts: dict
    pictures: np.ndarray
    maps: np.ndarray
    mean: np.ndarray


def diagnosed(samplers, names):
    """Returns the `Diagnosis` of runs and presets of these names; see `of`."""
    found = [of(*one) for one in zip(samplers, names, strict=True)]
    words = [f"{one.facts['run']}: {_said(one.facts)}" for one in found]
    return Diagnosis(probes.likelihood_maps(found), [one.facts for one in found], words)


def of(sampler, name):
    """Maps held-out pictures; shows a progress bar.

    Args:
        sampler: a sampler with a model.
        name: the path or the preset that it was loaded by.

    Raises:
        UserError: it does not draw pixel by pixel.
    """
    from zoo.training.callbacks import DelayedProgressBar

    if not sampler.pixelwise:
        raise UserError(
            f"--likelihood_map is of a PixelRNN, and {name!r} is of {sampler.run.facts['model']}: "
            "name a run or preset of pixelcnn, row_lstm, diagonal_bilstm or multi_scale."
        )
    split = sampler.run.facts["held_out"]["split"]
    x = sampler.run.data().examples(split)[0]
    x = x[some(len(x), PICTURES)]
    pieces = parts(len(x), sampler.data_spec.values * sampler.data_spec.levels)
    watch = DelayedProgressBar("picture")
    maps = np.concatenate([of_pictures(sampler.model, x[i]) for i in watched(pieces, watch)])
    nats = maps.sum(axis=(1, 2))
    sizes = np.sort(maps.reshape(len(maps), -1), axis=1)[:, ::-1]
    costly = sizes[:, : round(COSTLY * sizes.shape[1])].sum(axis=1) / nats
    facts = which(sampler, name) | {
        "of": sampler.model.likelihood_of,
        "held_out": {"split": split, "examples": len(x)},
        "nll": {"mean": float(nats.mean()), "of_shown": nats[:SHOWN].tolist()},
        "share_of_costliest_tenth": float(costly.mean()),
        "code": provenance.code(),
    }
    return Found(facts, x[:SHOWN], maps[:SHOWN], maps.mean(axis=0))


def of_pictures(model, images):
    """Returns what each pixel adds to -log p(x) in nats, float64 [B, H, W].

    Args:
        model: a `zoo.autoregressive.likelihood.Likelihood`.
        images: float32 [B, H, W, C] in [0, 1].
    """
    found = np.zeros(images.shape[:3])
    with model.ema_scope():
        nats = model.nats(model.data_spec.from_unit(images))
    for stride, one in zip(model.strides, nats, strict=True):
        found[:, ::stride, ::stride] += one.numpy().sum(axis=-1)
    return found


def _said(facts):
    return (
        f"-log p of {facts['of']}, {facts['held_out']['examples']} of "
        f"{facts['held_out']['split']!r}: {facts['nll']['mean']:.2f} nats each, "
        f"{facts['share_of_costliest_tenth']:.0%} of them in the costliest tenth of a picture's "
        "pixels"
    )
