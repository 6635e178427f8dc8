"""The base of every model: the mean over replicas, the noise, optimizers, averages, sampling.

A loop file (`gan.py`, `vae.py`, …) holds one algorithm in full; shared machinery lives here.
"""

import contextlib
import importlib

import keras
import tensorflow as tf

from zoo import noise, priors
from zoo.config import UserError
from zoo.training import conditions, ema, fitting, inputs, saving
from zoo.training.batch import Batch


class GenerativeModel(saving.Saved, fitting.Fitted, keras.Model):
    """A compiled model: networks, their optimizers and a step counter, all of them weights.

    A subclass gives `optimizers`, `train_step`, `test_step` and `generate`.

    Attributes:
        config: the settings, a dataclass derived from `zoo.config.Common`.
        data_spec: what the data is like, a `zoo.data.spec.DataSpec`.
        step: int32 scalar weight, the training steps done.
    """

    modalities = ("images",)  # what the model can draw: `DataSpec.modality`
    conditional = "never"  # whether it draws x given y: "never", "optional" or "always"
    condition_kinds = ("label", "name", "image")  # what y may be: `DataSpec.condition`
    latent_kind = "normal"  # what its latents are distributed as: `priors.KINDS`
    metric_names = ()  # what `test_step` returns
    bounds_likelihood = False  # whether its `importance_weighted_bound` bounds a likelihood
    on_levels = False  # whether it draws one of the data's levels: others are refused
    any_size = False  # whether its pictures can be of any size: its `draw` and `tile`, `zoo.places`
    updates_per_step = 1  # fresh batches of real data in one step, e.g. a critic's updates
    # Whether XLA compiles a step by default.  On CPUs only steps with much work element by element
    # gain, such as noise for every dropout; compiling takes seconds before the first step.
    xla_pays = False

    def __init__(self, config, data_spec):
        super().__init__(dtype="float32")
        conditions.check_data(self, data_spec)
        self.config, self.data_spec = config, data_spec
        self.measure()
        self.step = self.add_weight(
            name="step", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        self._averaged = None

    # --- what a subclass gives ---------------------------------------------------------------

    def optimizers(self):
        """Returns name -> (trainable variables, their optimizer)."""
        raise NotImplementedError

    def generate(self, latents, condition=None):
        """Draws from latents.

        Args:
            latents: float32 [B, z].
            condition: see `conditions`.

        Returns:
            float32 [B, …]: pictures in [0, 1], points, or of text [B, L, S] the symbols'
            probabilities at each place.
        """
        raise NotImplementedError

    def diagnose(self, batch):
        """Returns (name -> scalar, name -> values for a histogram): what the run also records at
        its milestones, from one held-out `Batch`."""
        return {}, {}

    @property
    def prior(self):
        """What z is distributed as, see `priors`."""
        return ((self.latent_kind, self.config.latent),)

    @property
    def latent(self):
        """Size of z."""
        return priors.size(self.prior)

    @property
    def hidden_dtype(self):
        """The Keras dtype policy of hidden layers.  Weights are float32 under either, and so are
        the last layer of a network, what statistics are taken of, and every loss."""
        return "mixed_bfloat16" if self.config.precision == "bfloat16" else "float32"

    # --- verbs for the loops -----------------------------------------------------------------

    def batch(self, data):
        """Returns the `Batch` in what `fit` hands over: our dicts, a tensor, or (x, y)."""
        return Batch.of(data, self.data_spec)

    def latents(self, noise):
        """Returns one draw of the prior for each example of a `Noise`, float32 [B, z]."""
        return priors.draw(noise, self.prior)

    def noise(self, batch):
        """Returns the random numbers of this training step."""
        return noise.Noise(self.config.seed, noise.TRAINING, batch.index, self.step)

    def evaluation_noise(self, batch):
        """Returns random numbers that are the same at every evaluation."""
        return noise.Noise(self.config.seed, noise.EVALUATION, batch.index)

    def replica_mean(self, per_example):
        """The mean loss of this replica, scaled so that gradients *summed* over replicas are those
        of the global mean (Keras' optimizers sum)."""
        return tf.reduce_mean(per_example) / self.replicas

    def global_mean(self, per_example):
        """The mean over the global batch of values [B, …], the same on every replica.

        A loss that is computed from it is divided by the replicas like any other (`replica_mean`).
        """
        return self.global_sum(tf.reduce_mean(per_example, axis=0)) / self.replicas

    def global_sum(self, value):
        """The sum over all replicas of a tensor, the same on every replica."""
        if self.replicas == 1:
            return value
        replica = tf.distribute.get_replica_context()
        return replica.all_reduce(tf.distribute.ReduceOp.SUM, value)

    @property
    def replicas(self):
        """How many replicas share a batch."""
        return self.distribute_strategy.num_replicas_in_sync

    def minimize(self, optimizer, tape, loss, *networks, when=None):
        """One step of `optimizer` on the weights of `networks` down the gradient of `loss`.

        Args:
            when: a boolean scalar: the step is taken only where it is true.

        Raises:
            ValueError: the loss does not depend on one of the weights.
        """
        variables = [v for network in networks for v in network.trainable_variables]
        gradients = tape.gradient(loss, variables)
        for variable, gradient in zip(variables, gradients, strict=True):
            if gradient is None:
                raise ValueError(
                    f"the loss does not depend on {variable.path!r}, which {optimizer.name} moves: "
                    "compute it from this weight inside the tape's scope, or leave its network out."
                )
        # TensorFlow's graph optimizer may lose the order "read, then update" where a gradient does
        # not depend on the value read: E[f(real)] would then be that of the weights after the step.
        with tf.control_dependencies([loss]):
            gradients = [tf.identity(gradient) for gradient in gradients]
        if when is None:
            self._apply(optimizer, gradients, variables)
            return
        # An optimizer inside a `tf.cond` fails under MirroredStrategy: so step, and step back.
        averages = self._averaged.weights if self._averaged else []
        moved = [*variables, *optimizer.variables, *averages]
        before = [tf.identity(variable) for variable in moved]
        self._apply(optimizer, gradients, variables)
        for variable, old in zip(moved, before, strict=True):
            variable.assign(tf.where(when, variable, old))

    def _apply(self, optimizer, gradients, variables):
        optimizer.apply(gradients, variables)
        if self._averaged and optimizer is self._averaged.optimizer:
            self._averaged.update()

    def ema_scope(self):
        """Returns a scope in which the sampled weights are their moving averages, where those are
        kept."""
        if not self._averaged:
            return contextlib.nullcontext()
        return keras.StatelessScope(self._averaged.pairs)

    def sampled_weights(self):
        """Returns (a weight, what is sampled in its place: its moving average, or itself) for each
        of the model's weights that is not an average."""
        pairs = self._averaged.pairs if self._averaged else []
        averages = {id(weight): average for weight, average in pairs}
        kept = {id(average) for average in averages.values()}
        return [(v, averages.get(id(v), v)) for v in self.weights if id(v) not in kept]

    # --- presets -----------------------------------------------------------------------------

    @classmethod
    def from_preset(cls, preset, steps=None, **overrides):
        """Makes a compiled model that goes on from a preset: its weights, averages and step, with
        new optimizers.

        Args:
            preset: a folder, or else a name of `zoo.presets()`.
            steps: training steps to come; without them the learning rate does not fall.
            **overrides: settings over the preset's, e.g. ``learning_rate=1e-4``.

        Raises:
            zoo.config.UserError: there is no such preset, its files are damaged, or it is of
                another class than this one.
        """
        model = _presets("presets").load(preset, steps, **overrides)
        if not isinstance(model, cls):
            raise UserError(
                f"the preset {str(preset)!r} is a {type(model).__name__} and not a {cls.__name__}."
            )
        return model

    def save_to_preset(self, folder, conditions=None):
        """Writes a folder that `from_preset` and `zoo.load` take, laid out as KerasHub's.

        It holds the weights, a moving average in the place of each that has one, the step, the
        settings and the data's facts; no optimizers.

        Args:
            folder: where to; a preset there is replaced.
            conditions: examples of what the model is given; by default each class once.

        Raises:
            zoo.config.UserError: the model is not of the registry, it is given pictures and there
                are no `conditions`, or the folder holds other files or cannot be written.
        """
        _presets("preset_writer").save(self, folder, conditions)

    # --- compiling and running ---------------------------------------------------------------

    def compile(self, jit_compile="auto", steps_per_execution=1, run_eagerly=False):
        """Prepares `fit`; call it under the strategy that the model was made under.

        Args:
            jit_compile: True, False, or ``"auto"`` for what was measured to be faster.
            steps_per_execution: training steps in one call of the train function.  Over several
                replicas they are unrolled: 32 at most, and a remainder of batches that is smaller
                is left out.

        Raises:
            RuntimeError: another strategy is in scope than when the model was made.
            ValueError: `steps_per_execution` is over 32, and there are several replicas.
        """
        self._check_strategy()
        if self.replicas > 1 and steps_per_execution > 32:
            raise ValueError(
                f"steps_per_execution is {steps_per_execution} and at most 32 over several "
                "replicas: TensorFlow takes more reads of data in one graph for a mistake."
            )
        if jit_compile == "auto":
            jit_compile = self.xla_pays
        if self.replicas > 1:
            jit_compile = False  # XLA cannot compile a step over several CPU replicas
        super().compile(
            optimizer=None,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
        )

    def build_optimizer(self, optimizer, variables):
        """Builds `optimizer` for `variables` and returns it.

        Its slots exist from then on, so that `load_weights` and checkpoints restore them too.
        """
        made_here = self.distribute_strategy.extended.variable_created_in_scope
        if not made_here(optimizer.iterations.value):
            raise RuntimeError("make the optimizers inside the model's strategy.scope().")
        optimizer.build(variables)
        return optimizer

    def sampled_by(self, optimizer, variables):
        """Says which weights a sample is drawn with, and which optimizer moves them: where the
        settings ask for moving averages, they are of these.

        Args:
            optimizer: one that was built for the trainable ones among them.
            variables: weights; a BatchNorm's statistics too, so that they fit the averages.
        """
        if self._averaged:  # compiled again, with another optimizer
            self._averaged.optimizer = optimizer
        elif self.config.ema:
            self._averaged = ema.Averages(self, optimizer, variables, self.config.ema)
        # A checkpoint does not look into a Keras layer's lists; an optimizer names what is trained,
        # and a BatchNorm's statistics would silently be left out.
        self._checkpointed = tf.train.Checkpoint(weights=[v.value for v in self.weights])

    # --- sampling ----------------------------------------------------------------------------

    def call(self, latents, condition=None):
        """See `generate`."""
        return self.generate(latents, condition)

    def sample(self, num, seed=0, condition=None):
        """Draws `num` examples as `generate` does, a function of `seed` and `condition` alone; a
        larger `num` begins with the same ones."""
        return self.generate(self.sampling_latents(num, seed), condition)

    def sampling_latents(self, num, seed):
        """Returns the latents that `sample` draws, float32 [num, z]."""
        return self.latents(noise.Noise(seed, noise.SAMPLING, tf.range(num)))

    def conditions(self, condition, num):
        """Returns y float32 [num, d] from what a caller gives, repeated in turn up to `num`.

        Args:
            condition: labels int [L], or float32 [L, d] where the model is given a name or a
                picture; None for an unconditional model.
            num: an integer or int32 scalar.
        """
        y = conditions.encoded(self.data_spec, condition)
        return None if y is None else tf.gather(y, tf.range(num) % tf.shape(y)[0])

    def signatures(self):
        """Returns name -> (function of tensors, its `inputs.Input`s): what an export offers.

        The function takes a number as a scalar, and returns name -> tensor.
        """
        given = inputs.conditions(self.data_spec)
        return {
            "generate": (
                lambda z, *y: self._outputs(self.generate(z, *y)),
                [inputs.latents(self), *given],
            ),
            "sample": (
                lambda n, s, *y: self._outputs(self.sample(n, s, *y)),
                [inputs.NUM, inputs.SEED, *given],
            ),
        }

    def _outputs(self, x):
        """Drawn examples by their name in an export; of text also each place's likeliest symbol."""
        modality = self.data_spec.modality
        codes = {"codes": tf.argmax(x, axis=-1, output_type=tf.int32)} if modality == "text" else {}
        return {modality: x} | codes

    def _check_strategy(self):
        if tf.distribute.get_strategy() is not self.distribute_strategy:
            raise RuntimeError(
                "compile the model inside the strategy.scope() that it was made in, or its "
                "replicas drift apart."
            )


def _presets(name):
    # By its name: presets lead, through the registry, to every model, which are above this file.
    return importlib.import_module(f"zoo.runs.{name}")
