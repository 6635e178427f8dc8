"""LeakyReLU in a form that TensorFlow's graph optimizer can work with."""

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("zoo")
class LeakyReLU(keras.layers.LeakyReLU):
    """max(x, αx): the values of Keras' layer of the same name, α from 0 to 1.

    TensorFlow's remapper joins a convolution, its bias and Keras' LeakyRelu into one op, fails on
    the gradient, which needs what is between them, and then joins nothing in the whole step: a
    penalized step takes a tenth longer, and an error is logged.
    """

    def call(self, x):
        return tf.maximum(x, self.negative_slope * x)
