"""The zoo: classic deep generative models, trained, sampled and exported by one command each.

    names() -> list of models
    build("gan", dataset="digits", latent=64) -> a compiled Keras model that `fit`s
    load_data("gan", "digits")  -> the data set as that model's paper asks for it
    presets() -> list of trained models that come with the zoo
    load("runs/a"), load("exports/a") or load("vae_digits"), a preset
        -> something with `.sample(num, seed, condition=None)`
    load("m.keras") -> the model that `model.save("m.keras")` wrote, which has `sample` and `fit`

Importing this package imports no TensorFlow; the first `build`, `load` or `load_data` does.
"""

__version__ = "0.1.0"

from zoo.registry import names

__all__ = ["build", "load", "load_data", "names", "presets"]


def build(name, dataset=None, steps=None, **overrides):
    """Builds a compiled model for a data set.

    Args:
        name: one of `names()`.
        dataset: what `load_data` returns, or a name for it; by default `load_data`'s.
        steps: training steps of the whole run; needed with ``decay="linear"`` alone.
        **overrides: settings of the model's `Config`, e.g. ``latent=64``, ``seed=1``.

    Returns:
        A `keras.Model` to `fit` on ``load_data(name, dataset).train(batch_size,
        block=model.updates_per_step)``, or on an array in the data's range (`model.data_spec`),
        [N, …] or, where a step has several updates, [N, updates_per_step, …], with labels where the
        model is conditional; its first batch is checked.

    Raises:
        zoo.config.UserError: an unknown model, data set or setting, or a value out of range.
    """
    from zoo import registry
    from zoo.config import override
    from zoo.startup import start_tensorflow

    registry.check(name)
    start_tensorflow()
    module = registry.module(name)
    config = override(module.Config(), overrides)
    if dataset is None or isinstance(dataset, str):
        dataset = load_data(name, dataset)
    return module.build(config, dataset.spec, steps=steps)


def load_data(name, dataset=None, **options):
    """Loads a data set as a model's paper asks for it, e.g. in [-1, 1] for ``dcgan``.

    Args:
        name: one of `names()`.
        dataset: an embedded data set's name, ``stacked``, any of TensorFlow Datasets',
            ``folder:/path`` or ``lines:/path``; by default ``digits``, or ``surnames`` for a model
            of text.
        **options: fields of `zoo.data.spec.DataOptions`, e.g. ``image_size=32``.

    Returns:
        A `zoo.data.pipeline.Dataset`.

    Raises:
        zoo.config.UserError: an unknown name or option, or data that cannot be read.
    """
    from zoo import registry
    from zoo.startup import start_tensorflow

    registry.check(name)
    start_tensorflow()
    from zoo.data import load as load_dataset

    dataset = dataset or registry.MODELS[name].dataset
    return load_dataset(dataset, registry.data_options(name, options))


def presets():
    """Returns the names of the trained models that come with the zoo, for `load`,
    `GenerativeModel.from_preset` and ``zoo.train --from``."""
    from zoo.runs import presets

    return presets.names()


def load(path):
    """Loads a run, an export, a preset or a ``.keras`` file; see `zoo.sampling.loading.load`."""
    from zoo.startup import start_tensorflow

    start_tensorflow()
    from zoo.sampling.loading import load as load_sampler

    return load_sampler(path)
