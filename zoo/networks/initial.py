"""Initial weights from the zoo's own generator: one seed, one network, on every machine."""

import math

from zoo import noise


class Initial:
    """Hands out Keras initialisers; each is the next draw of `seed`, in the order of building."""

    def __init__(self, seed):
        self._seed, self._draws = seed, 0

    def glorot_uniform(self):
        """Uniform within ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16)."""

        def bound(shape):
            receptive = math.prod(shape[:-2])
            return math.sqrt(6.0 / (receptive * (shape[-2] + shape[-1])))

        return self._next("uniform", lambda u, shape: (2.0 * u - 1.0) * bound(shape))

    def uniform(self, half_range):
        """Uniform within ±`half_range`."""
        return self._next("uniform", lambda u, shape: (2.0 * u - 1.0) * half_range)

    def normal(self, deviation):
        """Normal with mean 0 and the given standard deviation."""
        return self._next("normal", lambda z, shape: z * deviation)

    def _next(self, kind, transform):
        draw, self._draws = self._draws, self._draws + 1

        def initializer(shape, dtype="float32"):
            if dtype != "float32":
                raise ValueError(f"weights are float32 here, not {dtype}")
            return transform(noise.array(kind, self._seed, tuple(shape), draw), shape)

        return initializer
