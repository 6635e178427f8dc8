"""Fully connected networks that fit themselves to the data."""

import math

import keras
import tensorflow as tf

from zoo.networks.network import Network, sequential
from zoo.serializable import Serializable


def scaled(units, data_spec):
    """The sizing rule of dense layers: a paper's width was chosen for 28x28 gray pictures.

    Returns `units` for data of 784 values or more, else ``units * sqrt(values / 784)`` rounded
    up to a multiple of 8 (8x8 digits: 1200 -> 344, 240 -> 72).  Points in the plane have few values
    and sharp densities: 512 at most, the width of the WGAN-GP authors' toy networks.
    """
    if data_spec.modality == "points":
        return min(units, 512)
    fitted = units * math.sqrt(data_spec.values / 784)
    return min(units, 8 * math.ceil(fitted / 8))


def hidden(units, activation, initializers, dtype, weights="glorot_uniform"):
    """Returns a list of dense layers of the given widths."""
    return [dense(width, initializers, activation, weights=weights, dtype=dtype) for width in units]


def dense(
    units, initializers, activation=None, use_bias=True, weights="glorot_uniform", dtype="float32"
):
    """Returns one dense layer with biases of zero; `weights` is a method of `Initializers`.

    The last layer of a network is float32 at every precision.
    """
    return keras.layers.Dense(
        units,
        activation=activation,
        use_bias=use_bias,
        kernel_initializer=getattr(initializers, weights)(),
        dtype=dtype,
    )


def encoder(data_spec, units, activation, outputs, initializers, dtype):
    """Picture [B, H, W, C] -> [B, `outputs`] through dense layers of widths `units`."""
    return sequential(
        data_spec.shape,
        keras.layers.Flatten(data_format="channels_last", dtype="float32"),
        *hidden(units, activation, initializers, dtype),
        dense(outputs, initializers),
    )


def decoder(
    data_spec, inputs, units, activation, initializers, dtype, maps=1, output_activation=None,
    weights="glorot_uniform",
):  # fmt: skip
    """[B, `inputs`] -> [B, …, `maps` * C] through layers of widths `units`; C is the last axis of
    an example."""
    *sides, channels = data_spec.shape
    return sequential(
        (inputs,),
        *hidden(units, activation, initializers, dtype, weights),
        dense(maps * data_spec.values, initializers),
        keras.layers.Reshape((*sides, maps * channels), dtype="float32"),
        # After the reshape: a softmax is over the last axis.
        keras.layers.Activation(output_activation, dtype="float32"),
    )


class Generator(Network):
    """Latents [B, z], with a condition [B, d] beside them if it is made for one -> an example in
    the data's range."""

    def __init__(
        self, data_spec, latent, units, initializers, dtype, weights="glorot_uniform",
        condition_size=0,
    ):  # fmt: skip
        super().__init__(condition_size)
        self.stack = decoder(
            data_spec, latent + condition_size, units, "relu", initializers, dtype,
            output_activation=data_spec.output_activation, weights=weights,
        )  # fmt: skip
        self.built = True

    def call(self, latents, condition=None, noise=None, training=False):
        return self.stack(self.joined(latents, condition))


class Maxout(Serializable, keras.layers.Layer):
    """Maximum over pieces of linear maps (Goodfellow et al. 2013, 1302.4389, section 2).

    [B, d] -> [B, `units`]: each output is the largest of `pieces` affine functions of the input.
    """

    def __init__(self, units, pieces, initializers, dtype="float32"):
        super().__init__(dtype=dtype)
        self._units, self._pieces = units, pieces
        self.affine = dense(units * pieces, initializers, dtype=dtype)

    def build(self, input_shape):
        self.affine.build(input_shape)

    def call(self, inputs):
        return tf.reduce_max(
            tf.reshape(self.affine(inputs), [-1, self._units, self._pieces]), axis=-1
        )


class MaxoutDiscriminator(Network):
    """Example -> logit [B] through Maxout layers with dropout before each (1406.2661, section 5).

    Dropout is on when `call` is handed the step's `noise`, and off without it.
    """

    def __init__(self, data_spec, units, pieces, input_dropout, dropout, initializers, dtype):
        super().__init__()
        self._rates = [input_dropout] + [dropout] * len(units)
        self.hidden = [Maxout(width, pieces, initializers, dtype) for width in units]
        self.logit = dense(1, initializers)
        widths = [data_spec.values, *units]
        for width, layer in zip(widths, [*self.hidden, self.logit], strict=True):
            layer.build((None, width))
        self.built = True

    def call(self, x, condition=None, noise=None, training=False):
        features = self.joined(flat(x), condition)
        for rate, layer in zip(self._rates, [*self.hidden, self.logit], strict=True):
            features = layer(drop(features, rate, noise))
        return features[:, 0]


class Critic(Network):
    """Example -> value f(x) [B], unbounded, through ReLU layers (1701.07875, section 4.2).

    Args:
        use_bias: of the last layer.  A critic has none: it would cancel in E[f(real)] - E[f(fake)],
            and an adaptive optimizer would walk it on rounding errors.
    """

    def __init__(self, data_spec, units, initializers, dtype, use_bias=False):
        super().__init__()
        self.stack = [
            *hidden(units, "relu", initializers, dtype, "he_uniform"),
            dense(1, initializers, use_bias=use_bias),
        ]
        for width, layer in zip([data_spec.values, *units], self.stack, strict=True):
            layer.build((None, width))
        self.built = True

    def activations(self, x, condition=None, training=False):
        """Returns the output of every layer, the value [B] last."""
        found = [self.joined(flat(x), condition)]
        for layer in self.stack:
            found.append(layer(found[-1]))
        return [*found[1:-1], found[-1][:, 0]]

    def call(self, x, condition=None, noise=None, training=False):
        return self.activations(x, condition)[-1]


def flat(x):
    """Returns [B, values] of examples [B, …]."""
    return tf.reshape(x, [-1, math.prod(x.shape[1:])])


def drop(features, rate, noise):
    """Dropout of features [B, …] from the step's own noise, so that each example draws its mask
    from its global index and replicas drop what one device would; none without noise."""
    if noise is None or not rate:
        return features
    mask = tf.cast(noise.keep(tuple(features.shape[1:]), rate), features.dtype)
    return features * mask / (1.0 - rate)
