"""A model's optimizer settings, optimizers by name, and the schedule of the GAN paper's code.

Those that are built here are Keras' own with one method replaced: an update is one of TensorFlow's
fused kernels, which passes over memory once, where Keras' operations pass over it a dozen times.
Slots, their names and what `get_config` returns are Keras', and so are the numbers within rounding.
Keras gives slots no public names: `_get_variable_index`, `_momentums`, `_velocities` and
`_accumulators` are those by which its own optimizers find them.
"""

import dataclasses
import math
import types

import keras
import tensorflow as tf

from zoo.config import Common, UserError, setting

NAMES = ("adam", "sgd", "rmsprop", "adagrad")


@dataclasses.dataclass(frozen=True)
class Settings(Common):
    """The settings that every model has, with those of its optimizers."""

    optimizer: str = setting("adam", "which optimizer, of every network", choices=NAMES)
    learning_rate: float = setting(1e-3, "step size", above=0)
    beta_1: float = setting(0.9, "Adam's, or SGD's momentum", low=0, high=0.9999)
    beta_2: float = setting(0.999, "Adam's", low=0, high=0.99999)
    decay: str = setting(
        "none", "of the rate; linear: to 0 over all steps of the run", choices=("none", "linear")
    )


def of(config, steps=None, updates=1):
    """Returns the optimizer that a model's `Settings` name.

    Args:
        config: the `Settings`.
        steps: the training steps of the whole run; needed where the rate falls.
        updates: how many of this optimizer's updates a step takes.

    Raises:
        UserError: the rate falls over a run whose length is not given.
    """
    rate = config.learning_rate
    if config.decay == "linear":
        if not steps:
            raise UserError(
                "decay=linear takes the rate to 0 over the whole run, so its length is needed: "
                "pass steps=…, or leave decay out."
            )
        rate = keras.optimizers.schedules.PolynomialDecay(rate, steps * updates, 0.0)
    if config.optimizer == "adam":
        return Adam(rate, beta_1=config.beta_1, beta_2=config.beta_2)
    if config.optimizer == "rmsprop":
        return RMSprop(rate)
    if config.optimizer == "adagrad":
        return Adagrad(rate)
    return SGD(rate, momentum=config.beta_1)


@keras.saving.register_keras_serializable("zoo")
class Adam(keras.optimizers.Adam):
    """Keras' Adam in one kernel, less its AMSGrad variant."""

    def update_step(self, gradient, variable, learning_rate):
        if self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        place = self._get_variable_index(variable)
        step = tf.cast(self.iterations + 1, tf.float32)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[place].value.handle,
            v=self._velocities[place].value.handle,
            beta1_power=tf.pow(self.beta_1, step),
            beta2_power=tf.pow(self.beta_2, step),
            lr=learning_rate,
            beta1=self.beta_1,
            beta2=self.beta_2,
            epsilon=self.epsilon,
            grad=gradient,
        )


@keras.saving.register_keras_serializable("zoo")
class SGD(keras.optimizers.SGD):
    """Keras' SGD, with momentum or without it, in one kernel; less Nesterov's variant."""

    def update_step(self, gradient, variable, learning_rate):
        if self.nesterov:
            super().update_step(gradient, variable, learning_rate)
        elif self.momentum:
            self.momentum_step(gradient, variable, learning_rate, self.momentum)
        else:
            tf.raw_ops.ResourceApplyGradientDescent(
                var=variable.handle, alpha=learning_rate, delta=gradient
            )

    def momentum_step(self, gradient, variable, learning_rate, momentum):
        """velocity ← `momentum` velocity - `learning_rate` gradient; variable ← variable +
        velocity."""
        tf.raw_ops.ResourceApplyKerasMomentum(
            var=variable.handle,
            accum=self.momentums[self._get_variable_index(variable)].value.handle,
            lr=learning_rate,
            grad=gradient,
            momentum=momentum,
        )


@keras.saving.register_keras_serializable("zoo")
class RMSprop(keras.optimizers.RMSprop):
    """Keras' RMSProp in one kernel, less its variants with momentum and centered.

    The kernel writes a momentum, which is nothing but the update where its factor is 0: it goes to
    a scratch variable, which is no slot and in no checkpoint.
    """

    def build(self, variables):
        super().build(variables)
        # A namespace, because Keras and checkpoints would track a list.
        self._scratch = types.SimpleNamespace(
            variables=[tf.Variable(tf.zeros(v.shape), trainable=False) for v in variables]
        )

    def update_step(self, gradient, variable, learning_rate):
        if self.momentum or self.centered:
            super().update_step(gradient, variable, learning_rate)
            return
        place = self._get_variable_index(variable)
        tf.raw_ops.ResourceApplyRMSProp(
            var=variable.handle,
            ms=self._velocities[place].value.handle,
            mom=self._scratch.variables[place].handle,
            lr=learning_rate,
            rho=self.rho,
            momentum=0.0,
            epsilon=self.epsilon,
            grad=gradient,
        )


@keras.saving.register_keras_serializable("zoo")
class Adagrad(keras.optimizers.Adagrad):
    """Keras' Adagrad in one kernel; accumulators begin at 0, as in the method's paper, so that a
    step does not depend on the loss's scale.

    Keras has √(a + ε) in the denominator and the kernel √a + ε: so ε is the accumulator's first
    value and the kernel's is 0.
    """

    def __init__(self, learning_rate, epsilon=1e-7, **options):
        options["initial_accumulator_value"] = epsilon
        super().__init__(learning_rate, epsilon=epsilon, **options)

    def update_step(self, gradient, variable, learning_rate):
        tf.raw_ops.ResourceApplyAdagradV2(
            var=variable.handle,
            accum=self._accumulators[self._get_variable_index(variable)].value.handle,
            lr=learning_rate,
            epsilon=0.0,
            grad=gradient,
        )


@keras.saving.register_keras_serializable("zoo")
class AnnealedSGD(SGD):
    """Momentum SGD whose rate decays and whose momentum rises, as the GAN authors' code has it.

    The rate is ``learning_rate / decay**t`` and at least 1e-6; momentum goes linearly from
    `first` to `last` over `rise` updates.
    """

    def __init__(self, learning_rate, decay, first, last, rise, **options):
        super().__init__(_Decay(learning_rate, decay), momentum=first, **options)
        self._start, self._decay = learning_rate, decay
        self._first, self._last, self._rise = first, last, rise

    def update_step(self, gradient, variable, learning_rate):
        part = tf.minimum(tf.cast(self.iterations, tf.float32) / self._rise, 1.0)
        momentum = self._first + (self._last - self._first) * part
        self.momentum_step(gradient, variable, learning_rate, momentum)

    def get_config(self):
        config = super().get_config()
        del config["momentum"]  # which is `first`
        schedule = {"learning_rate": self._start, "decay": self._decay}
        return {
            **config, **schedule, "first": self._first, "last": self._last, "rise": self._rise
        }  # fmt: skip


@keras.saving.register_keras_serializable("zoo", "Decay")
class _Decay(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, start, decay):
        self._start, self._decay = start, decay

    def __call__(self, step):
        # By its logarithm: in float32 the power itself is half a per cent off after 100,000 steps.
        rate = self._start * tf.exp(-math.log(self._decay) * tf.cast(step, tf.float32))
        return tf.maximum(rate, 1e-6)

    def get_config(self):
        return {"start": self._start, "decay": self._decay}
