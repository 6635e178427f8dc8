"""Data sets of pictures, points, text and spelled names; `load` reads one by its name."""


def load(name, options=None, download=False):
    """Loads a data set; see `zoo.data.pipeline.load`."""
    from zoo.data.pipeline import load as load_dataset

    return load_dataset(name, options, download)
