"""Where examples come from: embedded builders, any TFDS name, folders; read into memory once.

Prepared data is tried first, since a TFDS download without a network hangs for minutes before it
fails; only `zoo.train --download` lets TFDS fetch anything.
"""

import contextlib
import importlib
import io
import math
import os
import pathlib
import tempfile
import typing

from zoo.config import UserError, nearest

# The data sets that ship with the package, by the module of their builder.
EMBEDDED = {
    "digits": "digits",
    "gaussians8": "planes",
    "gaussians25": "planes",
    "swiss_roll": "planes",
}
FOLDER = "folder:"
LEVELS = {"digits": 17}  # grey levels, where they are not 256
MEMORY_LIMIT = 6 * 2**30  # bytes of pictures, as uint8


class Source(typing.NamedTuple):
    """A data set in memory.

    splits: split -> (pictures uint8 [N, H, W, C] or points float32 [N, 2], labels int32 [N], -1
        where there are none).
    names: of the classes; empty where there are no labels.
    levels: grey levels of a picture's channel.
    version: of the data set, e.g. ``"3.0.1"``; None of a folder.
    """

    splits: dict
    names: tuple
    levels: int = 256
    version: str | None = None


def prepared_names():
    """Returns the TFDS data sets that lie ready in the TFDS folder; touches no network."""
    folder = tfds_folder()
    if not folder.is_dir():
        return []
    found = folder.glob("*/*/dataset_info.json"), folder.glob("*/*/*/dataset_info.json")
    return sorted({path.relative_to(folder).parts[0] for paths in found for path in paths})


def tfds_folder():
    """Returns TFDS's own folder: `TFDS_DATA_DIR`, or `~/tensorflow_datasets`."""
    return pathlib.Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def check_name(name):
    """Raises `UserError` unless `name` is embedded, prepared, a folder, or known to TFDS."""
    known = list(dict.fromkeys([*EMBEDDED, *prepared_names()]))
    bare = name.split("/")[0].split(":")[0]  # without a builder's config or version
    if name in EMBEDDED or (bare in known and bare not in EMBEDDED):
        return
    import tensorflow_datasets as tfds

    if bare in EMBEDDED or bare not in tfds.list_builders(with_community_datasets=False):
        raise UserError(
            f"unknown dataset {name!r}: {nearest(name, known)}, or any name of TensorFlow "
            f"Datasets, or {FOLDER}/path to pictures of your own."
        )


def read(name, image_size=0, download=False):
    """Reads a data set of pictures, or of points in the plane, as a `Source`.

    Raises:
        UserError: the name is unknown, the data is not prepared, has no pictures, has pictures of
            several sizes (and no `image_size`), or does not fit into memory; a folder's pictures
            cannot be read.
    """
    if name.startswith(FOLDER):
        from zoo.data.sources import folder

        return Source(*folder.read(name.removeprefix(FOLDER), image_size, MEMORY_LIMIT))
    check_name(name)
    builder = _embedded(name) if name in EMBEDDED else _prepared(name, download)
    features = builder.info.features
    feature = next((key for key in ("image", "point") if key in features), None)
    if feature is None:
        raise UserError(f"dataset {name!r} has no feature 'image', which pictures come from.")
    shape = features[feature].shape
    if feature == "image":
        if not image_size and None in shape:
            raise UserError(
                f"the pictures of {name!r} have several sizes: pass --data.image_size=64, say."
            )
        _check_memory(name, builder, shape, image_size)
    names = tuple(getattr(features["label"], "names", None) or ()) if "label" in features else ()
    splits = {
        split: _arrays(builder, split, feature, bool(names), image_size)
        for split in builder.info.splits
    }
    return Source(splits, names, LEVELS.get(name, 256), str(builder.info.version))


