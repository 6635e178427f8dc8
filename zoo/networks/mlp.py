"""Fully connected networks that fit themselves to the data."""

import math

import keras
import tensorflow as tf


def scaled(units, data_spec):
    """The sizing rule of dense layers: a paper's width was chosen for 28x28 grey pictures.

    Returns `units` for data of 784 values or more, else ``units * sqrt(values / 784)`` rounded
    up to a multiple of 8 (8x8 digits: 1200 -> 344, 240 -> 72).
    """
    fitted = units * math.sqrt(data_spec.values / 784)
    return min(units, 8 * math.ceil(fitted / 8))


def hidden(units, activation, initial):
    """Returns a list of dense layers of the given widths."""
    return [dense(width, initial, activation) for width in units]


def dense(units, initial, activation=None):
    """Returns one dense layer with Glorot weights and zero biases."""
    return keras.layers.Dense(
        units, activation=activation, kernel_initializer=initial.glorot_uniform()
    )


def encoder(data_spec, units, activation, outputs, initial):
    """Picture [B, H, W, C] -> [B, `outputs`] through dense layers of widths `units`."""
    return keras.Sequential(
        [
            keras.Input(data_spec.shape),
            keras.layers.Flatten(),
            *hidden(units, activation, initial),
            dense(outputs, initial),
        ]
    )


def decoder(data_spec, latent, units, activation, initial, maps=1, output_activation=None):
    """Latent [B, `latent`] -> picture [B, H, W, `maps` * C] through layers of widths `units`."""
    height, width, channels = data_spec.shape
    return keras.Sequential(
        [
            keras.Input((latent,)),
            *hidden(units, activation, initial),
            dense(maps * data_spec.values, initial, output_activation),
            keras.layers.Reshape((height, width, maps * channels)),
        ]
    )


class Generator(keras.layers.Layer):
    """Latents [B, z], beside them a condition [B, `condition`] -> picture in the data's range."""

    def __init__(self, data_spec, latent, units, initial, condition=0):
        super().__init__()
        self.stack = decoder(
            data_spec,
            latent + condition,
            units,
            "relu",
            initial,
            output_activation=data_spec.output_activation,
        )
        self.built = True

    def call(self, latents, condition=None):
        if condition is not None:
            latents = tf.concat([latents, condition], axis=-1)
        return self.stack(latents)


class Maxout(keras.layers.Layer):
    """Maximum over pieces of linear maps (Goodfellow et al. 2013, 1302.4389, section 2).

    [B, d] -> [B, `units`]: each output is the largest of `pieces` affine functions of the input.
    """

    def __init__(self, units, pieces, initial):
        super().__init__()
        self._units, self._pieces = units, pieces
        self.affine = dense(units * pieces, initial)

    def build(self, input_shape):
        self.affine.build(input_shape)

    def call(self, inputs):
        return tf.reduce_max(
            tf.reshape(self.affine(inputs), [-1, self._units, self._pieces]), axis=-1
        )


class MaxoutDiscriminator(keras.layers.Layer):
    """Picture -> logit [B] through Maxout layers with dropout before each (1406.2661, section 5).

    Dropout is on when `call` is handed the step's `noise`, and off without it; each example draws
    its own mask from its global index, so replicas drop what one device would.  A condition
    [B, `condition`] stands beside the pixels.
    """

    def __init__(self, data_spec, units, pieces, input_dropout, dropout, initial, condition=0):
        super().__init__()
        self._rates = [input_dropout] + [dropout] * len(units)
        self.hidden = [Maxout(width, pieces, initial) for width in units]
        self.logit = dense(1, initial)
        for width, layer in zip(
            [data_spec.values + condition, *units], [*self.hidden, self.logit], strict=True
        ):
            layer.build((None, width))
        self.built = True

    def call(self, images, condition=None, noise=None):
        features = tf.reshape(images, [-1, math.prod(images.shape[1:])])
        if condition is not None:
            features = tf.concat([features, condition], axis=-1)
        for rate, layer in zip(self._rates, [*self.hidden, self.logit], strict=True):
            if noise is not None and rate:
                kept = noise.keep((features.shape[-1],), rate)
                features = features * kept / (1.0 - rate)
            features = layer(features)
        return features[:, 0]
