"""One batch as a loop sees it."""

import typing

import keras
import tensorflow as tf

from zoo.training import conditions


class Batch(typing.NamedTuple):
    """One batch as a loop sees it (B examples, this replica's share), in the papers' letters.

    x: float32 [B, …], real examples in the model's range, or [B, k, …] for k updates in one step.
    y: float32 [B, d], what x is conditioned on, or [B, k, d]; None without a condition.
    index: integers [B], the global index of each example, which names its noise.
    weight: float32 [B]: 0 for the copies that fill up the last batch of an evaluation.
    stacked: whether x is [B, k, …].
    """

    x: tf.Tensor
    y: tf.Tensor | None
    index: tf.Tensor
    weight: tf.Tensor
    stacked: bool

    @classmethod
    def of(cls, data, spec):
        """Returns the batch in what `fit` hands over: our dicts, a tensor, or (x, y).

        Args:
            data: the element of `fit`'s data.
            spec: the `DataSpec` of the model.
        """
        if isinstance(data, dict):
            x, y, weight, index = (data.get(key) for key in ("x", "y", "weight", "index"))
        else:
            x, y, weight = keras.utils.unpack_x_y_sample_weight(data)
            # Plain arrays carry no index: the place in the global batch names the noise.
            size = tf.shape(x)[0]
            replica = tf.distribute.get_replica_context().replica_id_in_sync_group
            index = replica * size + tf.range(size)
        if weight is None:
            weight = tf.ones_like(index, tf.float32)
        x = tf.cast(x, tf.float32)
        # Keras' shapes are relaxed to no rank where they vary from call to call.
        stacked = (x.shape.rank or 0) > len(spec.shape) + 1
        return cls(x, conditions.encoded(spec, y), index, weight, stacked)

    def blocks(self, count):
        """Returns the fresh (x [B, …], y [B, d] or None) of each of `count` updates."""
        if not self.stacked:
            if count > 1:
                raise ValueError(
                    f"{count} updates a step need fresh data for each, x [B, {count}, …]: pass "
                    f"block={count} to Dataset.train."
                )
            return [(self.x, self.y)]
        xs = tf.unstack(self.x, count, axis=1)
        ys = [None] * count if self.y is None else tf.unstack(self.y, count, axis=1)
        return list(zip(xs, ys, strict=True))
