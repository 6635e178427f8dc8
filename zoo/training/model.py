"""The base of every model: the mean over replicas, the noise, optimisers, averages, sampling.

A loop file (`gan.py`, `vae.py`, …) holds one algorithm in full; what is the same for all of them,
and would hide the algorithm there, is here.
"""

import types
import typing

import keras
import tensorflow as tf

from zoo import noise
from zoo.training import execution


class Batch(typing.NamedTuple):
    """One batch as a loop sees it (B examples, this replica's share).

    images: float32 [B, H, W, C], or [B, k, H, W, C] for k updates in one step.
    index: integers [B], the global index of each example, which names its noise.
    label: int32 [B] or None.
    weight: float32 [B]: 0 for the copies that fill up the last batch of an evaluation.
    """

    images: tf.Tensor
    index: tf.Tensor
    label: tf.Tensor | None
    weight: tf.Tensor

    def blocks(self, count):
        """Returns the images of `count` updates, each [B, H, W, C]."""
        if self.images.shape.rank == 5:
            return tf.unstack(self.images, count, axis=1)
        if count > 1:
            raise ValueError(
                f"{count} updates a step need fresh data for each, images [B, {count}, H, W, C]: "
                f"pass block={count} to Dataset.train."
            )
        return [self.images]


class GenerativeModel(keras.Model):
    """A compiled model: networks, their optimisers and a step counter, all of them weights.

    A subclass gives `players`, `train_step`, `test_step` and `generate`.

    Attributes:
        config: the settings, a dataclass derived from `zoo.config.Common`.
        data_spec: what the data is like, a `zoo.data.spec.DataSpec`.
        step: int32 scalar weight, the training steps done.
    """

    metric_names = ()  # what `test_step` returns
    images_per_step = 1  # fresh batches of real data in one step, e.g. a critic's updates
    xla_pays = True  # measured on CPUs: dense networks gain from XLA, convolutions lose

    def __init__(self, config, data_spec):
        super().__init__()
        self.config, self.data_spec = config, data_spec
        self.step = self.add_weight(
            name="step", shape=(), dtype="int32", initializer="zeros", trainable=False
        )
        self._means = [keras.metrics.Mean(name) for name in self.metric_names]
        # A namespace, because Keras and checkpoints would track a dict.
        self._last = types.SimpleNamespace(logs={})

    # --- what a subclass gives ---------------------------------------------------------------

    def players(self):
        """Returns name -> (trainable variables, their optimiser)."""
        raise NotImplementedError

    def generate(self, latents, condition=None):
        """Maps latents [B, z] to pictures float32 [B, H, W, C] in [0, 1]."""
        raise NotImplementedError

    # --- verbs for the loops -----------------------------------------------------------------

    def batch(self, data):
        """Returns the `Batch` in what `fit` hands over: our dicts, a tensor, or (x, y)."""
        if isinstance(data, dict):
            weight = data.get("weight")
            images, label, index = data["image"], data.get("label"), data["index"]
        else:
            images, label, weight = keras.utils.unpack_x_y_sample_weight(data)
            # Plain arrays carry no index: the place in the global batch names the noise.
            size = tf.shape(images)[0]
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            index = replica * size + tf.range(size)
        if weight is None:
            weight = tf.ones_like(index, tf.float32)
        return Batch(tf.cast(images, tf.float32), index, label, weight)

    def noise(self, batch):
        """Returns the random numbers of this training step."""
        return noise.Noise(self.config.seed, noise.TRAINING, batch.index, self.step)

    def evaluation_noise(self, batch):
        """Returns random numbers that are the same at every evaluation."""
        return noise.Noise(self.config.seed, noise.EVALUATION, batch.index)

    def replica_mean(self, per_example):
        """The mean loss of this replica, scaled so that gradients *summed* over replicas are those
        of the global mean (Keras' optimisers sum)."""
        return tf.reduce_mean(per_example) / self.distribute_strategy.num_replicas_in_sync

    def descend(self, optimizer, tape, loss, *networks):
        """One step of `optimizer` on the weights of `networks` down the gradient of `loss`."""
        variables = [v for network in networks for v in network.trainable_variables]
        optimizer.apply(tape.gradient(loss, variables), variables)

    def averaged(self, network, optimizer):
        """Returns `network` as a function that uses its moving averages where they are kept."""
        if not optimizer.use_ema:
            return network
        # Keras has no public name for the averages.
        average_of = {
            variable.path: average
            for variable, average in zip(
                optimizer._trainable_variables,
                optimizer._model_variables_moving_average,
                strict=True,
            )
        }
        trainable = [average_of[variable.path] for variable in network.trainable_variables]

        def call(*inputs):
            outputs, _ = network.stateless_call(trainable, network.non_trainable_variables, *inputs)
            return outputs

        return call

    # --- compiling and running ---------------------------------------------------------------

    def compile(self, jit_compile="auto", steps_per_execution=1, run_eagerly=False):
        """Prepares `fit`; call it under the strategy that the model was made under.

        Args:
            jit_compile: True, False, or ``"auto"`` for what was measured to be faster.
            steps_per_execution: training steps in one call of the train function, 32 at most; a
                remainder of batches that is smaller is left out.

        Raises:
            RuntimeError: another strategy is in scope than when the model was made.
            ValueError: `steps_per_execution` is over 32.
        """
        self._check_strategy()
        if steps_per_execution > 32:
            raise ValueError(
                f"steps_per_execution is {steps_per_execution} and at most 32: TensorFlow takes "
                "more reads of data in one graph for a mistake."
            )
        if jit_compile == "auto":
            jit_compile = self.xla_pays
        if self.distribute_strategy.num_replicas_in_sync > 1:
            jit_compile = False  # XLA cannot compile a step over several CPU replicas
        super().compile(
            optimizer=None,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
        )

    def adopt(self, optimizer, variables):
        """Builds `optimizer` for `variables` and returns it.

        Its slots exist from then on, so that `load_weights` and checkpoints restore them too.
        """
        if optimizer._distribution_strategy is not self.distribute_strategy:
            raise RuntimeError("make the optimisers inside the model's strategy.scope().")
        optimizer.build(variables)
        if optimizer.use_ema:
            for average, variable in zip(
                optimizer._model_variables_moving_average, variables, strict=True
            ):
                average.assign(variable)  # so that a picture before the first step shows it
        return optimizer

    def make_train_function(self, force=False):
        """Builds the function that `fit` calls; see `execution.train_function`."""
        if self.train_function is not None and not force:
            return
        self.train_function = execution.train_function(self, self._last)

    def make_test_function(self, force=False):
        """Builds the function that `evaluate` calls; see `execution.test_function`."""
        if self.test_function is not None and not force:
            return
        self.test_function = execution.test_function(self, self._means)

    def get_metrics_result(self):
        """Nothing: the train and test functions hand Keras finished logs."""
        return {}

    def step_logs(self):
        """Returns name -> float32 [K]: the logs of each step of the last execution."""
        return {name: values.numpy() for name, values in self._last.logs.items()}

    # --- sampling ----------------------------------------------------------------------------

    def call(self, latents, condition=None):
        """Pictures in [0, 1] from latents; see `generate`."""
        return self.generate(latents, condition)

    def latents(self, num, seed):
        """Returns the prior's draws float32 [num, z]; a longer batch begins with the shorter."""
        return noise.Noise(seed, noise.SAMPLING, tf.range(num)).normal((self.config.latent,))

    def sample(self, num, seed=0, condition=None):
        """Draws `num` pictures, float32 [num, H, W, C] in [0, 1], a function of `seed` alone."""
        return self.generate(self.latents(num, seed), condition)

    def signatures(self):
        """Returns name -> (function of tensors, its input specs): what an export offers.

        A spec of unknown rank is a number to the function; `exporting.signatures` takes it out of
        the forms in which servers and browsers send one.
        """
        latents = tf.TensorSpec((None, self.config.latent), tf.float32, "latents")
        num, seed = (tf.TensorSpec(None, tf.int32, name) for name in ("num", "seed"))
        return {
            "generate": (lambda latents: {"images": self.generate(latents)}, [latents]),
            "sample": (lambda num, seed: {"images": self.sample(num, seed)}, [num, seed]),
        }

    def _check_strategy(self):
        if tf.distribute.get_strategy() is not self.distribute_strategy:
            raise RuntimeError(
                "compile the model inside the strategy.scope() that it was made in, or its "
                "replicas drift apart."
            )
