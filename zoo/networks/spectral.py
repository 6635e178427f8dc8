"""The discriminators of SN-GAN (Miyato et al. 2018, 1802.05957, appendix B): every layer is
spectrally normalized, and no other norm is.

The sizing rule: pictures are halved as `networks.conv.stages` says (32 to 4 in three stages, 28 to
7 in two, 8 to 4 in one).  The paper's channels are for 32x32; a half of them below 32x32, a quarter
below 16x16 (`networks.resnet.scaled`).
"""

import math

import tensorflow as tf

from zoo.networks import resnet
from zoo.networks.conv import stages
from zoo.networks.leaky import LeakyReLU
from zoo.networks.mlp import flat
from zoo.networks.network import Network, sequential
from zoo.networks.spectral_norm import SpectralConv2D, SpectralDense


class Discriminator(Network):
    """Picture [B, H, W, C] -> score [B]; Table 3: to each size a 3x3 and a strided 4x4
    convolution, then one of 3x3, LeakyReLU 0.1."""

    def __init__(self, data_spec, channels, initializers, dtype):
        super().__init__()
        base, count = resnet.scaled(channels, data_spec), stages(data_spec)
        stack = []
        for i in range(count):
            stack += _conv(base * 2**i, 3, 1, initializers, dtype)
            stack += _conv(base * 2**i, 4, 2, initializers, dtype)
        stack += _conv(base * 2**count, 3, 1, initializers, dtype)
        self.stack = sequential(data_spec.shape, *stack)
        self.output_layer = _output(self.stack.output_shape, initializers)
        self.built = True

    @property
    def convolutions(self):
        return self.stack.layers

    def call(self, x, condition=None, noise=None, training=False):
        return self.output_layer(flat(self.stack(self.joined(x, condition))))[:, 0]


class Block(resnet.Block):
    """A residual block of spectrally normalized convolutions."""

    def conv(self, channels, size, initializers, dtype):
        return SpectralConv2D(
            channels, size, kernel_initializer=initializers.glorot_uniform(),
            u_initializer=initializers.normal(1.0), dtype=dtype,
        )  # fmt: skip


class ResidualDiscriminator(Network):
    """Picture [B, H, W, C] -> score [B]; Table 4: the blocks of `resnet.Critic`, and the sum of
    their last features over the picture."""

    def __init__(self, data_spec, channels, initializers, dtype):
        super().__init__()
        channels, shape = resnet.scaled(channels, data_spec), data_spec.shape
        self.blocks = []
        halvings = max(1, stages(data_spec) - 1)
        for i, resample in enumerate(["down"] * halvings + ["none"] * 2):
            self.blocks.append(
                Block(shape, channels, "none", resample, initializers, dtype, preactivate=i > 0)
            )
            shape = self.blocks[-1].shape
        self.output_layer = _output((None, channels), initializers)
        self.built = True

    def call(self, x, condition=None, noise=None, training=False):
        x = self.joined(x, condition)
        for block in self.blocks:
            x = block(x, training=training)
        features = tf.cast(tf.nn.relu(x), tf.float32)
        return self.output_layer(tf.reduce_sum(features, axis=[1, 2]))[:, 0]


def _conv(channels, size, strides, initializers, dtype):
    convolution = SpectralConv2D(
        channels, size, strides, kernel_initializer=initializers.normal(0.02),
        u_initializer=initializers.normal(1.0), dtype=dtype,
    )  # fmt: skip
    return [convolution, LeakyReLU(negative_slope=0.1, dtype=dtype)]


def _output(shape, initializers):
    layer = SpectralDense(
        1, kernel_initializer=initializers.normal(0.02), u_initializer=initializers.normal(1.0),
        dtype="float32", name="score",
    )  # fmt: skip
    layer.build((None, math.prod(shape[1:])))
    return layer
