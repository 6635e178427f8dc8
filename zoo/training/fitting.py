"""What Keras' `fit` and `evaluate` call of a model."""

import types

import keras

from zoo.training import arrays, execution


class Fitted:
    """The part of a `GenerativeModel` that `fit` and `evaluate` call.

    Attributes:
        pace: an `execution.Pace`, where executions are as long as a second; else None.
    """

    pace = None

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        # A namespace, because Keras and checkpoints would track a dict.
        self._last = types.SimpleNamespace(logs={})

    def measure(self):
        """Makes the means of what `test_step` returns; `metric_names` are known by then."""
        self._means = [keras.metrics.Mean(name) for name in self.metric_names]

    def fit(self, x=None, y=None, batch_size=None, *args, **kwargs):
        """See Keras; the first batch of a caller's own arrays is checked, see `arrays.checked`.

        Keras' callbacks work as they are, but for these:

        * What looks at a metric is told its name and direction (``EarlyStopping("val_elbo",
          mode="max")``): there is no ``val_loss``, but a ``val_`` for each of `metric_names`.
          `TerminateOnNaN` looks at a ``loss`` alone and stops nothing.
        * What sets a rate (`ReduceLROnPlateau`, `LearningRateScheduler`) goes into a
          `rates.RateOf`, which names the optimizer: `model.optimizer` is None.
        * `EarlyStopping(restore_best_weights=True)` restores weights, and not the optimizers.
        * `BackupAndRestore` brings back weights and optimizers, and begins the data anew; the run
          directories of `zoo.train` resume exactly.
        """
        x = arrays.checked(self, x, y, batch_size)
        return super().fit(x, y, batch_size, *args, **kwargs)

    def evaluate(self, x=None, y=None, batch_size=None, *args, **kwargs):
        """See Keras; the first batch of a caller's own arrays is checked, see `arrays.checked`."""
        x = arrays.checked(self, x, y, batch_size)
        return super().evaluate(x, y, batch_size, *args, **kwargs)

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

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing: a model here is built.  Keras' own takes the mean of a batch over the replicas,
        which fails for a dict on several machines."""

    def get_metrics_result(self):
        """Nothing: the train and test functions hand Keras finished logs."""
        return {}

    def step_logs(self):
        """Returns name -> float32 [K]: the logs of each step of the last execution."""
        return self._last.logs
