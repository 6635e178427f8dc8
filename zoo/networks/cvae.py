"""The dense networks of a conditional VAE (Sohn et al. 2015, section 4.1).

Each takes the condition y beside its own input, into its first hidden layer.
"""

import tensorflow as tf

from zoo.networks import mlp
from zoo.networks.network import Network, sequential


class Encoder(Network):
    """q(z|x, y): picture [B, H, W, C] and condition [B, d] -> mean and log variance [B, 2 z]."""

    def __init__(self, data_spec, latent, units, initializers, dtype):
        super().__init__(data_spec.condition_size)
        self.stack = sequential(
            (data_spec.values + data_spec.condition_size,),
            *mlp.hidden(units, "relu", initializers, dtype),
            mlp.dense(2 * latent, initializers),
        )
        self.built = True

    def call(self, x, condition=None, noise=None, training=False):
        return self.stack(self.joined(mlp.flat(x), condition))


class Decoder(Network):
    """p(z|y) and p(x|z, y): z [B, z] and condition [B, d] -> parameters [B, H, W, `maps` * C].

    Args:
        learned: whether p(z|y) has a network; else it is N(0, I) whatever y is.
    """

    def __init__(self, data_spec, latent, units, maps, learned, initializers, dtype):
        super().__init__(data_spec.condition_size)
        self._latent, self.prior_stack = latent, None
        if learned:
            self.prior_stack = sequential(
                (self.condition_size,),
                *mlp.hidden(units, "relu", initializers, dtype),
                mlp.dense(2 * latent, initializers),
            )
        self.stack = mlp.decoder(
            data_spec, latent + self.condition_size, units[::-1], "relu", initializers, dtype,
            maps=maps,
        )  # fmt: skip
        self.built = True

    def prior(self, condition):
        """Returns (mean, log variance) of p(z|y), each [B, z]."""
        if self.prior_stack is None:
            zeros = tf.zeros([tf.shape(condition)[0], self._latent])
            return zeros, zeros
        return tf.split(self.prior_stack(condition), 2, axis=-1)

    def call(self, latents, condition=None, noise=None, training=False):
        return self.stack(self.joined(latents, condition))
