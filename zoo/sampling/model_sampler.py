"""Samples from a model: of a run, or of a preset."""

from zoo.data.spec import DataSpec
from zoo.sampling.sampler import Sampler


class ModelSampler(Sampler):
    """What runs and presets share: a model, and where it is from.

    Attributes:
        run: the `Run`, or the `Preset`; its `facts` have `trained_steps`.
        model: the `GenerativeModel`, of float32 precision.
    """

    def __init__(self, run, model):
        from zoo.autoregressive.pixelwise import Pixelwise

        self.run, self.model = run, model
        self.config, self.data_spec = model.config, model.data_spec
        self.prior = model.prior
        self.given = run.conditions()
        self.pixelwise, self.any_size = isinstance(model, Pixelwise), model.any_size
        self.encodes = hasattr(model, "encode")
        self._graphs = {}

    def save_to_preset(self, folder):
        """Writes a preset of these weights, with what is recorded of the run; see
        `GenerativeModel.save_to_preset`."""
        from zoo.runs import preset_writer

        preset_writer.save(self.model, folder, self.given, self.run)

    def encode(self, images, given=None):
        """Returns the mean of q(z|x), float32 [B, z]."""
        given = [] if given is None else [given]
        return self._call("encode", images, *given)[0].numpy()

    def _generate(self, latents, given):
        return self._call("generate", latents, given).numpy()

    def tile(self, latents, windows):
        """Draws `zoo.places.TILE` pixels a side of each window [B, 4], from latents [B, z]."""
        return self._call("tile", latents, windows).numpy()

    def _complete(self, latents, images, mask, seed, **how):
        from zoo.autoregressive import stepwise

        return stepwise.draw(self.model, latents, images, mask, **how).numpy()

    def _log_prob(self, images):
        return self._call("log_prob", images).numpy()

    def _call(self, name, *inputs):
        """A method of the model as a graph: a loop over pixels is slow without one."""
        import tensorflow as tf

        if name not in self._graphs:
            self._graphs[name] = tf.function(
                getattr(self.model, name), autograph=False, reduce_retracing=True
            )
        return self._graphs[name](
            *(None if value is None else tf.convert_to_tensor(value) for value in inputs)
        )


class RunSampler(ModelSampler):
    """Samples a run's newest checkpoint."""

    def __init__(self, path):
        from zoo import registry
        from zoo.config import override
        from zoo.runs.directory import Run

        run = Run.read(path)
        module = registry.module(run.facts["model"])
        # Weights are float32 at every precision, and are sampled so.
        settings = run.facts["config"] | {"precision": "float32"}
        config = override(module.Config(), settings)
        data_spec = DataSpec.of_json(run.facts["data_spec"])
        model = module.build(config, data_spec, steps=run.facts["steps"])
        run.restore_for_sampling(model)
        run.facts["trained_steps"] = int(model.step.numpy())
        super().__init__(run, model)


class PresetSampler(ModelSampler):
    """Samples a preset: a folder, or the name of one of the zoo's own."""

    def __init__(self, preset):
        from zoo.runs.presets import Preset

        preset = Preset.read(preset)
        super().__init__(preset, preset.model())
