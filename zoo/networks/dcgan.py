"""The networks of deep convolutional GANs (Radford et al. 2015, 1511.06434, section 3).

Strided convolutions instead of pooling, no hidden dense layers, BatchNorm in both networks except
on G's output and D's input, ReLU in G, LeakyReLU 0.2 in D, weights from N(0, 0.02²), and in
BatchNorm's scale N(1, 0.02²), as in the authors' code; kernels are 5x5.

The sizing rule.  Stages: a picture is halved while both sides are even and at least 4 remain (64 to
4 in four stages, 28 to 7 in two); 8x8 digits are halved twice, to 2, so that a hidden convolution
is left for BatchNorm to act on.  Channels: the paper's 128 next to a picture of 64x64, doubled with
every halving, are scaled by side / 64 on smaller ones and are at least 32 (8x8: 32, 28x28: 56).

Tanh and gated activations are those of WGAN-GP's comparison of losses (1704.00028, appendix E).
"""

import keras
import tensorflow as tf

from zoo.config import UserError
from zoo.networks.leaky import LeakyReLU
from zoo.networks.mlp import flat
from zoo.networks.network import Network, sequential
from zoo.serializable import Serializable

NORMS = ("paper", "all", "none")
ACTIVATIONS = ("relu", "tanh", "gated")


def stages(data_spec):
    """Returns how many times pictures are halved.

    Raises:
        UserError: an odd side cannot be halved even once.
    """
    height, width, _ = data_spec.shape
    count = 0
    while height % 2 == 0 and width % 2 == 0 and (min(height, width) >= 8 or count < 2):
        height, width, count = height // 2, width // 2, count + 1
    if not count or min(height, width) < 1:
        raise UserError(
            f"a strided network halves pictures, and {data_spec.shape[0]}x{data_spec.shape[1]} has "
            "an odd side: pass --data.image_size=32, say."
        )
    return count


