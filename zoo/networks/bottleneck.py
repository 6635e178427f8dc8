"""The 101-layer residual networks of WGAN-GP's comparison (Gulrajani et al. 2017, 1704.00028,
app. E).

33 bottleneck blocks of three convolutions each, between a dense layer and a 1x1 convolution: in the
generator from the smallest size to the picture's, in the discriminator back.

The sizing rule: pictures are halved as `networks.conv.stages` says (64 to 4 in four stages, 28 to 7
in two); the blocks that keep the size are spread over the sizes evenly, the larger pictures having
the fewer (64x64: 6, 6, 6, 6, 5).  Channels: half of what `networks.dcgan.scaled` says at the
picture's size, doubled with every halving.
"""

import math

import keras
import tensorflow as tf

from zoo.networks.conv import stages
from zoo.networks.dcgan import scaled
from zoo.networks.mlp import dense, flat
from zoo.networks.network import Network, sequential
from zoo.networks.resnet import norm_layers
from zoo.serializable import Serializable

BLOCKS = 33  # of three convolutions, beside a first and a last layer
SHARE = 0.3  # of a block's branch
SOFTER = 5.0  # what the last layer's output is divided by


class Block(Serializable, keras.layers.Layer):
    """x -> x + 0.3 norm(conv(relu(conv(relu(conv(relu(x))))))), of 1x1, 3x3 and 1x1.

    Args:
        norm: ``"batch"``, ``"layer"`` or ``"none"``.
        resample: ``"up"``, ``"down"`` or ``"none"``; by strides in the middle convolution, and in
            a 1x1 convolution on the shortcut.
    """

    def __init__(self, shape, channels, norm, resample, initializers, dtype):
        super().__init__(dtype=dtype)
        build = {"initializers": initializers, "dtype": dtype}
        strides = 1 if resample == "none" else 2
        middle = keras.layers.Conv2DTranspose if resample == "up" else keras.layers.Conv2D
        self.residual = sequential(
            shape,
            keras.layers.ReLU(dtype=dtype),
            _conv(max(1, shape[-1] // 2), 1, **build),
            keras.layers.ReLU(dtype=dtype),
            _conv(max(1, channels // 2), 3, strides, layer=middle, **build),
            keras.layers.ReLU(dtype=dtype),
            _conv(channels, 1, use_bias=norm == "none", **build),
            *norm_layers(norm, **build),
        )
        if resample == "none" and shape[-1] == channels:
            self.shortcut = lambda x: x
        elif resample == "up":
            wide = _conv(4 * channels, 1, weights="glorot_uniform", **build)
            self.shortcut = sequential(shape, wide, Subpixel(dtype=dtype))
        else:
            self.shortcut = sequential(
                shape, _conv(channels, 1, strides, weights="glorot_uniform", **build)
            )
        self.shape = tuple(self.residual.output_shape[1:])
        self.built = True

    def call(self, x, training=False):
        return self.shortcut(x) + SHARE * self.residual(x, training=training)


class Subpixel(Serializable, keras.layers.Layer):
    """Four channels become four pixels (Shi et al. 2016, 1609.05158)."""

    def __init__(self, dtype="float32"):
        super().__init__(dtype=dtype)

    def call(self, x):
        return tf.nn.depth_to_space(x, 2)


class Generator(Network):
    """Latents [B, z] -> picture [B, H, W, C] in the data's range."""

    def __init__(self, data_spec, latent, channels, norm, initializers, dtype, blocks=BLOCKS):
        super().__init__()
        build = {"initializers": initializers, "dtype": dtype}
        sizes = sizes_of(data_spec, channels, blocks)
        shape, _ = sizes[0]
        self.small = shape
        self.project = dense(math.prod(shape), initializers, dtype=dtype)
        self.project.build((None, latent))
        self.blocks = []
        for i, ((_, _, width), count) in enumerate(sizes):
            for resample in (["up"] if i else []) + ["none"] * count:
                self.blocks.append(Block(shape, width, norm, resample, **build))
                shape = self.blocks[-1].shape
        self.output_layer = _conv(
            data_spec.shape[-1], 1, weights="glorot_uniform", initializers=initializers,
            dtype="float32",
        )  # fmt: skip
        self.output_layer.build((None, *shape))
        self.activation = keras.layers.Activation(data_spec.output_activation, dtype="float32")
        self.built = True

    def call(self, latents, condition=None, noise=None, training=False):
        x = tf.reshape(self.project(self.joined(latents, condition)), [-1, *self.small])
        for block in self.blocks:
            x = block(x, training=training)
        return self.activation(self.output_layer(x) / SOFTER)


class Discriminator(Network):
    """Picture [B, H, W, C] -> logit, or a critic's value, [B].

    Args:
        norm: see `Block`.
        use_bias: of the output; a critic has none, see `mlp.Critic`.
    """

    def __init__(
        self, data_spec, channels, norm, use_bias=True, blocks=BLOCKS, *, initializers, dtype
    ):
        super().__init__()
        build = {"initializers": initializers, "dtype": dtype}
        sizes = sizes_of(data_spec, channels, blocks)[::-1]
        shape, _ = sizes[0]
        self.widen = _conv(shape[-1], 1, weights="glorot_uniform", **build)
        self.widen.build((None, *data_spec.shape))
        self.blocks = []
        for i, ((_, _, width), count) in enumerate(sizes):
            for resample in (["down"] if i else []) + ["none"] * count:
                self.blocks.append(Block(shape, width, norm, resample, **build))
                shape = self.blocks[-1].shape
        self.output_layer = dense(1, initializers, use_bias=use_bias)
        self.output_layer.build((None, math.prod(shape)))
        self.built = True

    def activations(self, x, condition=None, training=False):
        """Returns the output of every block, the value [B] last."""
        found = [self.widen(self.joined(x, condition))]
        for block in self.blocks:
            found.append(block(found[-1], training=training))
        return [*found[1:], self.output_layer(flat(found[-1]))[:, 0] / SOFTER]

    def call(self, x, condition=None, noise=None, training=False):
        return self.activations(x, condition, training)[-1]


def sizes_of(data_spec, channels, blocks):
    """Returns [((height, width, channels), blocks that keep this size), …], the smallest first."""
    count, (height, width, _) = stages(data_spec), data_spec.shape
    each, more = divmod(blocks - count, count + 1)
    base = max(2, scaled(channels, data_spec) // 2)
    return [
        ((height >> i, width >> i, base * 2**i), each + (count - i < more))
        for i in reversed(range(count + 1))
    ]


def _conv(
    channels, size, strides=1, use_bias=True, weights="he_uniform", layer=keras.layers.Conv2D, *,
    initializers, dtype,
):  # fmt: skip
    return layer(
        channels, size, strides, "same", data_format="channels_last", use_bias=use_bias,
        kernel_initializer=getattr(initializers, weights)(), dtype=dtype,
    )  # fmt: skip
