"""One interface over a run and an export: what `zoo.load` returns.

    sampler.sample(num, seed=0, condition=None) -> float32 [num, …]: pictures in [0, 1], points, or
                                                   each letter's probabilities
    sampler.generate(latents, condition=None)   -> the same, from float32 [B, z]
    sampler.latents(num, seed=0)                -> the latents that `sample` would draw

A condition is a label, a name, an array, or several of one of them, repeated in turn; without one a
conditional model draws its classes (or the first held-out pictures' names) in turn.  The same seed
gives the same pictures from a run and from its export.
"""

import json
import math
import pathlib

import numpy as np

from zoo.config import UserError
from zoo.data import conditions
from zoo.data.spec import DataSpec

PART = 1024  # examples in one call of the network


def load(path):
    """Loads a run directory, or an export (its folder or one version of it).

    Raises:
        UserError: there is neither at `path`, the run has no checkpoint yet, or a file of the
            export differs from its manifest.
    """
    path = pathlib.Path(path)
    if (path / "run.json").exists():
        return RunSampler(path)
    from zoo.exporting import publish

    version = publish.newest_version(path)
    if version is None:
        raise UserError(f"{str(path)!r} is neither a run directory nor an export.")
    return ExportSampler(version)


class _Sampler:
    """What runs and exports share.

    Attributes:
        data_spec: the `DataSpec` of what is drawn and given.
        latent: size of z.
        prior: what z is distributed as, see `zoo.noise.PRIORS`.
        given: example conditions, int32 [L] or float32 [L, d]; None for an unconditional model.
    """

    def sample(self, num, seed=0, condition=None):
        """Draws `num` examples; a larger `num` begins with the same ones."""
        return self.generate(self.latents(num, seed), condition)

    def latents(self, num, seed=0):
        """Returns the prior's draws, float32 [num, z]."""
        import tensorflow as tf

        from zoo import noise

        if not isinstance(num, int | np.integer) or num < 1:
            raise UserError(f"num must be a positive whole number, and {num!r} is not.")
        if not isinstance(seed, int | np.integer) or not -(2**31) <= seed < 2**31:
            raise UserError(f"seed must be a whole number of 32 bits, and {seed!r} is not.")
        drawn = noise.Noise(seed, noise.SAMPLING, tf.range(num))
        return drawn.draw(self.prior, (self.latent,)).numpy()

    def generate(self, latents, condition=None):
        """Draws from latents float32 [B, z]."""
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1] != self.latent:
            raise UserError(
                f"latents must be [B, {self.latent}] for this model, not {list(latents.shape)}."
            )
        given = self.in_turn(condition, len(latents))
        # In parts of one size: one trace, bounded memory, and no matter how many are asked for.
        parts = [slice(i, i + PART) for i in range(0, len(latents), PART)]
        return np.concatenate(
            [self._generate(latents[i], None if given is None else given[i]) for i in parts]
        )

    def in_turn(self, condition, num):
        """One condition for each of `num`, or None."""
        given = self.given if condition is None else conditions.checked(self.data_spec, condition)
        return None if given is None else given[np.arange(num) % len(given)]


class RunSampler(_Sampler):
    """Samples a run's newest checkpoint."""

    def __init__(self, path):
        from zoo import registry
        from zoo.config import override
        from zoo.runs import Run

        self.run = Run.read(path)
        module = registry.module(self.run.facts["model"])
        self.config = override(module.Config(), self.run.facts["config"])
        self.data_spec = DataSpec.of_json(self.run.facts["data_spec"])
        self.model = self.run.restore_for_sampling(module.build(self.config, self.data_spec))
        self.latent, self.prior = self.config.latent, self.model.prior
        self.given = self.run.conditions()

    def _generate(self, latents, given):
        return self.model.generate(latents, given).numpy()


class ExportSampler(_Sampler):
    """Samples the SavedModel of an export; needs neither Keras nor the model's code."""

    def __init__(self, version):
        import tensorflow as tf

        from zoo.exporting import publish

        publish.check_manifest(version)
        self.path = version
        if not (version / publish.FACTS).exists():
            raise UserError(f"{str(version)!r} is of an older zoo: export the run again.")
        facts = json.loads((version / publish.FACTS).read_text())
        self.latent, self.prior = facts["latent"], facts["prior"]
        self.data_spec = DataSpec.of_json(facts["data_spec"])
        given = version / publish.CONDITIONS
        self.given = np.load(given) if given.exists() else None
        self._loaded = tf.saved_model.load(str(version))
        self._call = self._loaded.signatures["generate"]

    def _generate(self, latents, given):
        import tensorflow as tf

        name = "label" if self.data_spec.condition == "label" else "condition"
        condition = {} if given is None else {name: tf.constant(given)}
        drawn = self._call(latents=tf.constant(latents), **condition)
        return drawn[self.data_spec.kind].numpy()


def walks(sampler, rows, seed=0, steps=8, condition=None):
    """Walks between pairs of latents, a row a walk under one condition.

    Where z ~ N(0, I), on the great circle z = cos(t) a + sin(t) b for t from 0 to π/2: every point
    of it is distributed as the ends are, where a straight line would pass too near to 0.  Where z
    is uniform, on the straight line, which stays in the cube (as 1511.06434, section 6.1).

    Returns:
        (float32 [rows * steps, …], the condition of each or None, `steps`).
    """
    ends = sampler.latents(2 * rows, seed).reshape(rows, 2, -1)
    t = np.linspace(0, 1, steps, dtype=np.float32)[None, :, None]
    weights = (1 - t, t)
    if sampler.prior == "normal":
        weights = np.cos(t * math.pi / 2), np.sin(t * math.pi / 2)
    path = weights[0] * ends[:, :1] + weights[1] * ends[:, 1:]
    given = sampler.in_turn(condition, rows)
    along = None if given is None else np.repeat(given, steps, axis=0)
    z = path.reshape(rows * steps, -1).astype(np.float32)
    return sampler.generate(z, along), along, steps
