"""The residual networks of WGAN-GP for 32x32 pictures (Gulrajani et al. 2017, 1704.00028, app. C).

Pre-activation blocks of two 3x3 convolutions: the generator's with BatchNorm and nearest-neighbor
upsampling, the critic's without BatchNorm and with mean pooling.  128 channels throughout, He
weights.  The generator doubles from the size that `networks.conv.stages` says (4 to 32 in three
blocks, 7 to 28 in two, 4 to 8 in one); the critic halves once less, but at least once (32 to 8),
and two more blocks keep its size.  128 channels are for 32x32; a half of them below 32x32, a
quarter below 16x16.
"""

import keras
import tensorflow as tf

from zoo.networks.conv import stages
from zoo.networks.dcgan import batch_norm
from zoo.networks.mlp import dense
from zoo.networks.network import Network, sequential
from zoo.serializable import Serializable


def scaled(channels, data_spec):
    """Returns the channels for pictures of this size; see the rule above."""
    side = min(data_spec.shape[:2])
    return max(1, channels // (1 if side >= 32 else 2 if side >= 16 else 4))


class Double(Serializable, keras.layers.Layer):
    """Nearest-neighbor upsampling by 2: each pixel four times.

    By depth-to-space, as in the authors' code; Keras' UpSampling2D loses the static shape, and
    TensorFlow Lite then refuses a stack of them.
    """

    def __init__(self, dtype="float32"):
        super().__init__(dtype=dtype)

    def call(self, x):
        return tf.nn.depth_to_space(tf.concat([x] * 4, axis=-1), 2)


class Block(Serializable, keras.layers.Layer):
    """x -> x + conv(relu(norm(conv(relu(norm(x)))))), resampled on both ways.

    Args:
        norm: ``"batch"``, ``"layer"`` or ``"none"``.
        resample: ``"up"``, ``"down"`` or ``"none"``; a change of size or channels puts a 1x1
            convolution on the shortcut.
    """

    def __init__(self, shape, channels, norm, resample, initializers, dtype, preactivate=True):
        super().__init__(dtype=dtype)
        build = {"initializers": initializers, "dtype": dtype}
        up = [Double(dtype=dtype)] if resample == "up" else []
        down = (
            [keras.layers.AveragePooling2D(2, data_format="channels_last", dtype=dtype)]
            if resample == "down"
            else []
        )
        before = (
            [*norm_layers(norm, **build), keras.layers.ReLU(dtype=dtype)] if preactivate else []
        )
        middle = [*norm_layers(norm, **build), keras.layers.ReLU(dtype=dtype)]
        self.residual = sequential(
            shape, *before, *up, self.conv(channels, 3, **build),
            *middle, self.conv(channels, 3, **build), *down,
        )  # fmt: skip
        if resample == "none" and shape[-1] == channels:
            self.shortcut = lambda x: x
        else:
            widen = [self.conv(channels, 1, **build)]
            # Of a picture the mean comes first, as in the authors' "optimized" block: cheaper.
            way = [*widen, *down] if preactivate else [*down, *widen]
            self.shortcut = sequential(shape, *up, *way)
        self.shape = tuple(self.residual.output_shape[1:])
        self.built = True

    def conv(self, channels, size, initializers, dtype):
        """Returns a convolution of the block."""
        return convolution(channels, size, initializers, dtype)

    def call(self, x, training=False):
        return self.shortcut(x) + self.residual(x, training=training)


class Generator(Network):
    """Latents [B, z] -> picture [B, H, W, C] in the data's range."""

    def __init__(self, data_spec, latent, channels, norm, initializers, dtype):
        super().__init__()
        build = {"initializers": initializers, "dtype": dtype}
        count, (height, width, colors) = stages(data_spec), data_spec.shape
        channels = scaled(channels, data_spec)
        small = height >> count, width >> count, channels
        self.project = dense(small[0] * small[1] * small[2], weights="he_uniform", **build)
        self.project.build((None, latent))
        self.small = small
        self.blocks = []
        for _ in range(count):
            self.blocks.append(self.block(data_spec, small, channels, norm, **build))
            small = self.blocks[-1].shape
        self.output_layer = sequential(
            small, *norm_layers(norm, **build), keras.layers.ReLU(dtype="float32"),
            convolution(colors, 3, initializers, "float32", "glorot_uniform"),
            keras.layers.Activation(data_spec.output_activation, dtype="float32"),
        )  # fmt: skip
        self.built = True

    def block(self, data_spec, shape, channels, norm, initializers, dtype):
        """Returns a block on inputs of `shape`."""
        return Block(shape, channels, norm, "up", initializers, dtype)

    def call(self, latents, condition=None, noise=None, training=False):
        x = tf.reshape(self.project(self.joined(latents, condition)), [-1, *self.small])
        for block in self.blocks:
            x = block(x, training=training)
        return self.output_layer(x, training=training)


class Critic(Network):
    """Picture [B, H, W, C] -> value [B]; the output has no bias, see `mlp.Critic`."""

    block = Block

    def __init__(self, data_spec, channels, norm, initializers, dtype):
        super().__init__()
        build = {"initializers": initializers, "dtype": dtype}
        channels = scaled(channels, data_spec)
        shape = data_spec.shape
        self.blocks = []
        halvings = max(1, stages(data_spec) - 1)
        for i, resample in enumerate(["down"] * halvings + ["none"] * 2):
            self.blocks.append(
                self.block(shape, channels, norm, resample, preactivate=i > 0, **build)
            )
            shape = self.blocks[-1].shape
        self.output_layer = dense(1, initializers, use_bias=False)
        self.output_layer.build((None, channels))
        self.built = True

    def features(self, x, condition=None, training=False):
        """Returns the output of every block, and last the mean [B, n] over the picture."""
        found = [self.joined(x, condition)]
        for block in self.blocks:
            found.append(block(found[-1], training=training))
        return [*found[1:], tf.reduce_mean(tf.nn.relu(found[-1]), axis=[1, 2])]

    def value(self, pooled):
        """Returns the value [B] of the last features [B, n]."""
        return self.output_layer(pooled)[:, 0]

    def activations(self, x, condition=None, training=False):
        """Returns the output of every block, the value [B] last."""
        *found, pooled = self.features(x, condition, training)
        return [*found, self.value(pooled)]

    def call(self, x, condition=None, noise=None, training=False):
        return self.activations(x, condition, training)[-1]


def convolution(channels, size, initializers, dtype, weights="he_uniform"):
    """Returns one convolution of stride 1; `weights` is a method of `Initializers`."""
    return keras.layers.Conv2D(
        channels, size, padding="same", data_format="channels_last", dtype=dtype,
        kernel_initializer=getattr(initializers, weights)(),
    )  # fmt: skip


def norm_layers(norm, initializers, dtype):
    """Returns the layers of ``"batch"``, ``"layer"`` or ``"none"``: one, or nothing."""
    if norm == "batch":
        return [batch_norm(initializers, dtype)]
    layer = keras.layers.LayerNormalization
    return [layer(axis=[1, 2, 3], dtype=dtype)] if norm == "layer" else []
