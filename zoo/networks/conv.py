"""Strided convolutional networks that fit themselves to the data.

The sizing rule: a picture is halved while both sides are even and more than 4, so 8x8 has one
stage (to 4), 28x28 two (to 7), 32x32 three and 64x64 four (to 4).  Channels double with every
halving.
"""

import keras

from zoo.networks.mlp import dense
from zoo.networks.network import sequential


def stages(data_spec):
    """Returns how many times the pictures are halved."""
    height, width, _ = data_spec.shape
    count = 0
    while height % 2 == 0 and width % 2 == 0 and min(height, width) > 4:
        height, width, count = height // 2, width // 2, count + 1
    return count


def encoder(data_spec, base, outputs, initializers, dtype):
    """Picture [B, H, W, C] -> [B, `outputs`]; `base` channels in the first stage."""
    return sequential(
        data_spec.shape,
        *(
            _conv(keras.layers.Conv2D, base * 2**i, initializers, dtype)
            for i in range(stages(data_spec))
        ),
        keras.layers.Flatten(data_format="channels_last", dtype="float32"),
        dense(outputs, initializers),
    )


def decoder(data_spec, latent, base, initializers, dtype, maps=1):
    """Latent [B, `latent`] -> picture [B, H, W, `maps` * C], the encoder mirrored."""
    height, width, channels = data_spec.shape
    count = stages(data_spec)
    small = height >> count, width >> count, base * 2 ** max(count - 1, 0)
    up = keras.layers.Conv2DTranspose
    ups = [_conv(up, base * 2**i, initializers, dtype) for i in range(count - 1)]
    last = up if count else keras.layers.Conv2D
    return sequential(
        (latent,),
        dense(small[0] * small[1] * small[2], initializers, "relu", dtype=dtype),
        keras.layers.Reshape(small, dtype=dtype),
        *reversed(ups),
        _conv(
            last,
            maps * channels,
            initializers,
            "float32",
            activation=None,
            strides=2 if count else 1,
        ),
    )


def _conv(layer, filters, initializers, dtype, activation="relu", strides=2):
    return layer(
        filters, 4, strides, "same", data_format="channels_last", dtype=dtype,
        activation=activation, kernel_initializer=initializers.glorot_uniform(),
    )  # fmt: skip
