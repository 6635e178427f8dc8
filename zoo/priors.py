"""A latent's prior: independent parts side by side.

    (("normal", 100),)                                            N(0, I)
    (("symmetric", 62), ("categorical", 10), ("symmetric", 2))    InfoGAN's z and codes

normal       N(0, 1)
uniform      U(0, 1)
symmetric    U(-1, 1)
categorical  one of as many classes as the part is wide, one-hot
dropout      U(0, 1) for each unit that dropout drops where the number is below its rate
"""

import tensorflow as tf

# The bounds here and in `noise._to_uniform` change no number.  Without them TensorFlow Lite's
# converter folds scale and shift into the dense layer that takes the numbers.  Its weights are then
# too small for float16 and int8, and differ from those of the same layer in `generate`.
KINDS = {
    "normal": lambda noise, size: noise.normal((size,)),
    "uniform": lambda noise, size: noise.uniform((size,)),
    "dropout": lambda noise, size: noise.uniform((size,)),
    "symmetric": lambda noise, size: tf.maximum(2.0 * noise.uniform((size,)) - 1.0, -1.0),
    "categorical": lambda noise, size: tf.one_hot(
        tf.cast(noise.uniform((1,))[:, 0] * size, tf.int32), size
    ),
}


def size(prior):
    """Returns how many numbers a latent has."""
    return sum(width for _, width in prior)


def checked(parts):
    """Returns a prior as it stands in a JSON file, whose tuples are lists.

    Raises:
        ValueError: it is none.
    """
    for kind, width in parts:
        if kind not in KINDS or type(width) is not int or width < 1:
            raise ValueError(f"no part of a prior: {kind!r}, {width!r}")
    return tuple((kind, width) for kind, width in parts)


def draw(noise, prior):
    """Returns one latent for each example of a `Noise`, float32 [B, z]; each part is a draw."""
    parts = [KINDS[kind](noise, width) for kind, width in prior]
    return parts[0] if len(parts) == 1 else tf.concat(parts, axis=-1)