def _embedded(name):
    """A builder of ours, prepared on first use in the first folder that takes it."""
    import tensorflow_datasets as tfds

    importlib.import_module(f"zoo.data.{EMBEDDED[name]}")  # registers the builder with TFDS
    caches = [
        tfds_folder(),
        pathlib.Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        / "generative-zoo",
        pathlib.Path(tempfile.gettempdir()) / f"generative-zoo-{os.getuid()}",
    ]
    caches = [folder for folder in caches if not _anothers(folder)]
    for folder in caches:
        if (folder / name).is_dir() and tfds.builder(name, data_dir=folder).is_prepared():
            return tfds.builder(name, data_dir=folder)
    failures = []
    for folder in caches:
        try:
            with _quietly():
                builder = tfds.builder(name, data_dir=folder)
                builder.download_and_prepare()
            print(f"prepared {name} in {builder.data_dir}")
            return builder
        except OSError as error:
            # Another process may have prepared it between our look and our rename.
            if tfds.builder(name, data_dir=folder).is_prepared():
                return tfds.builder(name, data_dir=folder)
            failures.append(f"{folder} ({error.strerror or error})")
    raise UserError(f"{name!r} could be prepared in none of {', '.join(failures)}.")


def _anothers(folder):
    """Whether somebody else may have put the folder, or a link of its name, where all can write."""
    if not os.path.lexists(folder) or not folder.is_relative_to(tempfile.gettempdir()):
        return False
    return folder.is_symlink() or folder.stat().st_uid != os.getuid()


@contextlib.contextmanager
def _quietly():
    """Keeps TFDS's talk of downloading and shuffling away: nothing is downloaded here."""
    import tensorflow_datasets as tfds
    from absl import logging

    level = logging.get_verbosity()
    logging.set_verbosity(logging.ERROR)
    tfds.disable_progress_bar()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        tfds.enable_progress_bar()
        logging.set_verbosity(level)


def _prepared(name, download):
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=tfds_folder())
    except (ValueError, KeyError, AssertionError, tfds.core.DatasetNotFoundError) as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(f"TensorFlow Datasets cannot open {name!r}: {said}") from None
    if not builder.is_prepared():
        if not download:
            raise UserError(
                f"{name!r} is not prepared in {tfds_folder()}: set TFDS_DATA_DIR to where it is, "
                "or pass --download to fetch it from its authors."
            )
        builder.download_and_prepare()
    return builder


def _check_memory(name, builder, shape, image_size):
    side = (image_size, image_size, shape[-1]) if image_size else shape
    size = math.prod(side) * sum(s.num_examples for s in builder.info.splits.values())
    if size > MEMORY_LIMIT:
        raise UserError(
            f"{name!r} takes {size / 2**30:.1f} GiB at {side[0]}x{side[1]} and data is held in "
            f"memory, {MEMORY_LIMIT / 2**30:.0f} GiB at most: pass a smaller --data.image_size."
        )


def _arrays(builder, split, feature, labelled, image_size):
    import numpy as np
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    # In the order of the files: an example's place is its global index for good.
    if feature == "point" and builder.name in EMBEDDED:
        dataset = _parsed_by_the_batch(builder, split)
    else:
        dataset = builder.as_dataset(split=split, shuffle_files=False)
        if image_size and feature == "image":
            dataset = dataset.map(
                lambda example: {**example, feature: _square(example[feature], image_size)},
                num_parallel_calls=2, deterministic=True,
            )  # fmt: skip
        dataset = dataset.batch(512)
    batches = list(dataset.with_options(options).as_numpy_iterator())
    examples = np.concatenate([batch[feature] for batch in batches])
    if not labelled:
        return examples, np.full(len(examples), -1, np.int32)
    return examples, np.concatenate([batch["label"] for batch in batches]).astype(np.int32)


def _parsed_by_the_batch(builder, split):
    """What `as_dataset` gives, 20 times as fast, where a file holds numbers as they are: most of
    the time of a hundred thousand points is to parse them one at a time."""
    import tensorflow as tf

    spec = {
        name: tf.io.FixedLenFeature(info.shape, info.tf_dtype)
        for name, info in builder.info.features.get_serialized_info().items()
    }
    records = tf.data.TFRecordDataset([str(path) for path in builder.info.splits[split].filepaths])
    return records.batch(4096).map(lambda batch: tf.io.parse_example(batch, spec))


def _square(image, size):
    """The largest centred square of a uint8 picture, resized with antialiasing."""
    import tensorflow as tf

    side = tf.minimum(tf.shape(image)[0], tf.shape(image)[1])
    top, left = (tf.shape(image)[0] - side) // 2, (tf.shape(image)[1] - side) // 2
    image = image[top : top + side, left : left + side]
    resized = tf.image.resize(image, (size, size), antialias=True)
    return tf.cast(tf.clip_by_value(tf.round(resized), 0, 255), tf.uint8)
