"""Initial weights from the zoo's own generator: one seed, one network, on every machine."""

import math

from zoo import noise


class Initializers:
    """Hands out Keras initializers; each is the next draw of `seed`, in the order of building.

    Attributes:
        dtype: the Keras dtype policy of hidden layers.  Weights are float32 under either, and so
            are the last layer of a network, what statistics are taken of, and every loss.
        products: what a hidden layer's products are computed in.
    """

    def __init__(self, seed, precision="float32"):
        self._seed, self._draws = seed, 0
        self.products = precision
        self.dtype = "mixed_bfloat16" if precision == "bfloat16" else "float32"

    def glorot_uniform(self):
        """Uniform within ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16)."""

        def bound(shape):
            receptive = math.prod(shape[:-2])
            return math.sqrt(6.0 / (receptive * (shape[-2] + shape[-1])))

        return self._next("uniform", lambda shape, u: bound(shape) * (2.0 * u - 1.0))

    def he_uniform(self):
        """Uniform within ±√(6 / fan_in) (He et al. 2015, 1502.01852, eq. 10)."""

        def bound(shape):
            return math.sqrt(6.0 / math.prod(shape[:-1]))

        return self._next("uniform", lambda shape, u: bound(shape) * (2.0 * u - 1.0))

    def normal(self, deviation, mean=0.0):
        """N(`mean`, `deviation`²)."""
        return self._next("normal", lambda shape, n: mean + deviation * n)

    def _next(self, kind, scaled):
        draw, self._draws = self._draws, self._draws + 1

        def initializer(shape, dtype="float32"):
            if dtype != "float32":
                raise ValueError(f"weights are float32 here, not {dtype}")
            shape = tuple(shape)
            return scaled(shape, noise.array(kind, self._seed, shape, draw))

        return initializer
