"""The dense networks of EBGAN for MNIST (Zhao et al. 2016, 1609.03126, appendix A).

A generator of ReLU layers with BatchNorm on all but the output, and an auto-encoder of ReLU layers
and a linear output; weights from N(0, 0.02²) in the one and N(0, 0.002²) in the other.  Layers are
narrower on data smaller than MNIST (`networks.mlp.scaled`).
"""

import keras

from zoo.networks.dcgan import batch_norm
from zoo.networks.network import Network, sequential


class Generator(Network):
    """Latents [B, z] -> picture [B, H, W, C] in the data's range."""

    def __init__(self, data_spec, latent, units, initializers, dtype):
        super().__init__()
        stack = []
        for width in units:
            stack += [
                _dense(width, initializers, 0.02, dtype, use_bias=False),
                batch_norm(initializers, dtype),
                keras.layers.ReLU(dtype=dtype),
            ]
        self.stack = sequential(
            (latent,), *stack, _dense(data_spec.values, initializers, 0.02, "float32"),
            keras.layers.Activation(data_spec.output_activation, dtype="float32"),
            keras.layers.Reshape(data_spec.shape, dtype="float32"),
        )  # fmt: skip
        self.built = True

    def call(self, latents, condition=None, noise=None, training=False):
        return self.stack(self.joined(latents, condition), training=training)


class Autoencoder(Network):
    """Picture [B, H, W, C] -> (its reconstruction, not bounded; the code [B, d] in between).

    Args:
        units: widths of the encoder's layers, the code's last; the decoder mirrors them.
    """

    def __init__(self, data_spec, units, initializers, dtype):
        super().__init__()
        *first, code = units
        self.encoder = sequential(
            data_spec.shape,
            keras.layers.Flatten(data_format="channels_last", dtype="float32"),
            *(_dense(width, initializers, 0.002, dtype, "relu") for width in first),
            # The pull-away term is taken of it.
            _dense(code, initializers, 0.002, "float32", "relu"),
        )
        self.decoder = sequential(
            (code,),
            *(_dense(width, initializers, 0.002, dtype, "relu") for width in reversed(first)),
            _dense(data_spec.values, initializers, 0.002, "float32"),
            keras.layers.Reshape(data_spec.shape, dtype="float32"),
        )
        self.built = True

    def call(self, x, condition=None, noise=None, training=False):
        code = self.encoder(self.joined(x, condition))
        return self.decoder(code), code


def _dense(units, initializers, deviation, dtype, activation=None, use_bias=True):
    return keras.layers.Dense(
        units, activation, use_bias, kernel_initializer=initializers.normal(deviation), dtype=dtype
    )
