"""Fully connected networks that fit themselves to the data."""

import math

import keras
import tensorflow as tf


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


def hidden(units, activation, initial, weights="glorot_uniform"):
    """Returns a list of dense layers of the given widths."""
    return [dense(width, initial, activation, weights=weights) for width in units]


def dense(
    units, initial, activation=None, use_bias=True, weights="glorot_uniform", last=False
):  # fmt: skip
    """Returns one dense layer with biases of zero; a network's last one is float32 at every
    precision.  `weights` is a method of `Initializers`."""
    return keras.layers.Dense(
        units,
        activation=activation,
        use_bias=use_bias,
        kernel_initializer=getattr(initial, weights)(),
        dtype="float32" if last else initial.dtype,
    )


def encoder(data_spec, units, activation, outputs, initial):
    """Picture [B, H, W, C] -> [B, `outputs`] through dense layers of widths `units`."""
    return keras.Sequential(
        [
            keras.Input(data_spec.shape),
            keras.layers.Flatten(),
            *hidden(units, activation, initial),
            dense(outputs, initial, last=True),
        ]
    )


def decoder(
    data_spec, latent, units, activation, initial, maps=1, output_activation=None,
    weights="glorot_uniform",
):  # fmt: skip
    """Latent [B, `latent`] -> [B, …, `maps` * C] through layers of widths `units`; C is the last
    axis of an example."""
    *sides, channels = data_spec.shape
    return keras.Sequential(
        [
            keras.Input((latent,)),
            *hidden(units, activation, initial, weights),
            dense(maps * data_spec.values, initial, last=True),
            keras.layers.Reshape((*sides, maps * channels)),
            # After the reshape: a softmax is over the last axis.
            keras.layers.Activation(output_activation),
        ]
    )


class Generator(keras.layers.Layer):
    """Latents [B, z] -> an example in the data's range."""

    def __init__(self, data_spec, latent, units, initial, weights="glorot_uniform"):
        super().__init__()
        self.stack = decoder(
            data_spec,
            latent,
            units,
            "relu",
            initial,
            output_activation=data_spec.output_activation,
            weights=weights,
        )
        self.built = True

    def call(self, latents, condition=None, noise=None, training=False):
        return self.stack(latents)


class Maxout(keras.layers.Layer):
    """Maximum over pieces of linear maps (Goodfellow et al. 2013, 1302.4389, section 2).

    [B, d] -> [B, `units`]: each output is the largest of `pieces` affine functions of the input.
    """

    def __init__(self, units, pieces, initial):
        super().__init__(dtype=initial.dtype)
        self._units, self._pieces = units, pieces
        self.affine = dense(units * pieces, initial)

    def build(self, input_shape):
        self.affine.build(input_shape)

    def call(self, inputs):
        return tf.reduce_max(
            tf.reshape(self.affine(inputs), [-1, self._units, self._pieces]), axis=-1
        )


class MaxoutDiscriminator(keras.layers.Layer):
    """Example -> logit [B] through Maxout layers with dropout before each (1406.2661, section 5).

    Dropout is on when `call` is handed the step's `noise`, and off without it.
    """

    def __init__(self, data_spec, units, pieces, input_dropout, dropout, initial):
        super().__init__()
        self._rates = [input_dropout] + [dropout] * len(units)
        self.hidden = [Maxout(width, pieces, initial) for width in units]
        self.logit = dense(1, initial, last=True)
        widths = [data_spec.values, *units]
        for width, layer in zip(widths, [*self.hidden, self.logit], strict=True):
            layer.build((None, width))
        self.built = True

    def call(self, x, condition=None, noise=None, training=False):
        features = flat(x)
        for rate, layer in zip(self._rates, [*self.hidden, self.logit], strict=True):
            features = layer(drop(features, rate, noise))
        return features[:, 0]


class Critic(keras.layers.Layer):
    """Example -> value f(x) [B], unbounded, through ReLU layers (1701.07875, section 4.2).

    The last layer has no bias: it would cancel in E[f(real)] - E[f(fake)], and an adaptive
    optimizer would walk it on rounding errors.
    """

    def __init__(self, data_spec, units, initial):
        super().__init__()
        self.layers_ = [
            *hidden(units, "relu", initial, "he_uniform"),
            dense(1, initial, use_bias=False, last=True),
        ]
        for width, layer in zip([data_spec.values, *units], self.layers_, strict=True):
            layer.build((None, width))
        self.built = True

    def activations(self, x, training=False):
        """Returns the output of every layer, the value [B] last."""
        found = [flat(x)]
        for layer in self.layers_:
            found.append(layer(found[-1]))
        return [*found[1:-1], found[-1][:, 0]]

    def call(self, x, training=False):
        return self.activations(x)[-1]


def flat(x):
    """Returns [B, values] of examples [B, …]."""
    return tf.reshape(x, [-1, math.prod(x.shape[1:])])


def drop(features, rate, noise):
    """Dropout of features [B, d] from the step's own noise, so that each example draws its mask
    from its global index and replicas drop what one device would; none without noise."""
    if noise is None or not rate:
        return features
    mask = tf.cast(noise.keep((features.shape[-1],), rate), features.dtype)
    return features * mask / (1.0 - rate)
