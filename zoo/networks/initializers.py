"""Initial weights from the zoo's own generator: one seed, one network, on every machine."""

import math

from zoo import noise


class Initializers:
    """Hands out Keras initializers; each is the next draw of `seed`, in the order of building."""

    def __init__(self, seed):
        self._seed, self._draws = seed, 0

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

    def _next(self, distribution, scaled):
        draw, self._draws = self._draws, self._draws + 1

        def initializer(shape, dtype="float32"):
            if dtype != "float32":
                raise ValueError(f"weights are float32 here, not {dtype}")
            shape = tuple(shape)
            return scaled(shape, noise.array(distribution, self._seed, shape, draw))

        return initializer
