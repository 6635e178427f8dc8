"""The residual networks of WGAN-GP's language model (Gulrajani et al. 2017, 1704.00028, sec. 5.5).

Five blocks x + 0.3 conv(relu(conv(relu(x)))) of convolutions over 5 neighboring symbols, without
any norm; the critic mirrors the generator.  512 channels are for lines of 32 symbols; a half of
them for shorter ones, a quarter below 16.
"""

import keras
import tensorflow as tf

from zoo.networks.mlp import dense
from zoo.networks.network import Network, sequential
from zoo.serializable import Serializable

BLOCKS = 5
KERNEL = 5  # symbols
SHARE = 0.3  # of a block's residual


def scaled(channels, data_spec):
    """Returns the channels for lines of this length; see the rule above."""
    length = data_spec.shape[0]
    return max(1, channels // (1 if length >= 32 else 2 if length >= 16 else 4))


class Block(Serializable, keras.layers.Layer):
    """x -> x + 0.3 conv(relu(conv(relu(x)))), float32 [B, L, D].

    Args:
        use_bias: of the outer convolution.
    """

    def __init__(self, shape, initializers, dtype, use_bias=True):
        super().__init__(dtype=dtype)
        channels = shape[-1]
        self.residual = sequential(
            shape,
            keras.layers.ReLU(dtype=dtype),
            _conv(channels, KERNEL, initializers, dtype),
            keras.layers.ReLU(dtype=dtype),
            _conv(channels, KERNEL, initializers, dtype, use_bias=use_bias),
        )
        self.built = True

    def call(self, x):
        return x + SHARE * self.residual(x)


class Generator(Network):
    """Latents [B, z] -> the probabilities of the symbols at each place of a line [B, L, S]."""

    def __init__(self, data_spec, latent, channels, initializers, dtype):
        super().__init__()
        length, symbols = data_spec.shape
        self.hidden_shape = length, scaled(channels, data_spec)
        self.project = dense(length * self.hidden_shape[1], initializers, dtype=dtype)
        self.project.build((None, latent))
        self.blocks = [Block(self.hidden_shape, initializers, dtype) for _ in range(BLOCKS)]
        self.output_layer = sequential(
            self.hidden_shape,
            _conv(symbols, 1, initializers, "float32", "glorot_uniform"),
            keras.layers.Activation(data_spec.output_activation, dtype="float32"),
        )
        self.built = True

    def call(self, latents, condition=None, noise=None, training=False):
        x = tf.reshape(self.project(self.joined(latents, condition)), [-1, *self.hidden_shape])
        for block in self.blocks:
            x = block(x)
        return self.output_layer(x)


class Critic(Network):
    """Line [B, L, S], of symbols or of their probabilities -> value [B].

    Neither the output nor the last block, which it is linear in, has a bias: see `mlp.Critic`.
    """

    def __init__(self, data_spec, channels, initializers, dtype):
        super().__init__()
        shape = data_spec.shape[0], scaled(channels, data_spec)
        self.embed = _conv(shape[1], 1, initializers, dtype, "glorot_uniform")
        self.embed.build((None, *data_spec.shape))
        self.blocks = [
            Block(shape, initializers, dtype, use_bias=i < BLOCKS - 1) for i in range(BLOCKS)
        ]
        self.output_layer = dense(1, initializers, use_bias=False)
        self.output_layer.build((None, shape[0] * shape[1]))
        self.built = True

    def activations(self, x, condition=None, training=False):
        """Returns the output of the first layer and of every block, the value [B] last."""
        found = [self.embed(self.joined(x, condition))]
        for block in self.blocks:
            found.append(block(found[-1]))
        flat = tf.reshape(found[-1], [-1, self.output_layer.kernel.shape[0]])
        return [*found, self.output_layer(flat)[:, 0]]

    def call(self, x, condition=None, noise=None, training=False):
        return self.activations(x, condition)[-1]


def _conv(channels, size, initializers, dtype, weights="he_uniform", use_bias=True):
    return keras.layers.Conv1D(
        channels, size, padding="same", data_format="channels_last", use_bias=use_bias, dtype=dtype,
        kernel_initializer=getattr(initializers, weights)(),
    )  # fmt: skip
