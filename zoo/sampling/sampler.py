"""One interface over a run, a preset and an export: what `zoo.load` returns.

    sampler.sample(num, seed=0, condition=None) -> float32 [num, …]: pictures in [0, 1], points, or
                                                   of text each place's probabilities
    sampler.generate(latents, condition=None)   -> the same, from float32 [B, z]
    sampler.latents(num, seed=0)                -> the latents that `sample` would draw

Where the model draws pixel by pixel (`sampler.pixelwise`) also

    sampler.complete(images, mask, seed=0, temperature=1.0, method="cached", watch=None)
                                                -> the pictures, drawn anew where the mask is 1
    sampler.log_prob(images)                    -> float32 [B], in nats

Where its pictures can have any size (`sampler.any_size`) also, see `zoo.places`,

    sampler.sample(num, seed=0, size=1080, window=(-1, -1, 1, 1))
                                                -> float32 [num, H, W, C], H or W of that size
    sampler.tile(latents, windows)              -> a part of each, from float32 [B, z], [B, 4]

A condition is a label, a name, an array, or several of one of them, repeated in turn; without one a
conditional model draws its classes (or the first held-out pictures' names) in turn.  The same seed
gives the same pictures from a run, from its preset and from its export.
"""

import contextlib
import difflib
import pathlib

import numpy as np

from zoo.config import UserError, nearest
from zoo.data.spec import DataSpec
from zoo.files import reading
from zoo.parts import parts, watched
from zoo.places import WHOLE
from zoo.sampling import completion, conditions, latent, moments, tiles


def load(path):
    """Loads a run directory, an export (its folder or one version of it), a preset or a ``.keras``
    file.

    Args:
        path: of one of these, or else the name of a preset, see `zoo.presets`.

    Returns:
        A sampler.  Of a ``.keras`` file it is the model itself, so that `fit` can go on: its
        `sample` draws the same pictures, as a tensor, and takes conditions as `fit` does.

    Raises:
        UserError: there is none at `path`, the run has no checkpoint yet, a file of the export
            differs from its manifest, or the preset or the file is damaged.
    """
    path = pathlib.Path(path)
    if path.suffix == ".keras" and not path.is_dir():
        from zoo import models

        return models.load(path)
    kind, path = find(path)
    return kind(path)


def load_model(path):
    """Loads a run directory or a preset: a sampler with a model; see `load`.

    Raises:
        UserError: as `load`, and for an export.
    """
    kind, path = find(path, with_model=True)
    return kind(path)


def find(path, with_model=False):
    """Returns (the sampler's class, the path to hand it); imports no TensorFlow.

    What is at the path goes before a preset of that name.

    Args:
        path: see `load`.
        with_model: whether an export, which has none, is refused.

    Raises:
        UserError: there is none, or the run's run.json is damaged.
    """
    from zoo.exporting import publish
    from zoo.runs import presets
    from zoo.runs.directory import Run

    path = pathlib.Path(path)
    with reading(path):
        is_run, version = (path / "run.json").exists(), publish.newest_version(path)
        is_preset, is_there = presets.is_preset(path), path.exists()
    if is_run:
        Run.read(path)
        return RunSampler, path
    if version is not None and with_model:
        raise UserError(f"{str(path)!r} is an export, which has no model: name a run or a preset.")
    if version is not None:
        return ExportSampler, version
    if is_preset or (not is_there and str(path) in presets.names()):
        return PresetSampler, path
    raise UserError(
        f"{str(path)!r} is neither a run directory nor an export, and no preset: "
        f"{nearest(path, _known(path))}."
    )


def _known(path):
    """The zoo's presets, and what lies beside a path that is not there and has nearly its name."""
    from zoo.exporting import publish
    from zoo.runs import presets

    close = []
    if not path.exists() and path.parent.is_dir():
        with contextlib.suppress(OSError):
            beside = [str(one) for one in path.parent.iterdir()]
            close = difflib.get_close_matches(str(path), beside, cutoff=0.8)
            close = [
                one
                for one in map(pathlib.Path, close)
                if presets.is_preset(one)
                or (one / "run.json").exists()
                or publish.newest_version(one)
            ]
    return [*presets.names(), *map(str, close)]


