"""Transposed convolutions as devices run them faster: a convolution and a depth-to-space.

A transposed convolution of stride 2 is four convolutions, one for each parity of the output's rows
and columns; each sees 3x3 pixels of the input at most.  So it equals one 3x3 convolution to four
times the channels whose outputs are interleaved (Shi et al. 2016, arXiv:1609.05158, section 2.2),
with the kernel's rows and columns rearranged.  It multiplies more zeros, and yet TensorFlow Lite's
kernels of it are twice as fast on a DCGAN's generator (`results/exports.json`), and quantized ones
keep their speed in a batch of any size.  TensorFlow's own transposed convolution is the faster one
in batches of 64, so training and servers keep it.
"""

import contextlib

import keras
import tensorflow as tf


@contextlib.contextmanager
def as_convolutions():
    """A scope in which Keras' transposed convolutions of stride 2 are computed so."""
    # Of the class, since Keras has no public list of the layers within a layer.
    transposed = keras.layers.Conv2DTranspose.call

    def call(layer, x):
        return _call(layer, x) if _fits(layer) else transposed(layer, x)

    keras.layers.Conv2DTranspose.call = call
    try:
        yield
    finally:
        keras.layers.Conv2DTranspose.call = transposed


def rearranged(kernel):
    """The kernel [k, k, outputs, inputs] of a transposed convolution, k 3 to 6, as that of the
    convolution: [3, 3, inputs, 4 * outputs]."""
    size, _, outputs, inputs = kernel.shape
    # Row 2p + a of the output sees row p + d of the input through the kernel's row
    # a - 2d + (size - 2) // 2: a and d are two digits of a number from 0 to 5, d falling.
    before = 2 - (size - 2) // 2
    around = [before, 6 - size - before]
    # Rows, then columns: the converter computes no constant that is over twice as large as what it
    # is made of, and would leave the padding of a 4x4 kernel at once, and all after it, to devices.
    padded = tf.pad(kernel, [around, [0, 0], [0, 0], [0, 0]])
    padded = tf.pad(padded, [[0, 0], around, [0, 0], [0, 0]])
    whole = tf.reshape(padded, [3, 2, 3, 2, outputs, inputs])
    ordered = tf.transpose(tf.reverse(whole, [0, 2]), [0, 2, 5, 1, 3, 4])
    return tf.reshape(ordered, [3, 3, inputs, 4 * outputs])


def _fits(layer):
    return (
        (tuple(layer.strides), layer.padding, layer.output_padding) == ((2, 2), "same", None)
        and tuple(layer.dilation_rate) == (1, 1)
        and layer.kernel_size[0] == layer.kernel_size[1]
        and 3 <= layer.kernel_size[0] <= 6
    )


def _call(layer, x):
    kernel = rearranged(tf.convert_to_tensor(layer.kernel))
    x = tf.nn.depth_to_space(tf.nn.conv2d(x, kernel, 1, "SAME"), 2)
    if layer.use_bias:
        x = x + tf.convert_to_tensor(layer.bias)
    return layer.activation(x)
