"""The zoo: classic deep generative models, trained, sampled and exported by one command each.

    names() -> list of models
    build("gan", dataset="digits", latent=64) -> a compiled Keras model that `fit`s
    load("runs/a") or load("exports/a") -> something with `.sample(num, seed, condition=None)`

Importing this package imports no TensorFlow; the first `build` or `load` does.
"""

__version__ = "0.1.0"

from zoo.registry import names

__all__ = ["build", "load", "names"]


def build(name, dataset="digits", **overrides):
    """Builds a compiled model for a data set.

    Args:
        name: one of `names()`.
        dataset: an embedded data set's name, any of TensorFlow Datasets', or a `zoo.data` Dataset.
        **overrides: settings of the model's `Config`, e.g. ``latent=64``, ``seed=1``.

    Returns:
        A `keras.Model` to `fit` on ``zoo.data.load(dataset).train(batch_size)`` or on an array of
        pictures [N, H, W, C] in the data's range (`model.data_spec.range`).

    Raises:
        zoo.config.UserError: an unknown model, data set or setting, or a value out of range.
    """
    from zoo import registry
    from zoo.config import override
    from zoo.data import load as load_data

    registry.check(name)
    module = registry.module(name)
    config = override(module.Config(), overrides)
    spec = (load_data(dataset) if isinstance(dataset, str) else dataset).spec
    return module.build(config, spec)


def load(path):
    """Loads a run directory or an export; see `zoo.sampling.load`."""
    from zoo.sampling import load as load_sampler

    return load_sampler(path)
