"""Small models of the PixelRNN family, every picture there is, and what the slow sampler draws."""

import math

import numpy as np
import tensorflow as tf

from zoo import noise, registry
from zoo.autoregressive import receptive_field, stepwise
from zoo.config import override
from zoo.data.spec import DataSpec

# The layers; a multi-scale model is made of them.
LAYERS = ("pixelcnn", "row_lstm", "diagonal_bilstm")
# Every layer, and every layer at two scales.
KINDS = [(name, {}) for name in LAYERS] + [("multi_scale", {"network": name}) for name in LAYERS]
GRAY, COLOR = (6, 4, 1), (4, 4, 3)


def make(name, shape, levels=2, **settings):
    """A small model with weights far from zero, biases and first states too."""
    spec = DataSpec("pictures", shape, levels=levels, range="symmetric")
    module = registry.module(name)
    words = {"channels": 4, "blocks": 2, "ends": 6, **settings}
    if name == "multi_scale":
        words = {"condition": 3, "network": "pixelcnn", **words}
    model = module.build(override(module.Config(), words), spec)
    random = np.random.RandomState(0)
    for variable in model.trainable_variables:
        variable.assign(variable + 0.4 * random.randn(*variable.shape))
    return model


def all_pictures(levels, shape):
    """Every picture there is, float32 [levels ** values, H, W, C] in [-1, 1]."""
    places = math.prod(shape)
    found = np.stack(np.unravel_index(np.arange(levels**places), (levels,) * places), axis=-1)
    return (2 * found / (levels - 1) - 1).astype(np.float32).reshape(-1, *shape)


def total(function, pictures, part=8192):
    """Σ exp(-function) over pictures, in float64."""
    graph = tf.function(function, reduce_retracing=True)
    parts = [graph(pictures[i : i + part]).numpy() for i in range(0, len(pictures), part)]
    return np.exp(-np.concatenate(parts).astype(np.float64)).sum()


def drawn(model, method, images=None, mask=None, temperature=1.0, num=5):
    latents = model.latents(noise.Noise(3, noise.SAMPLING, tf.range(num)))
    images = np.zeros((num, *model.data_spec.shape)) if images is None else images
    mask = np.ones((num, *model.data_spec.shape[:2], 1)) if mask is None else mask
    return stepwise.draw(model, latents, images, mask, temperature, method).numpy()


def lstm_by_hand(gates, cell):
    output, forget, opening = (1 / (1 + np.exp(-part)) for part in np.split(gates, 4)[:3])
    cell = forget * cell + opening * np.tanh(np.split(gates, 4)[3])
    return output * np.tanh(cell), cell


def context(name, shape):
    """Where the gradient of one bare layer's features at the center is not zero."""
    return receptive_field.of_layer(make(name, (*shape, 1)), shape).numpy() > 0
