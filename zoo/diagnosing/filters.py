"""What a discriminator's filters look for, by guided backpropagation (Springenberg et al. 2014,
1412.6806; Radford et al. 2015, 1511.06434, Figure 5).

Of a channel of the last convolutional layer: the held-out pictures with the largest response at any
place, and below each the gradient of that response in its pixels, in which rectifiers pass on only
what is positive, where their input was positive:

    R_l = (f_l > 0) (R_(l+1) > 0) R_(l+1)                                                 (Figure 1)

A LeakyReLU passes gradients as if it were a ReLU, and values as a LeakyReLU.  Other activations and
norms have their own gradient.
"""

import typing

import keras
import numpy as np
import tensorflow as tf

from zoo.diagnosing import discriminators
from zoo.diagnosing.diagnosis import Diagnosis, which
from zoo.metrics.pictures import some
from zoo.parts import slices
from zoo.runs import provenance
from zoo.viz import probes

PICTURES = 2000  # held-out pictures to choose among
CHANNELS, STRONGEST = 6, 8  # on a sheet: the first channels, and pictures of each
CHUNK = 512  # pictures in a network at a time
RECTIFIERS = (keras.layers.LeakyReLU, keras.layers.ReLU)


class Found(typing.NamedTuple):
    """What came of one run: the facts as JSON has them, and (title, pictures) of two sheets."""

    facts: dict
    sheets: list


def diagnosed(samplers, names):
    """Returns the `Diagnosis` of runs and presets of these names; see `of`."""
    found = [of(*one) for one in zip(samplers, names, strict=True)]
    figure = probes.sheets([one.sheets for one in found], STRONGEST, 2)
    words = [f"{one.facts['run']}: {_said(one.facts)}" for one in found]
    return Diagnosis(figure, [one.facts for one in found], words)


def of(sampler, name):
    """Looks at the filters of a trained discriminator and of an untrained one.

    Args:
        sampler: a sampler with a model.
        name: the path or the preset that it was loaded by.

    Raises:
        UserError: no discriminator of convolutions.
    """
    spec, networks = sampler.data_spec, discriminators.both(sampler, name)
    split = sampler.run.facts["held_out"]["split"]
    x, _, labels = sampler.run.data().examples(split)
    rows = some(len(x), PICTURES)
    x, labels = x[rows], labels[rows]
    sheets, told = [], {}
    for title, stages in zip(("trained", "untrained"), networks, strict=True):
        layers = [layer for stage in stages for layer in stage]
        values = responses(layers, spec.from_unit(x))
        strongest = np.argsort(-values, axis=0, kind="stable")[:STRONGEST].T
        cells = []
        for channel in range(min(CHANNELS, len(strongest))):
            shown = x[strongest[channel]]
            gradients = guided_gradient(layers, spec.from_unit(shown), channel)
            cells += [shown, probes.signed(gradients)]
        sheets.append((f"{name}: {title} discriminator", np.concatenate(cells)))
        told[title] = {
            "strongest": [[int(rows[i]) for i in those] for those in strongest[:CHANNELS]],
            "responses": [
                [float(values[i, channel]) for i in those]
                for channel, those in enumerate(strongest[:CHANNELS])
            ],
            "share_of_one_class": _share_of_one_class(labels[strongest], spec.classes),
        }
    random = np.random.RandomState(0).randint(len(labels), size=strongest.shape)
    facts = which(sampler, name) | {
        "held_out": {"split": split, "examples": len(x)},
        "channels": len(strongest),
        "pictures_of_each": STRONGEST,
        **told,
        "share_of_one_class_at_random": _share_of_one_class(labels[random], spec.classes),
        "code": provenance.code(),
    }
    return Found(facts, sheets)


def responses(layers, x):
    """Returns the largest response [N, C] of each channel to pictures x in the model's range."""
    found = []
    for rows in slices(len(x), CHUNK):
        maps = x[rows]
        for layer in layers:
            maps = layer(maps)
        found.append(tf.reduce_max(maps, axis=[1, 2]).numpy())
    return np.concatenate(found)


def guided_gradient(layers, x, channel):
    """Returns the guided gradient in pixels [N, H, W, C], of a channel's response where it is
    largest; of equal ones the first in raster order.

    Args:
        layers: one after another, the last ones of the channel.
        x: float32 [N, H, W, C] in the model's range.
        channel: which one.
    """
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        maps = x
        for layer in layers:
            maps = _guided(layer, maps) if isinstance(layer, RECTIFIERS) else layer(maps)
        places = tf.reshape(maps[..., channel], [len(x), -1])
        largest = tf.reduce_sum(tf.gather(places, tf.argmax(places, axis=1), axis=1, batch_dims=1))
    return tape.gradient(largest, x).numpy()


def _guided(layer, x):
    """A rectifier's value, with the guided gradient."""

    @tf.custom_gradient
    def rectified(x):
        return layer(x), lambda upstream: tf.where((x > 0) & (upstream > 0), upstream, 0.0)

    return rectified(x)


def _share_of_one_class(labels, classes):
    """The share of the commonest class among labels [C, K] of each channel, its mean over them;
    None without classes."""
    if classes < 2:
        return None
    return float(np.mean([np.bincount(row).max() / len(row) for row in labels]))


def _said(facts):
    said = (
        f"{facts['channels']} channels of the last convolutional layer, each by the "
        f"{facts['pictures_of_each']} of {facts['held_out']['examples']} pictures of "
        f"{facts['held_out']['split']!r} with the largest response"
    )
    trained, untrained, chance = (
        facts["trained"]["share_of_one_class"],
        facts["untrained"]["share_of_one_class"],
        facts["share_of_one_class_at_random"],
    )
    if chance is None:
        return said
    return (
        f"{said}; of these are of one class {trained:.1%}, of an untrained discriminator's "
        f"{untrained:.1%}, of pictures at random {chance:.1%}"
    )
