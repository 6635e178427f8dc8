"""One batch as a loop sees it."""

import typing

import tensorflow as tf


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
