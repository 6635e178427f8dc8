"""Keras' callbacks that set a learning rate, for a model with several optimizers."""

import types

import keras

from zoo.config import UserError, nearest


class RateOf(keras.callbacks.Callback):
    """Hands one of a model's optimizers to a callback of Keras' that sets its rate.

        plateau = keras.callbacks.ReduceLROnPlateau("val_g_loss", mode="min")
        model.fit(x, validation_data=(held_out, None), callbacks=[RateOf("generator", plateau)])

    Args:
        name: the optimizer's, of `model.optimizers()`.
        callback: a `ReduceLROnPlateau`, a `LearningRateScheduler`, or another that looks at
            `model.optimizer` alone, when training or an epoch begins or ends.
    """

    def __init__(self, name, callback):
        super().__init__()
        self._name, self._callback = name, callback

    def set_model(self, model):
        """See Keras.

        Raises:
            UserError: the model has no optimizer of that name.
        """
        super().set_model(model)
        optimizers = model.optimizers()
        if self._name not in optimizers:
            raise UserError(f"unknown optimizer {self._name!r}: {nearest(self._name, optimizers)}.")
        _, optimizer = optimizers[self._name]
        self._callback.set_model(types.SimpleNamespace(optimizer=optimizer))

    def on_train_begin(self, logs=None):
        self._callback.on_train_begin(logs)

    def on_epoch_begin(self, epoch, logs=None):
        self._callback.on_epoch_begin(epoch, logs)

    def on_epoch_end(self, epoch, logs=None):
        self._callback.on_epoch_end(epoch, logs)

    def on_train_end(self, logs=None):
        self._callback.on_train_end(logs)
