"""What a pixel's prediction depends on, read off the gradients (1601.06759, Figures 2 and 4)."""

import tensorflow as tf


def of_layer(model, shape):
    """The context of one bare layer: of the features at the center of a map, on its input.

    Args:
        model: a `Likelihood`; its last network's first block is meant.
        shape: (height, width).

    Returns:
        float32 [H, W]: the gradient's mean size at each place, 0 outside of the context.
    """
    layer = model.networks[-1].blocks[0]
    numbers = tf.range(shape[0] * shape[1] * layer.bare_inputs, dtype=tf.float32)
    x = tf.reshape(tf.sin(numbers), [1, *shape, layer.bare_inputs])  # any will do
    with model.ema_scope():
        return _sizes(layer.bare, x)


def of_network(model, x):
    """The context of a whole network: of the logits at the center, on the picture.

    Args:
        model: a `Likelihood`; of several networks the last is meant, by its own picture alone.
        x: float32 [B, H, W, C], examples in the model's range: their mean is taken.

    Returns:
        As `of_layer`.
    """
    last = len(model.strides) - 1
    before = [x[:, ::stride, ::stride] for stride in model.strides[:-1]]
    with model.ema_scope():
        return _sizes(lambda x: model.logits(last, [*before, x]), x)


def _sizes(function, x):
    _, height, width, _ = x.shape
    with tf.GradientTape() as tape:
        tape.watch(x)
        # Squares, so that features do not cancel.
        value = tf.reduce_sum(function(x)[:, height // 2, width // 2] ** 2)
    gradient = tape.gradient(value, x)
    return tf.reduce_mean(tf.abs(gradient), axis=[0, 3])
