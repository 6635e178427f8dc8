"""Optimisers by name, and the momentum schedule of the GAN paper's code."""

import math

import keras
import tensorflow as tf

NAMES = ("adam", "sgd", "rmsprop", "adagrad")


def optimizer(name, learning_rate, ema=0.0, beta_1=0.9, beta_2=0.999):
    """Returns a Keras optimiser; `ema` > 0 keeps a moving average of the weights it updates.

    Args:
        name: one of `NAMES`.
        learning_rate: a number or a Keras schedule.
        beta_1: Adam's, and SGD's momentum; RMSProp and Adagrad have none.
        beta_2: Adam's.
    """
    average = {"use_ema": True, "ema_momentum": ema} if ema else {}
    if name == "adam":
        return keras.optimizers.Adam(learning_rate, beta_1=beta_1, beta_2=beta_2, **average)
    if name == "rmsprop":
        return keras.optimizers.RMSprop(learning_rate, **average)
    if name == "adagrad":
        # From 0, as in the method's paper: a step then does not depend on the loss's scale.
        return keras.optimizers.Adagrad(learning_rate, initial_accumulator_value=0.0, **average)
    return keras.optimizers.SGD(learning_rate, momentum=beta_1, **average)


def falling(learning_rate, updates):
    """Returns a rate that falls linearly to 0 over so many updates; 0 updates: it stays."""
    if not updates:
        return learning_rate
    return keras.optimizers.schedules.PolynomialDecay(learning_rate, updates, 0.0)


class AnnealedSGD(keras.optimizers.SGD):
    """Momentum SGD whose rate decays and whose momentum rises, as the GAN authors' code has it.

    The rate is ``learning_rate / decay**t`` and at least 1e-6; momentum goes linearly from
    `first` to `last` over `rise` updates.
    """

    def __init__(self, learning_rate, decay, first, last, rise, ema=0.0):
        average = {"use_ema": True, "ema_momentum": ema} if ema else {}
        super().__init__(_Decay(learning_rate, decay), momentum=first, **average)
        self._first, self._last, self._rise = first, last, rise

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.momentums[self._get_variable_index(variable)]
        part = tf.minimum(tf.cast(self.iterations, tf.float32) / self._rise, 1.0)
        momentum = self._first + (self._last - self._first) * part
        update = momentum * velocity - learning_rate * gradient
        self.assign(velocity, update)
        self.assign_add(variable, update)


class _Decay(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, start, decay):
        self._start, self._decay = start, decay

    def __call__(self, step):
        # By its logarithm: in float32 the power itself is half a per cent off after 100,000 steps.
        rate = self._start * tf.exp(-math.log(self._decay) * tf.cast(step, tf.float32))
        return tf.maximum(rate, 1e-6)

    def get_config(self):
        return {"start": self._start, "decay": self._decay}
