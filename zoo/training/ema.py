"""Moving averages of the weights that are sampled: w̄ ← d w̄ + (1 - d) w after each update.

The decay d warms up: at update t, from 0, it is min(ema, (1 + t) / (10 + t)).  With a fixed one of
0.999 an average is after 450 updates still 64 % first weights, and draws nothing.
"""

import tensorflow as tf


def decay(limit, updates):
    """d of the update after so many others, float32."""
    t = tf.cast(updates, tf.float32)
    return tf.minimum(limit, (1.0 + t) / (10.0 + t))


class Averages:
    """The averages of some of a model's weights: weights of the model themselves.

    Args:
        model: a `keras.Model`; call it inside the model's strategy's scope.
        optimizer: the one that moves the weights; it counts the updates.
        variables: the weights.
        limit: what the decay rises to.

    Attributes:
        pairs: (a weight, its average) for each.
        weights: the averages.
    """

    def __init__(self, model, optimizer, variables, limit):
        self.optimizer, self._limit = optimizer, limit
        # Replicas hold equal weights, so the first one's average is everybody's.
        self.weights = [
            model.add_weight(
                shape=variable.shape, initializer="zeros", trainable=False,
                name=f"average_{number}", aggregation="only_first_replica",
            )
            for number, variable in enumerate(variables)
        ]  # fmt: skip
        self.pairs = list(zip(variables, self.weights, strict=True))
        for variable, average in self.pairs:
            average.assign(variable)  # so that a picture before the first step shows it

    def update(self):
        """Moves the averages; call it after the optimizer's update."""
        d = decay(self._limit, self.optimizer.iterations - 1)
        for variable, average in self.pairs:
            average.assign(d * average + (1.0 - d) * variable)
