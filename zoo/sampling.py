"""One interface over a run and an export: what `zoo.load` returns.

    sampler.sample(num, seed=0, condition=None) -> float32 [num, H, W, C] in [0, 1]
    sampler.generate(latents, condition=None)   -> the same, from float32 [B, z]
    sampler.latents(num, seed=0)                -> the latents that `sample` would draw

The same seed gives the same pictures from either.
"""

import math
import pathlib

import numpy as np

from zoo.config import UserError

PART = 1024  # pictures in one call of the network


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
    """What runs and exports share: the checks of a caller's words."""

    def sample(self, num, seed=0, condition=None):
        """Draws `num` pictures; a larger `num` begins with the same ones."""
        self._check(num, seed, condition)
        # In parts of one size: one trace, bounded memory, and no matter how many are asked for.
        latents = self.latents(num, seed)
        parts = [latents[i : i + PART] for i in range(0, num, PART)]
        return np.concatenate([self.generate(part) for part in parts])

    def latents(self, num, seed=0):
        """Returns the prior's draws, float32 [num, z]."""
        import tensorflow as tf

        from zoo import noise

        return noise.Noise(seed, noise.SAMPLING, tf.range(num)).normal((self.latent,)).numpy()

    def generate(self, latents, condition=None):
        """Maps latents float32 [B, z] to pictures."""
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1] != self.latent:
            raise UserError(
                f"latents must be [B, {self.latent}] for this model, not {list(latents.shape)}."
            )
        self._check(1, 0, condition)
        return self._generate(latents)

    def _check(self, num, seed, condition):
        if not isinstance(num, int | np.integer) or num < 1:
            raise UserError(f"num must be a positive whole number, and {num!r} is not.")
        if not isinstance(seed, int | np.integer) or not -(2**31) <= seed < 2**31:
            raise UserError(f"seed must be a whole number of 32 bits, and {seed!r} is not.")
        if condition is not None:
            raise UserError("this model takes no condition: leave it out.")


class RunSampler(_Sampler):
    """Samples a run's newest checkpoint."""

    def __init__(self, path):
        from zoo import registry
        from zoo.config import override
        from zoo.data.spec import DataSpec
        from zoo.runs import Run

        self.run = Run.read(path)
        module = registry.module(self.run.facts["model"])
        self.config = override(module.Config(), self.run.facts["config"])
        spec = dict(self.run.facts["data_spec"])
        self.data_spec = DataSpec(**spec | {"shape": tuple(spec["shape"])})
        self.model = self.run.restore_for_sampling(module.build(self.config, self.data_spec))
        self.latent = self.config.latent

    def _generate(self, latents):
        return self.model.generate(latents).numpy()


class ExportSampler(_Sampler):
    """Samples the SavedModel of an export; needs neither Keras nor the model's code."""

    def __init__(self, version):
        import tensorflow as tf

        from zoo.exporting import publish

        publish.check_manifest(version)
        self.path = version
        self._loaded = tf.saved_model.load(str(version))
        self._call = self._loaded.signatures["generate"]
        self.latent = self._call.structured_input_signature[1]["latents"].shape[1]

    def _generate(self, latents):
        import tensorflow as tf

        return self._call(latents=tf.constant(latents))["images"].numpy()


def walks(sampler, rows, seed=0, steps=8):
    """Walks between pairs of latents: float32 [rows * steps, H, W, C], a row a walk.

    On the great circle, z = cos(t) a + sin(t) b for t from 0 to π/2: every point of it is
    distributed as the ends are, N(0, I), where a straight line would pass too near to 0.
    """
    ends = sampler.latents(2 * rows, seed).reshape(rows, 2, -1)
    angles = np.linspace(0, math.pi / 2, steps, dtype=np.float32)[None, :, None]
    path = np.cos(angles) * ends[:, :1] + np.sin(angles) * ends[:, 1:]
    return sampler.generate(path.reshape(rows * steps, -1).astype(np.float32))
