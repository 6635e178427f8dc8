"""Initial weights from the zoo's own generator: one seed, one network, on every machine."""

import math

import keras

from zoo import noise


@keras.saving.register_keras_serializable("zoo")
class Initializers:
    """Hands out Keras initializers; each is the next draw of `seed`, in the order of building.

    Args:
        seed: of all of them.
        draws: how many are handed out already.
    """

    def __init__(self, seed, draws=0):
        self._seed, self._draws = seed, draws

    def glorot_uniform(self):
        """Uniform within ±√(6 / (fan_in + fan_out)) (Glorot and Bengio 2010, eq. 16)."""
        return GlorotUniform(*self._next())

    def he_uniform(self):
        """Uniform within ±√(6 / fan_in) (He et al. 2015, 1502.01852, eq. 10)."""
        return HeUniform(*self._next())

    def normal(self, deviation, mean=0.0):
        """N(`mean`, `deviation`²)."""
        return Normal(*self._next(), deviation, mean)

    def get_config(self):
        """The arguments that go on from here."""
        return {"seed": self._seed, "draws": self._draws}

    @classmethod
    def from_config(cls, config):
        """The reverse of `get_config`."""
        return cls(**config)

    def _next(self):
        self._draws += 1
        return self._seed, self._draws - 1


class _Draw(keras.initializers.Initializer):
    """One draw of a seed; a subclass scales it."""

    distribution = "uniform"

    def __init__(self, seed, draw):
        self._seed, self._draw = seed, draw

    def __call__(self, shape, dtype="float32"):
        if dtype != "float32":
            raise ValueError(f"weights are float32 here, not {dtype}")
        shape = tuple(shape)
        drawn = noise.array(self.distribution, self._seed, shape, self._draw)
        return self.scaled(shape, drawn)

    def get_config(self):
        return {"seed": self._seed, "draw": self._draw}


@keras.saving.register_keras_serializable("zoo")
class GlorotUniform(_Draw):
    """See `Initializers.glorot_uniform`."""

    def scaled(self, shape, drawn):
        fans = math.prod(shape[:-2]) * (shape[-2] + shape[-1])
        return math.sqrt(6.0 / fans) * (2.0 * drawn - 1.0)


@keras.saving.register_keras_serializable("zoo")
class HeUniform(_Draw):
    """See `Initializers.he_uniform`."""

    def scaled(self, shape, drawn):
        return math.sqrt(6.0 / math.prod(shape[:-1])) * (2.0 * drawn - 1.0)


@keras.saving.register_keras_serializable("zoo")
class Normal(_Draw):
    """See `Initializers.normal`."""

    distribution = "normal"

    def __init__(self, seed, draw, deviation, mean):
        super().__init__(seed, draw)
        self._deviation, self._mean = deviation, mean

    def scaled(self, shape, drawn):
        return self._mean + self._deviation * drawn

    def get_config(self):
        return {**super().get_config(), "deviation": self._deviation, "mean": self._mean}
