"""What lies at a path or has a preset's name, as a sampler."""

import contextlib
import difflib
import pathlib

from zoo.config import UserError, nearest
from zoo.files import reading


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
    from zoo.sampling.export_sampler import ExportSampler
    from zoo.sampling.model_sampler import PresetSampler, RunSampler

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
