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
        guesses: whether a deterministic network p(x|y) makes a first guess, which that of p(z|y) is
            told beside y (the paper's recurrent connection).
    """

    def __init__(self, data_spec, latent, units, maps, learned, guesses, initializers, dtype):
        super().__init__(data_spec.condition_size)
        build = {"initializers": initializers, "dtype": dtype, "maps": maps}
        self._latent, self._colors = latent, data_spec.shape[-1]
        self.prior_stack = self.baseline = None
        given = self.condition_size
        if guesses:
            self.baseline = mlp.decoder(data_spec, given, units, "relu", **build)
        if learned:
            self.prior_stack = sequential(
                (given + guesses * data_spec.values,),
                *mlp.hidden(units, "relu", initializers, dtype),
                mlp.dense(2 * latent, initializers),
            )
        self.stack = mlp.decoder(data_spec, latent + given, units[::-1], "relu", **build)
        self.built = True

    def prior(self, condition):
        """Returns (mean, log variance) of p(z|y), each [B, z]."""
        if self.prior_stack is None:
            zeros = tf.zeros([tf.shape(condition)[0], self._latent])
            return zeros, zeros
        if self.baseline is not None:
            guess = tf.sigmoid(self.baseline(condition)[..., : self._colors])
            # The baseline learns to predict the picture, and nothing from what p(z|y) makes of it.
            condition = tf.concat([condition, mlp.flat(tf.stop_gradient(guess))], axis=-1)
        return tf.split(self.prior_stack(condition), 2, axis=-1)

    def call(self, latents, condition=None, noise=None, training=False):
        return self.stack(self.joined(latents, condition))
