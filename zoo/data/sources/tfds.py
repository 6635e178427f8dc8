"""Any data set of TensorFlow Datasets that has pictures, read into memory once.

Prepared data is tried first, since a TFDS download without a network hangs for minutes before it
fails; only `zoo.train --download` lets TFDS fetch anything.
"""

import functools
import math
import os
import pathlib

import numpy as np

from zoo.config import UserError, nearest
from zoo.data.crop import square_array
from zoo.data.source import EMBEDDED, FOLDER, MEMORY_LIMIT, Source


def prepared_names():
    """Returns the data sets that are prepared in the folder of TFDS; uses no network."""
    folder = tfds_folder()
    if not folder.is_dir():
        return []
    found = folder.glob("*/*/dataset_info.json"), folder.glob("*/*/*/dataset_info.json")
    return sorted({path.relative_to(folder).parts[0] for paths in found for path in paths})


def tfds_folder():
    """Returns TFDS's own folder: `TFDS_DATA_DIR`, or `~/tensorflow_datasets`."""
    return pathlib.Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def check_name(name):
    """Raises `UserError` unless `name` is prepared or known to TFDS."""
    bare = name.split("/")[0].split(":")[0]  # without a builder's config or version
    prepared = prepared_names()
    if bare in prepared and bare not in EMBEDDED:
        return
    import tensorflow_datasets as tfds

    if bare in EMBEDDED or bare not in tfds.list_builders(with_community_datasets=False):
        known = list(dict.fromkeys([*EMBEDDED, *prepared]))
        raise UserError(
            f"unknown dataset {name!r}: {nearest(name, known)}, or any name of TensorFlow "
            f"Datasets, or {FOLDER}/path to pictures of your own."
        )


def read(name, image_size=0, download=False):
    """Reads the pictures of a TFDS data set as a `Source`.

    Raises:
        UserError: the name is unknown, the data is not prepared, has no pictures, has pictures of
            several sizes (and no `image_size`), or does not fit into memory.
    """
    check_name(name)
    builder = _prepared(name, download)
    features = builder.info.features
    if "image" not in features:
        raise UserError(f"dataset {name!r} has no feature 'image': choose a data set of pictures.")
    shape = features["image"].shape
    if not image_size and None in shape:
        raise UserError(
            f"the pictures of {name!r} have several sizes: pass --data.image_size=64, say."
        )
    _check_memory(name, builder, shape, image_size)
    names = tuple(getattr(features["label"], "names", None) or ()) if "label" in features else ()
    splits = {
        split: _arrays(builder, split, bool(names), image_size) for split in builder.info.splits
    }
    return Source(splits, names, version=str(builder.info.version))


def _prepared(name, download):
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=tfds_folder())
    except (OSError, ValueError, KeyError, AssertionError) as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(f"TensorFlow Datasets cannot open {name!r}: {said}") from None
    if not builder.is_prepared():
        if not download:
            raise UserError(
                f"{name!r} is not prepared in {tfds_folder()}: set TFDS_DATA_DIR to where it is, "
                "or pass --download to fetch it from its authors."
            )
        try:
            builder.download_and_prepare()
        except (OSError, tfds.download.DownloadError) as error:  # no network, or a full disk
            said = (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
            raise UserError(f"{name!r} cannot be fetched to {tfds_folder()}: {said}.") from None
    return builder


def _check_memory(name, builder, shape, image_size):
    side = (image_size, image_size, shape[-1]) if image_size else shape
    size = math.prod(side) * sum(s.num_examples for s in builder.info.splits.values())
    if size > MEMORY_LIMIT:
        raise UserError(
            f"{name!r} takes {size / 2**30:.1f} GiB at {side[0]}x{side[1]} and data is held in "
            f"memory, {MEMORY_LIMIT / 2**30:.0f} GiB at most: pass a smaller --data.image_size."
        )


def _arrays(builder, split, labeled, image_size):
    """(pictures, labels) in the order of the files: an example's place is its index for good."""
    import tensorflow as tf

    options = tf.data.Options()
    options.autotune.enabled = False
    dataset = builder.as_dataset(split=split, shuffle_files=False)
    if image_size:

        def resized(example):
            crop = functools.partial(square_array, size=image_size)
            return {**example, "image": tf.numpy_function(crop, [example["image"]], tf.uint8)}

        dataset = dataset.map(resized, num_parallel_calls=2, deterministic=True)
    try:
        batches = list(dataset.batch(512).with_options(options).as_numpy_iterator())
    except (tf.errors.DataLossError, tf.errors.NotFoundError, tf.errors.PermissionDeniedError) as e:
        raise UserError(
            f"the prepared files of {builder.name!r} in {builder.data_path} cannot be read "
            f"({e.message.splitlines()[0].rstrip('.')}): prepare them again."
        ) from None
    examples = np.concatenate([batch["image"] for batch in batches])
    if not labeled:
        return examples, np.full(len(examples), -1, np.int32)
    return examples, np.concatenate([batch["label"] for batch in batches]).astype(np.int32)
