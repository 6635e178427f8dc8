"""The encoder and the pattern-producing decoder of otoro's "Generating Large Images from Latent
Vectors" (2016).

A picture is a function of a place: (x, y), its distance r from the middle and z give one pixel.
Places are those of `zoo.places`: from (-1, -1), a trained picture's first pixel, to (1, 1), its
last one, whatever its sides; outside of these the function goes on.
"""

import keras
import numpy as np
import tensorflow as tf

from zoo.networks.mlp import flat
from zoo.networks.network import Network, sequential
from zoo.places import TILE, WHOLE, sides

AT_A_TIME = 65_536  # pixels, over all pictures: more take memory and are no faster


def softplus(x):
    """log(1 + e^x), stably and of ops that devices have."""
    return tf.nn.relu(x) + tf.math.log(1.0 + tf.exp(-tf.abs(x)))


class Encoder(Network):
    """q(z|x): picture [B, H, W, C] -> mean and log variance [B, 2 z], through softplus layers."""

    def __init__(self, data_spec, latent, units, initializers, dtype):
        super().__init__()
        self.stack = [
            *(_dense(width, initializers, 0.02, dtype) for width in units),
            _dense(2 * latent, initializers, 0.02, "float32"),
        ]
        for width, layer in zip([data_spec.values, *units], self.stack, strict=True):
            layer.build((None, width))
        self.built = True

    def call(self, x, condition=None, noise=None, training=False):
        features = self.joined(flat(x), condition)
        for layer in self.stack[:-1]:
            features = softplus(layer(features))
        return self.stack[-1](features)


class Decoder(Network):
    """z [B, z] -> parameters of p(x|z) [B, H, W, `maps` * C].

    Args:
        units: width of every layer.
        depth: number of tanh layers.
        scale: what places and z are multiplied by.
    """

    def __init__(self, data_spec, latent, units, depth, scale, maps, initializers, dtype):
        super().__init__()
        self._scale, self._shape = scale, data_spec.shape
        self._outputs = maps * data_spec.shape[-1]
        # These are float32 at every precision: bfloat16 does not tell near places apart.
        self.of_latent = _dense(units, initializers, 0.1, "float32", biases=0.1)
        self.of_place = _dense(units, initializers, 0.1, "float32", use_bias=False)
        self.of_latent.build((None, latent))
        self.of_place.build((None, 3))
        self.stack = sequential(
            (units,),
            *(_dense(units, initializers, 0.1, dtype, "tanh", biases=0.1) for _ in range(depth)),
            _dense(self._outputs, initializers, 0.1, "float32", biases=0.1),
        )
        self.built = True

    def at(self, latents, places):
        """Returns the parameters of the pixels at some places, [B, P, `maps` * C].

        Args:
            latents: float32 [B, z].
            places: float32 [P, 2], the same for every z, or [B, P, 2]: x, then y.
        """
        count = tf.shape(places)[-2] if places.shape[-2] is None else places.shape[-2]
        flattened = tf.reshape(places, [-1, 2])
        r = tf.sqrt(tf.reduce_sum(flattened**2, axis=-1, keepdims=True))
        seen = self.of_place(self._scale * tf.concat([flattened, r], axis=-1))
        units = seen.shape[-1]
        first = tf.reshape(seen, [-1, count, units])
        first = first + self.of_latent(self._scale * latents)[:, None]
        found = self.stack(tf.reshape(softplus(first), [-1, units]))
        return tf.reshape(found, [-1, count, self._outputs])

    def call(self, latents, condition=None, noise=None, training=False):
        height, width, _ = self._shape
        columns, rows = (
            np.linspace(-1, 1, count, dtype=np.float32) if count > 1 else np.zeros(1, np.float32)
            for count in (width, height)
        )
        places = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 2)
        found = self.at(self.joined(latents, condition), tf.constant(places))
        return tf.reshape(found, [-1, height, width, self._outputs])

    def tile(self, latents, windows):
        """Returns the parameters of `TILE` x `TILE` pixels of each window [B, 4], see
        `zoo.places`."""
        parts = tf.range(TILE, dtype=tf.float32) / (TILE - 1)
        first, last = windows[:, :2, None], windows[:, 2:, None]
        along = first * (1.0 - parts) + last * parts  # [B, x or y, TILE]
        x = tf.tile(along[:, 0], [1, TILE])
        y = tf.reshape(tf.tile(along[:, 1, :, None], [1, 1, TILE]), [-1, TILE * TILE])
        found = self.at(latents, tf.stack([x, y], axis=-1))
        return tf.reshape(found, [-1, TILE, TILE, self._outputs])

    def draw(self, latents, size, window=WHOLE):
        """Returns the parameters of a whole window at any size, some pixels at a time.

        Args:
            latents: float32 [B, z].
            size: pixels of the longer side, an integer or an int32 scalar.
            window: see `zoo.places`.
        """
        height, width = sides(self._shape, size, window)
        count, total = tf.shape(latents)[0], height * width
        at_a_time = tf.maximum(AT_A_TIME // count, 1)
        times = (total + at_a_time - 1) // at_a_time

        def some(done, parts):
            pixels = tf.minimum(done * at_a_time + tf.range(at_a_time), total - 1)
            x = _between(window[0], window[2], pixels % width, width)
            y = _between(window[1], window[3], pixels // width, height)
            return done + 1, parts.write(done, self.at(latents, tf.stack([x, y], axis=-1)))

        parts = tf.TensorArray(tf.float32, times, infer_shape=False)
        _, parts = tf.while_loop(
            lambda done, _: done < times, some, (0, parts), parallel_iterations=1
        )
        found = tf.reshape(parts.stack(), [times, count, at_a_time, self._outputs])
        found = tf.reshape(
            tf.transpose(found, [1, 0, 2, 3]), [count, times * at_a_time, self._outputs]
        )
        return tf.reshape(found[:, :total], [count, height, width, self._outputs])


def _between(first, last, place, count):
    """The place of a pixel, float32, of `count` from `first` to `last`; of one, the middle."""
    part = tf.cast(place, tf.float32) / tf.cast(tf.maximum(count - 1, 1), tf.float32)
    part = tf.where(count > 1, part, 0.5)
    return first * (1.0 - part) + last * part


def _dense(units, initializers, deviation, dtype, activation=None, use_bias=True, biases=0.0):
    """A dense layer with weights from N(0, `deviation`²), and biases so or 0."""
    return keras.layers.Dense(
        units, activation, use_bias, kernel_initializer=initializers.normal(deviation),
        bias_initializer=initializers.normal(biases) if biases else "zeros", dtype=dtype,
    )  # fmt: skip
