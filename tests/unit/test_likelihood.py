"""Likelihoods of levels by hand, and the figures that are made of them."""

import math

import numpy as np

from zoo.data.spec import DataSpec
from zoo.metrics import likelihood as figures


def test_likelihood_figures_by_hand():
    spec = DataSpec("pictures", (1, 2, 1), levels=2)
    found = figures.summary(np.array([1.0, 3.0]), spec)
    np.testing.assert_allclose(found["nll"], (2.0, 1.0))
    np.testing.assert_allclose(found["bits_per_dim"], (1 / math.log(2), 0.5 / math.log(2)))
    train = np.float32([[0, 1], [0, 1], [0, 0]]).reshape(3, 1, 2, 1)
    test = np.float32([[0, 1], [1, 0]]).reshape(2, 1, 2, 1)
    by_hand = [-math.log(4 / 5 * 3 / 5), -math.log(1 / 5 * 2 / 5)]
    np.testing.assert_allclose(figures.independent(train, test, 2), by_hand)
