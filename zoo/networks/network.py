"""The base of the zoo's networks: built when they are made, and strict about conditions.

Every layer of the zoo is told its dtype, and where it has one its data format: Keras' global ones
(`keras.config.set_dtype_policy`, keras.json) are somebody else's and change nothing here.
"""

import keras
import tensorflow as tf

from zoo.serializable import Serializable


def sequential(shape, *layers):
    """Returns a `keras.Sequential` of layers on inputs float32 [B, *shape]."""
    return Sequential([keras.Input(shape), *layers])


@keras.saving.register_keras_serializable("zoo")
class Sequential(keras.Sequential):
    """Keras' own, in float32; its layers have their own dtypes."""

    def __init__(self, layers=None, name=None):
        super().__init__(layers, name=name)
        self.dtype_policy = "float32"  # which Keras' takes no argument for


class Network(Serializable, keras.Model):
    """A network that a model's loop calls.

    Its `call` takes (inputs, condition=None, noise=None, training=False): `condition` is float32
    [B, d]; with a `zoo.noise.Noise` dropout is on.

    Args:
        condition_size: d of the condition that the network takes; 0 where it takes none.
    """

    def __init__(self, condition_size=0):
        super().__init__(dtype="float32")
        self.condition_size = condition_size

    @property
    def convolutions(self):
        """A discriminator's layers from the picture to the last convolution's activation, where
        they follow one after another; [] of other networks."""
        return []

    def check(self, condition):
        """Checks the condition that a call is given.

        Raises:
            ValueError: a condition for a network that takes none, none for one that takes one, or
                one of another width.
        """
        given = 0 if condition is None else condition.shape[-1]
        if given != self.condition_size:
            takes = f"one of {self.condition_size} numbers" if self.condition_size else "none"
            raise ValueError(
                f"{type(self).__name__} got a condition of {given} numbers and takes {takes}: make "
                "it with condition_size=…, or leave the condition out."
            )

    def joined(self, inputs, condition):
        """Returns inputs [B, n] with the condition, which is checked, at their end, [B, n + d]."""
        self.check(condition)
        return inputs if condition is None else tf.concat([inputs, condition], axis=-1)
