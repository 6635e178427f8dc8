"""The networks of InfoGAN (Chen et al. 2016, 1606.03657, appendix C.1).

4x4 strided convolutions with hidden dense layers beside them, BatchNorm on all layers but D's first
and G's output, ReLU in G, LeakyReLU 0.1 in D and Q.  Q is D's trunk with one hidden layer and an
output of its own.  Weights are Glorot's, which at MNIST's size are close to the N(0, 0.02²) of the
authors' code, and on smaller pictures let a picture depend on z from the beginning.

The sizing rule: pictures are halved as a DCGAN's are (`networks.dcgan.stages`: 28 to 7 in two
stages, as in the paper), channels double with every halving, and hidden dense layers are as wide as
`networks.mlp.scaled` says.
"""

import keras

from zoo.networks.dcgan import batch_norm, stages
from zoo.networks.leaky import LeakyReLU
from zoo.networks.mlp import scaled
from zoo.networks.network import Network, sequential


class Generator(Network):
    """Latents [B, z] -> picture [B, H, W, C] in the data's range."""

    def __init__(self, data_spec, latent, channels, hidden, initializers, dtype):
        super().__init__()
        build = {"initializers": initializers, "dtype": dtype}
        count, (height, width, colors) = stages(data_spec), data_spec.shape
        widths = [channels * 2**i for i in reversed(range(count))]
        small = height >> count, width >> count, widths[0]
        stack = [
            *_dense(scaled(hidden, data_spec), "relu", **build),
            *_dense(small[0] * small[1] * small[2], "relu", **build),
            keras.layers.Reshape(small, dtype=dtype),
        ]
        for width in widths[1:]:
            up = _conv(keras.layers.Conv2DTranspose, width, use_bias=False, **build)
            stack += [up, *_normalized("relu", **build)]
        self.stack = sequential(
            (latent,),
            *stack,
            _conv(keras.layers.Conv2DTranspose, colors, initializers, "float32"),
            keras.layers.Activation(data_spec.output_activation, dtype="float32"),
        )
        self.built = True

    def call(self, latents, condition=None, noise=None, training=False):
        return self.stack(self.joined(latents, condition), training=training)


class Discriminator(Network):
    """D and Q: picture [B, H, W, C] -> (D's logit [B], the features of the trunk [B, n]).

    `recognize` takes these features on to Q's outputs [B, `codes`], so that what only D is asked
    of, real pictures, does not enter the statistics of Q's BatchNorm.
    """

    def __init__(self, data_spec, channels, hidden, hidden_q, codes, initializers, dtype):
        super().__init__()
        build = {"initializers": initializers, "dtype": dtype}
        stack = []
        for i in range(stages(data_spec)):
            after = _normalized("leaky", **build) if i else [_leaky(dtype)]
            conv = _conv(keras.layers.Conv2D, channels * 2**i, use_bias=not i, **build)
            stack += [conv, *after]
        units = scaled(hidden, data_spec)
        self.trunk = sequential(
            data_spec.shape,
            *stack,
            keras.layers.Flatten(data_format="channels_last", dtype=dtype),
            *_dense(units, "leaky", **build),
        )
        self.logit = sequential((units,), _output(1, initializers))
        self.q = sequential(
            (units,),
            *_dense(scaled(hidden_q, data_spec), "leaky", **build),
            _output(codes, initializers),
        )
        self.built = True

    @property
    def convolutions(self):
        flatten = [isinstance(layer, keras.layers.Flatten) for layer in self.trunk.layers]
        return self.trunk.layers[: flatten.index(True)]

    def call(self, x, condition=None, noise=None, training=False):
        features = self.trunk(self.joined(x, condition), training=training)
        return self.logit(features)[:, 0], features

    def recognize(self, features, training=False):
        """Returns Q's outputs [B, `codes`]: logits of classes, means of continuous codes."""
        return self.q(features, training=training)


def _dense(units, activation, initializers, dtype):
    layer = keras.layers.Dense(
        units, use_bias=False, kernel_initializer=initializers.glorot_uniform(), dtype=dtype
    )
    return [layer, *_normalized(activation, initializers, dtype)]


def _output(units, initializers):
    return keras.layers.Dense(
        units, kernel_initializer=initializers.glorot_uniform(), dtype="float32"
    )


def _conv(layer, filters, initializers, dtype, use_bias=True):
    return layer(
        filters, 4, 2, "same", data_format="channels_last", use_bias=use_bias,
        kernel_initializer=initializers.glorot_uniform(), dtype=dtype,
    )  # fmt: skip


def _normalized(activation, initializers, dtype):
    after = _leaky(dtype) if activation == "leaky" else keras.layers.ReLU(dtype=dtype)
    return [batch_norm(initializers, dtype), after]


def _leaky(dtype):
    return LeakyReLU(negative_slope=0.1, dtype=dtype)
