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


def scaled(channels, data_spec):
    """Returns the channels for pictures of this size; see the rule above."""
    side = min(data_spec.shape[:2])
    return max(1, channels // (1 if side >= 32 else 2 if side >= 16 else 4))


class Double(keras.layers.Layer):
    """Nearest-neighbor upsampling by 2: each pixel four times.

    By depth-to-space, as in the authors' code; Keras' UpSampling2D loses the static shape, and
    TensorFlow Lite then refuses a stack of them.
    """

    def call(self, x):
        return tf.nn.depth_to_space(tf.concat([x] * 4, axis=-1), 2)


class Block(keras.layers.Layer):
    """x -> x + conv(relu(norm(conv(relu(norm(x)))))), resampled on both ways.

    Args:
        norm: ``"batch"``, ``"layer"`` or ``"none"``.
        resample: ``"up"``, ``"down"`` or ``"none"``; a change of size or channels puts a 1x1
            convolution on the shortcut.
    """

    def __init__(self, shape, channels, norm, resample, initial, preactivate=True):
        super().__init__(dtype=initial.dtype)
        kind = {"dtype": initial.dtype}
        up = [Double(**kind)] if resample == "up" else []
        down = [keras.layers.AveragePooling2D(2, **kind)] if resample == "down" else []
        before = [*_norm(norm, initial), keras.layers.ReLU(**kind)] if preactivate else []
        middle = [*_norm(norm, initial), keras.layers.ReLU(**kind)]
        self.residual = keras.Sequential(
            [keras.Input(shape), *before, *up, _conv(channels, 3, initial),
             *middle, _conv(channels, 3, initial), *down]
        )  # fmt: skip
        if resample == "none" and shape[-1] == channels:
            self.shortcut = lambda x: x
        else:
            widen = [_conv(channels, 1, initial)]
            # Of a picture the mean comes first, as in the authors' "optimized" block: cheaper.
            way = [*widen, *down] if preactivate else [*down, *widen]
            self.shortcut = keras.Sequential([keras.Input(shape), *up, *way])
        self.shape = tuple(self.residual.output_shape[1:])
        self.built = True

    def call(self, x, training=False):
        return self.shortcut(x) + self.residual(x, training=training)


class Generator(keras.layers.Layer):
    """Latents [B, z] -> picture [B, H, W, C] in the data's range."""

    def __init__(self, data_spec, latent, channels, norm, initial):
        super().__init__()
        count, (height, width, colors) = stages(data_spec), data_spec.shape
        channels = scaled(channels, data_spec)
        small = height >> count, width >> count, channels
        self.project = dense(small[0] * small[1] * small[2], initial, weights="he_uniform")
        self.project.build((None, latent))
        self.small = small
        self.blocks = []
        for _ in range(count):
            self.blocks.append(Block(small, channels, norm, "up", initial))
            small = self.blocks[-1].shape
        self.output_layer = keras.Sequential(
            [keras.Input(small), *_norm(norm, initial), keras.layers.ReLU(),
             _conv(colors, 3, initial, "glorot_uniform", "float32"),
             keras.layers.Activation(data_spec.output_activation)]
        )  # fmt: skip
        self.built = True

    def call(self, latents, condition=None, noise=None, training=False):
        x = tf.reshape(self.project(latents), [-1, *self.small])
        for block in self.blocks:
            x = block(x, training=training)
        return self.output_layer(x, training=training)


class Critic(keras.layers.Layer):
    """Picture [B, H, W, C] -> value [B]; the output has no bias, see `mlp.Critic`."""

    def __init__(self, data_spec, channels, norm, initial):
        super().__init__()
        channels = scaled(channels, data_spec)
        shape = data_spec.shape
        self.blocks = []
        halvings = max(1, stages(data_spec) - 1)
        for i, resample in enumerate(["down"] * halvings + ["none"] * 2):
            self.blocks.append(Block(shape, channels, norm, resample, initial, preactivate=i > 0))
            shape = self.blocks[-1].shape
        self.output_layer = dense(1, initial, use_bias=False, last=True)
        self.output_layer.build((None, channels))
        self.built = True

    def activations(self, x, training=False):
        """Returns the output of every block, the value [B] last."""
        found = [x]
        for block in self.blocks:
            found.append(block(found[-1], training=training))
        pooled = tf.reduce_mean(tf.nn.relu(found[-1]), axis=[1, 2])
        return [*found[1:], self.output_layer(pooled)[:, 0]]

    def call(self, x, training=False):
        return self.activations(x, training)[-1]


def _conv(channels, size, initial, weights="he_uniform", dtype=None):
    return keras.layers.Conv2D(
        channels, size, padding="same", kernel_initializer=getattr(initial, weights)(),
        dtype=dtype or initial.dtype,
    )  # fmt: skip


def _norm(norm, initial):
    if norm == "batch":
        return [batch_norm(initial)]
    layer = keras.layers.LayerNormalization
    return [layer(axis=[1, 2, 3], dtype=initial.dtype)] if norm == "layer" else []