class _Sampler(latent.LatentTools):
    """What runs, presets and exports share.

    Attributes:
        data_spec: the `DataSpec` of what is drawn and given.
        prior: what z is distributed as, see `zoo.priors`.
        given: example conditions, int32 [L] or float32 [L, d]; None for an unconditional model.
        pixelwise: whether it draws pixel by pixel.
        any_size: whether its pictures can have any size.
        encodes: whether it has `encode`, pictures [B, H, W, C] in [0, 1] and what each is given ->
            float32 [B, z].
        truncation: of the latents that it draws, see `truncated`.
    """

    truncation = 1.0

    @property
    def latent(self):
        """Size of z."""
        from zoo import priors

        return priors.size(self.prior)

    def sample(self, num, seed=0, condition=None, watch=None, size=None, window=WHOLE):
        """Draws `num` examples; a larger `num` begins with the same ones.

        Given a size, the pixels of the longer side, and with it a window, see `tiles.picture`.
        """
        if size is None and window is WHOLE:
            return self.generate(self.latents(num, seed), condition, watch)
        _check_drawn(num, seed)
        size, window = tiles.asked(self, num, size, window)
        self.in_turn(condition, num)  # which refuses one
        return tiles.picture(self, self.latents(num, seed), size, window, watch)

    def latents(self, num, seed=0):
        """Returns the prior's draws, float32 [num, z]; see `truncated`."""
        import tensorflow as tf

        from zoo import noise, priors

        _check_drawn(num, seed)
        drawn = noise.Noise(seed, noise.SAMPLING, tf.range(num))
        z = priors.draw(drawn, self.prior).numpy()
        return z if self.truncation == 1 else moments.toward_mean(z, self.prior, self.truncation)

    def generate(self, latents, condition=None, watch=None):
        """Draws from latents float32 [B, z]; `watch` is called with (drawn, in all)."""
        try:
            latents = np.asarray(latents, np.float32)
        except (TypeError, ValueError, OverflowError):
            raise UserError(f"latents must be numbers [B, {self.latent}].") from None
        if latents.ndim != 2 or latents.shape[1] != self.latent or not len(latents):
            raise UserError(
                f"latents must be [B, {self.latent}] for this model, not {list(latents.shape)}."
            )
        given = self.in_turn(condition, len(latents))
        return np.concatenate(
            [
                self._generate(latents[i], None if given is None else given[i])
                for i in watched(parts(len(latents), self.data_spec.values), watch)
            ]
        )

    def complete(self, images, mask, seed=0, temperature=1.0, method="cached", watch=None):
        """Draws some pixels of pictures; the others stay as they are.

        Each pixel is drawn given those before it, so what is kept further on in raster order is not
        looked at: erase what comes last.

        Args:
            images: float32 [B, H, W, C] in [0, 1], read at the nearest of the data's levels.
            mask: [H, W] or [B, H, W, 1], 1 where a pixel is drawn.
            seed: as for `sample`; of pictures that are alike, each gets a completion of its own.
            temperature: divides the logits; 1 draws from the model, below it the likelier values.
            method: ``"cached"``, or ``"plain"``, which does a full pass for each pixel.
            watch: called with (pixels drawn, pixels in all) now and then.
        """
        self._check_pixelwise("complete pictures")
        images = completion.checked_pictures(self.data_spec, images)
        mask = completion.checked_mask(self.data_spec, mask)
        if len(mask) not in (1, len(images)):
            raise UserError(f"{len(mask)} masks for {len(images)} pictures: give one, or as many.")
        mask = np.broadcast_to(mask, (*images.shape[:3], 1))
        # A full pass has a logit for each level; a cached one keeps those of one pixel.
        levels = self.data_spec.levels if method == "plain" else 1
        slices = parts(len(images), self.data_spec.values * levels)
        if len(slices) > 1 and not mask.all():
            most = slices[0].stop
            raise UserError(f"complete {most} pictures at most at a time, and not {len(images)}.")
        latents = self.latents(len(images), seed)
        how = {"temperature": temperature, "method": method, "watch": watch}
        return np.concatenate(
            [self._complete(latents[i], images[i], mask[i], seed, **how) for i in slices]
        )

    def log_prob(self, images, watch=None):
        """Returns log p(x) in nats, float32 [B], of pictures float32 [B, H, W, C] in [0, 1].

        Of a model of several scales it is the joint's, see `zoo.autoregressive.multi_scale`.

        Args:
            images: the pictures.
            watch: called with (pictures done, pictures in all) now and then.

        Raises:
            UserError: pixels that are not on the data's levels, such as gray ones where the model
                draws on and off: rounding them would tell the likelihood of other pictures.
        """
        self._check_pixelwise("tell a picture's likelihood")
        images = completion.checked_pictures(self.data_spec, images)
        completion.check_levels(self.data_spec, images)
        slices = parts(len(images), self.data_spec.values * self.data_spec.levels)
        return np.concatenate([self._log_prob(images[i]) for i in watched(slices, watch)])

    def _check_pixelwise(self, what):
        if not self.pixelwise:
            raise UserError(f"only a model that draws pixel by pixel can {what}: train pixelcnn.")

    def in_turn(self, condition, num):
        """One condition for each of `num`, or None."""
        given = self.given if condition is None else conditions.checked(self.data_spec, condition)
        return None if given is None else given[np.arange(num) % len(given)]


def _check_drawn(num, seed):
    if not _is_whole(num) or not 1 <= num < 2**31:
        raise UserError(f"num must be a positive whole number, and {num!r} is not.")
    if not _is_whole(seed) or not -(2**31) <= seed < 2**31:
        raise UserError(f"seed must be a whole number of 32 bits, and {seed!r} is not.")


def _is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


class _ModelSampler(_Sampler):
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


class RunSampler(_ModelSampler):
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


class PresetSampler(_ModelSampler):
    """Samples a preset: a folder, or the name of one of the zoo's own."""

    def __init__(self, preset):
        from zoo.runs.presets import Preset

        preset = Preset.read(preset)
        super().__init__(preset, preset.model())


class ExportSampler(_Sampler):
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
        """See `_ModelSampler.encode`."""
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
        """See `_ModelSampler.tile`."""
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
