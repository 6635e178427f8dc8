"""Initial weights from the zoo's own generator: one seed, one network, on every machine."""

import math

from zoo import noise


class Initial:
    """Hands out Keras initialisers; each is the next draw of `seed`, in the order of building."""

    def __init__(self, seed):
        self._seed, self._draws = seed, 0

    def glorot_uniform(self):
        """Uniform within ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16)."""

        draw, self._draws = self._draws, self._draws + 1

        def initializer(shape, dtype="float32"):
            if dtype != "float32":
                raise ValueError(f"weights are float32 here, not {dtype}")
            receptive = math.prod(shape[:-2])
            bound = math.sqrt(6.0 / (receptive * (shape[-2] + shape[-1])))
            return bound * (2.0 * noise.array("uniform", self._seed, tuple(shape), draw) - 1.0)

        return initializer