def scaled(channels, data_spec):
    """Returns the channels next to the picture; see the sizing rule above."""
    side = min(data_spec.shape[:2])
    fitted = 8 * -(-channels * side // (64 * 8))
    return min(channels, max(32, fitted))


class Gate(Serializable, keras.layers.Layer):
    """tanh(a) * sigmoid(b), a and b the two halves of the channels."""

    def __init__(self, dtype="float32"):
        super().__init__(dtype=dtype)

    def call(self, x):
        a, b = tf.split(x, 2, axis=-1)
        return tf.tanh(a) * tf.sigmoid(b)


class Generator(Network):
    """Latents [B, z], with a condition [B, d] beside them if it is made for one -> picture
    [B, H, W, C] in the data's range.

    Args:
        norm: ``"paper"``: BatchNorm on all layers but the output; ``"all"``: on the output too,
            which the paper warns of; ``"none"``.
        constant: the same channels in every layer (WGAN's Figure 6) instead of doubling ones.
        activation: one of `ACTIVATIONS`, of all layers but the output.
    """

    def __init__(
        self, data_spec, latent, channels, norm, constant=False, condition_size=0,
        activation="relu", *, initializers, dtype,
    ):  # fmt: skip
        super().__init__(condition_size)
        count, (height, width, colors) = stages(data_spec), data_spec.shape
        base, halves = scaled(channels, data_spec), _halves(activation)
        widths = [base * (1 if constant else 2**i) for i in reversed(range(count))]
        small = height >> count, width >> count, halves * widths[0]
        stack = [
            keras.layers.Dense(
                small[0] * small[1] * small[2],
                use_bias=norm == "none",
                kernel_initializer=initializers.normal(0.02),
                dtype=dtype,
            ),
            keras.layers.Reshape(small, dtype=dtype),
            *_finished(norm != "none", activation, initializers, dtype),
        ]
        up = keras.layers.Conv2DTranspose
        for width in widths[1:]:
            stack += [
                _conv(up, halves * width, initializers, norm == "none", dtype),
                *_finished(norm != "none", activation, initializers, dtype),
            ]
        stack += [
            _conv(up, colors, initializers, norm != "all", "float32"),
            *_finished(norm == "all", data_spec.output_activation, initializers, "float32"),
        ]
        self.stack = sequential((latent + condition_size,), *stack)
        self.built = True

    def call(self, latents, condition=None, noise=None, training=False):
        return self.stack(self.joined(latents, condition), training=training)


class Discriminator(Network):
    """Picture [B, H, W, C] -> logit, or a critic's value, [B].

    Args:
        norm: ``"paper"``: BatchNorm on all layers but the first; ``"all"``: on it too; ``"layer"``:
            LayerNorm on all but the first, for a penalized critic; ``"none"``.
        pooling: ``"none"``: the last features go straight to one output; ``"global"``: their mean
            over the picture does, which the paper found to slow convergence; ``"max"``: the largest
            of 2x2 after each convolution in place of its stride, which the paper replaced.
        use_bias: of the output; a critic has none, see `mlp.Critic`.
        activation: one of `ACTIVATIONS`; ``"relu"`` is LeakyReLU here.
        halvings: how many strided layers there are; by default the sizing rule says.  A given
            number halves odd sides too, rounding up.
    """

    def __init__(
        self, data_spec, channels, norm, pooling="none", use_bias=True, activation="relu",
        halvings=None, *,
        initializers, dtype,
    ):  # fmt: skip
        super().__init__()
        base = scaled(channels, data_spec) * _halves(activation)
        activation = "leaky" if activation == "relu" else activation
        self.blocks = []
        shape = (None, *data_spec.shape)
        conv = keras.layers.Conv2D
        for i in range(halvings or stages(data_spec)):
            normal = norm == "all" or (norm in ("paper", "layer") and i > 0)
            strides = 1 if pooling == "max" else 2
            block = sequential(
                shape[1:],
                _conv(conv, base * 2**i, initializers, not normal, dtype, strides),
                *_finished(normal, activation, initializers, dtype, layer=norm == "layer"),
                *([_max_pooling(dtype)] if pooling == "max" else []),
            )
            shape = block.output_shape
            self.blocks.append(block)
        mean = keras.layers.GlobalAveragePooling2D(data_format="channels_last", dtype="float32")
        self.pool = mean if pooling == "global" else flat
        features = shape[-1] if pooling == "global" else shape[1] * shape[2] * shape[3]
        self.output_layer = keras.layers.Dense(
            1, use_bias=use_bias, kernel_initializer=initializers.normal(0.02), dtype="float32"
        )
        self.output_layer.build((None, features))
        self.built = True

    @property
    def convolutions(self):
        return [layer for block in self.blocks for layer in block.layers]

    def activations(self, x, condition=None, training=False):
        """Returns the output of every layer, the value [B] last."""
        found = [self.joined(x, condition)]
        for block in self.blocks:
            found.append(block(found[-1], training=training))
        return [*found[1:], self.output_layer(self.pool(found[-1]))[:, 0]]

    def call(self, x, condition=None, noise=None, training=False):
        return self.activations(x, condition, training)[-1]


def batch_norm(initializers, dtype):
    """BatchNorm as the paper's code has it, over all replicas' examples.

    Momentum 0.9, not Keras' 0.99: a short run would export statistics of its beginning.
    """
    return keras.layers.BatchNormalization(
        momentum=0.9, epsilon=1e-5, synchronized=True,
        gamma_initializer=initializers.normal(0.02, 1.0), dtype=dtype,
    )  # fmt: skip


def _conv(layer, filters, initializers, use_bias, dtype, strides=2):
    return layer(
        filters, 5, strides, "same", data_format="channels_last", use_bias=use_bias,
        kernel_initializer=initializers.normal(0.02), dtype=dtype,
    )  # fmt: skip


def _max_pooling(dtype):
    return keras.layers.MaxPooling2D(2, padding="same", data_format="channels_last", dtype=dtype)


def _halves(activation):
    """Channels of a linear layer for one of its activation's."""
    return 2 if activation == "gated" else 1


def _finished(normal, activation, initializers, dtype, layer=False):
    """The layers after a linear one; where a norm follows, that one has no bias."""
    norm = keras.layers.LayerNormalization(axis=[1, 2, 3], dtype=dtype) if layer else None
    norms = [norm or batch_norm(initializers, dtype)] if normal else []
    if activation == "leaky":
        return [*norms, LeakyReLU(negative_slope=0.2, dtype=dtype)]
    if activation == "gated":
        return [*norms, Gate(dtype=dtype)]
    return [*norms, keras.layers.Activation(activation, dtype=dtype)]
