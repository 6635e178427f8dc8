"""The residual networks of a WGAN-GP that is given a class (Gulrajani et al. 2017, 1704.00028,
app. F).

Those of `networks.resnet`, with two changes: BatchNorm in the generator's blocks has a gain and a
shift for each class, and the critic has a class head beside its value (1610.09585).  Weights are
He's but on shortcuts, which are Glorot's, as in the authors' code.
"""

import keras
import tensorflow as tf

from zoo.networks import resnet
from zoo.networks.mlp import dense
from zoo.networks.network import sequential
from zoo.serializable import Serializable


class ConditionalBatchNorm(Serializable, keras.layers.Layer):
    """(x, class one-hot [B, K]) -> x normalized over the global batch, then scaled and shifted by
    the class's own numbers (Dumoulin et al. 2017, 1610.07629, eq. 5).

    The mean and the variance are of all classes together.
    """

    def __init__(self, channels, classes, initializers, dtype):
        super().__init__(dtype=dtype)
        self.normal = keras.layers.BatchNormalization(
            momentum=0.9, epsilon=1e-5, center=False, scale=False, synchronized=True, dtype=dtype
        )
        self.normal.build((None, None, None, channels))
        # About 1 and not 1: classes differ from the first step on, as all of the zoo's gains do.
        self.gain, self.shift = (
            self.add_weight(name=name, shape=(classes, channels), initializer=initializer)
            for name, initializer in (("gain", initializers.normal(0.02, 1.0)), ("shift", "zeros"))
        )
        self.built = True

    def call(self, x, condition, training=False):
        gain, shift = (
            tf.matmul(condition, weight)[:, None, None, :] for weight in (self.gain, self.shift)
        )
        return self.normal(x, training=training) * gain + shift


class UpBlock(Serializable, keras.layers.Layer):
    """x -> up(x) + conv(relu(norm(conv(up(relu(norm(x))))))), the norms given the class."""

    def __init__(self, shape, channels, classes, initializers, dtype):
        super().__init__(dtype=dtype)
        build = {"initializers": initializers, "dtype": dtype}
        self.norms = [ConditionalBatchNorm(c, classes, **build) for c in (shape[-1], channels)]
        self.double = resnet.Double(dtype=dtype)
        self.convolutions = [resnet.convolution(channels, 3, **build) for _ in range(2)]
        self.shortcut = sequential(
            shape, resnet.Double(dtype=dtype),
            resnet.convolution(channels, 1, weights="glorot_uniform", **build),
        )  # fmt: skip
        self.shape = tuple(self.shortcut.output_shape[1:])
        for layer, inputs in zip(self.convolutions, (shape[-1], channels), strict=True):
            layer.build((None, *self.shape[:2], inputs))
        self.built = True

    def call(self, x, condition, training=False):
        first, second = self.norms
        before, after = self.convolutions
        h = before(self.double(tf.nn.relu(first(x, condition, training=training))))
        h = after(tf.nn.relu(second(h, condition, training=training)))
        return self.shortcut(x) + h


class Generator(resnet.Generator):
    """Latents [B, z] and a class, one-hot [B, K] -> picture [B, H, W, C] in the data's range."""

    def __init__(self, data_spec, latent, channels, initializers, dtype):
        build = {"initializers": initializers, "dtype": dtype}
        super().__init__(data_spec, latent, channels, "batch", **build)
        self.condition_size = data_spec.condition_size

    def block(self, data_spec, shape, channels, norm, initializers, dtype):
        return UpBlock(shape, channels, data_spec.condition_size, initializers, dtype)

    def call(self, latents, condition=None, noise=None, training=False):
        self.check(condition)
        x = tf.reshape(self.project(latents), [-1, *self.small])
        for block in self.blocks:
            x = block(x, condition, training=training)
        return self.output_layer(x, training=training)


class CriticBlock(resnet.Block):
    """A critic's block whose shortcut has Glorot's weights."""

    def conv(self, channels, size, initializers, dtype):
        weights = "glorot_uniform" if size == 1 else "he_uniform"
        return resnet.convolution(channels, size, initializers, dtype, weights)


class Critic(resnet.Critic):
    """Picture [B, H, W, C] -> (value [B], class logits [B, K]); it is not told the class."""

    block = CriticBlock

    def __init__(self, data_spec, channels, norm, initializers, dtype):
        super().__init__(data_spec, channels, norm, initializers, dtype)
        self.class_head = dense(data_spec.condition_size, initializers)
        self.class_head.build((None, resnet.scaled(channels, data_spec)))

    def call(self, x, condition=None, noise=None, training=False):
        *_, pooled = self.features(x, condition, training)
        return self.value(pooled), self.class_head(pooled)
