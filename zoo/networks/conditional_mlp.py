"""The two-branched networks of conditional GANs (Mirza and Osindero 2014, 1411.1784, section 4.1).

Each network maps its own input and the condition to hidden layers apart, and joins them.
"""

import keras
import tensorflow as tf

from zoo.networks.mlp import Maxout, dense, drop, flat
from zoo.networks.network import Network


class Generator(Network):
    """Latents [B, z] and condition [B, d] -> an example in the data's range.

    Dropout on the hidden layers is always on and takes its noise from the latents: behind
    `latent` numbers of z stands one of U(0, 1) for each hidden unit.  Without dropout there is z.
    """

    def __init__(self, data_spec, latent, units_z, units_y, units, dropout, initializers, dtype):
        super().__init__(data_spec.condition_size)
        self._dropout, self._shape = dropout, data_spec.shape
        self._parts = [latent, units_z, units_y, units]
        self.on_z, self.on_y = (
            dense(n, initializers, "relu", dtype=dtype) for n in (units_z, units_y)
        )
        self.joint = dense(units, initializers, "relu", dtype=dtype)
        self.output_layer = dense(data_spec.values, initializers)
        self.activation = keras.layers.Activation(data_spec.output_activation, dtype="float32")
        self.on_z.build((None, latent))
        self.on_y.build((None, data_spec.condition_size))
        self.joint.build((None, units_z + units_y))
        self.output_layer.build((None, units))
        self.built = True

    def call(self, latents, condition, noise=None, training=False):
        z, for_z, for_y, for_joint = self._split(latents)
        apart = [self._drop(self.on_z(z), for_z), self._drop(self.on_y(condition), for_y)]
        features = self._drop(self.joint(tf.concat(apart, axis=-1)), for_joint)
        return self.activation(tf.reshape(self.output_layer(features), [-1, *self._shape]))

    def _split(self, latents):
        if not self._dropout:
            return latents, None, None, None
        return tf.split(latents, self._parts, axis=-1)

    def _drop(self, features, uniforms):
        if uniforms is None:
            return features
        kept = tf.cast(uniforms >= self._dropout, features.dtype)
        return features * kept / (1.0 - self._dropout)


class MaxoutDiscriminator(Network):
    """Example and condition [B, d] -> logit [B].

    Maxout layers of 5 pieces on each and of 4 on both; dropout on them when `call` is handed the
    step's `noise`.
    """

    def __init__(self, data_spec, units_x, units_y, units, dropout, initializers, dtype):
        super().__init__(data_spec.condition_size)
        self._dropout = dropout
        self.on_x, self.on_y = (Maxout(n, 5, initializers, dtype) for n in (units_x, units_y))
        self.joint = Maxout(units, 4, initializers, dtype)
        self.logit = dense(1, initializers)
        self.on_x.build((None, data_spec.values))
        self.on_y.build((None, data_spec.condition_size))
        self.joint.build((None, units_x + units_y))
        self.logit.build((None, units))
        self.built = True

    def call(self, x, condition, noise=None, training=False):
        apart = [
            drop(layer(value), self._dropout, noise)
            for layer, value in ((self.on_x, flat(x)), (self.on_y, condition))
        ]
        features = drop(self.joint(tf.concat(apart, axis=-1)), self._dropout, noise)
        return self.logit(features)[:, 0]
