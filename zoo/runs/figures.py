"""Figures of `zoo.evaluate` over a training: each time of the same samples.

What `zoo.train --figures` asks for.  `metrics.jsonl` has them at each validation, TensorBoard too.
"""

import math

import numpy as np

from zoo.config import UserError
from zoo.metrics import evaluation

SAMPLES = 1000  # or as many as there are held-out examples


class Figures:
    """Judges a model in training; called, it returns name -> value, those that are finite.

    Args:
        model: a `GenerativeModel`; where it keeps moving averages, these draw.
        data: the `Dataset` that it trains on.
        given: the data's example conditions, see `Dataset.conditions`.
        names: of the figures.

    Raises:
        UserError: the data has no such figure, or one of the model's losses has its name.
    """

    def __init__(self, model, data, given, names):
        import tensorflow as tf

        for name in names:
            if name in model.metric_names:
                raise UserError(
                    f"{name!r} is a loss of this model too, and metrics.jsonl has one line for "
                    "both: leave it out of --figures."
                )
        self._judge = evaluation.judge(data, data.validation, SAMPLES, names)
        # Names are judged against the held-out pictures that they are drawn for.
        given = getattr(self._judge, "given", given)
        self._given = None if given is None else given[np.arange(SAMPLES) % len(given)]
        z = model.sampling_latents(SAMPLES, model.config.seed)
        # Traced once; called under the strategy's scope it reads the first replica.
        self._draw = tf.function(lambda: model.generate(z, self._given), autograph=False)

    def __call__(self):
        """Returns name -> value, of the weights as they are now."""
        found = self._judge.of(self._draw().numpy(), self._given)
        values = {
            name: float(one["value"] if isinstance(one, dict) else one)
            for name, one in found.items()
        }
        # Samples without a mode have an infinite divergence, which a line of JSON cannot hold.
        return {name: value for name, value in values.items() if math.isfinite(value)}
