"""Samples from an export's SavedModel."""

import numpy as np

from zoo.config import UserError
from zoo.files import reading
from zoo.sampling.sampler import Sampler


class ExportSampler(Sampler):
    """Samples the SavedModel of an export; needs neither Keras nor the model's code."""

    def __init__(self, version):
        import tensorflow as tf

        from zoo.exporting import facts, publish

        publish.check_manifest(version)
        self.path = version
        self.prior, self.pixelwise, self.any_size, self.data_spec = facts.read(version)
        given = version / publish.CONDITIONS
        with reading(given):
            self.given = np.load(given) if given.exists() else None
        self._loaded = tf.saved_model.load(str(version))
        self._call = self._loaded.signatures
        self.encodes = "encode" in self._call

    def encode(self, images, given=None):
        """See `ModelSampler.encode`."""
        import tensorflow as tf

        return self._call["encode"](images=tf.constant(images), **self._given(given))[
            "mean"
        ].numpy()

    def _generate(self, latents, given):
        import tensorflow as tf

        drawn = self._call["generate"](latents=tf.constant(latents), **self._given(given))
        return drawn[self.data_spec.modality].numpy()

    def _given(self, given):
        """A condition as a signature takes it, by its name."""
        import tensorflow as tf

        return {} if given is None else {self.data_spec.condition_input: tf.constant(given)}

    def tile(self, latents, windows):
        """See `ModelSampler.tile`."""
        import tensorflow as tf

        drawn = self._call["tile"](latents=tf.constant(latents), window=tf.constant(windows))
        return drawn["images"].numpy()

    def _complete(self, latents, images, mask, seed, temperature, method, watch):
        import tensorflow as tf

        if (temperature, method) != (1.0, "cached"):
            raise UserError(
                "an export draws at temperature 1 and by its cached sampler: sample the run."
            )
        if mask.all():
            return self._generate(latents, None)
        inputs = {"images": images, "mask": mask, "seed": np.int32(seed)}
        inputs = {name: tf.constant(value) for name, value in inputs.items()}
        return self._call["complete"](**inputs)["images"].numpy()

    def _log_prob(self, images):
        import tensorflow as tf

        return self._call["log_prob"](images=tf.constant(images))["log_prob"].numpy()
