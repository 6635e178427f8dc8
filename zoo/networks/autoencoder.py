"""The convolutional auto-encoder of BEGAN (Berthelot et al. 2017, 1703.10717, section 3.5.1).

3x3 convolutions with ELU, two to each size, no BatchNorm and no dropout.  The encoder halves by
strides, and its channels grow linearly, n, 2n, 3n, …; the decoder has n everywhere and doubles by
nearest neighbors.  A dense layer without an activation stands on either side of the embedding.

The sizing rule: a picture is halved while both sides are even and above 8, and at least once where
both are even (64 to 8 in three halvings, 28 to 7 in two, 8x8 digits to 4 in one).
"""

import keras

from zoo.networks.mlp import dense
from zoo.networks.network import Network, sequential
from zoo.networks.resnet import Double


def stages(data_spec):
    """Returns how many times pictures are halved."""
    height, width, _ = data_spec.shape
    count = 0
    while height % 2 == 0 and width % 2 == 0 and (min(height, width) > 8 or not count):
        height, width, count = height // 2, width // 2, count + 1
    return count


class Decoder(Network):
    """Latents [B, z] -> picture [B, H, W, C], not bounded."""

    def __init__(self, data_spec, latent, channels, initializers, dtype):
        super().__init__()
        count, (height, width, colors) = stages(data_spec), data_spec.shape
        small = height >> count, width >> count, channels
        stack = [
            dense(small[0] * small[1] * channels, initializers, dtype=dtype),
            keras.layers.Reshape(small, dtype=dtype),
        ]
        for stage in range(count + 1):
            stack += [Double(dtype=dtype)] if stage else []
            stack += [_conv(channels, initializers, dtype) for _ in range(2)]
        self.stack = sequential((latent,), *stack, _conv(colors, initializers, "float32", None))
        self.built = True

    def call(self, latents, condition=None, noise=None, training=False):
        return self.stack(self.joined(latents, condition))


class Autoencoder(Network):
    """Picture [B, H, W, C] -> its reconstruction through an embedding [B, h]."""

    def __init__(self, data_spec, embedding, channels, initializers, dtype):
        super().__init__()
        stack = [_conv(channels, initializers, dtype)]
        for stage in range(stages(data_spec) + 1):
            width = channels * (stage + 1)
            stack += [_conv(width, initializers, dtype, strides=2)] if stage else []
            stack += [_conv(width, initializers, dtype) for _ in range(2)]
        flat = keras.layers.Flatten(data_format="channels_last", dtype=dtype)
        self.encoder = sequential(data_spec.shape, *stack, flat, dense(embedding, initializers))
        self.decoder = Decoder(data_spec, embedding, channels, initializers, dtype)
        self.built = True

    def call(self, x, condition=None, noise=None, training=False):
        return self.decoder(self.encoder(self.joined(x, condition)))


def _conv(filters, initializers, dtype, activation="elu", strides=1):
    return keras.layers.Conv2D(
        filters, 3, strides, "same", data_format="channels_last", activation=activation,
        dtype=dtype, kernel_initializer=initializers.glorot_uniform(),
    )  # fmt: skip
