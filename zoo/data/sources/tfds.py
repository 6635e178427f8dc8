"""Any data set of TensorFlow Datasets that has pictures, read into memory once.

Prepared data is tried first, since a TFDS download without a network hangs for minutes before it
fails; only `zoo.train --download` lets TFDS fetch anything.
"""

import numpy as np

from zoo.config import UserError, nearest
from zoo.data.crop import square_array
from zoo.data.source import (
    EMBEDDED,
    FOLDER,
    MADE_OF,
    Source,
    check_memory,
    prepared_names,
    tfds_folder,
)
from zoo.data.sources import features


def check_name(name):
    """Raises `UserError` unless `name` is prepared or known to TFDS."""
    bare = name.split("/")[0].split(":")[0]  # without a builder's config or version
    prepared = prepared_names()
    if bare in prepared and bare not in EMBEDDED:
        return
    import tensorflow_datasets as tfds

    if bare in EMBEDDED or bare not in tfds.list_builders(with_community_datasets=False):
        known = list(dict.fromkeys([*EMBEDDED, *MADE_OF, *prepared]))
        raise UserError(
            f"unknown dataset {name!r}: {nearest(name, known)}, or any name of TensorFlow "
            f"Datasets, or {FOLDER}/path to pictures of your own."
        )


def read(name, image_size=0, download=False, feature=""):
    """Reads the pictures of a TFDS data set as a `Source`.

    The spec of the features decides what is read, before any data is.  Pictures become uint8 by the
    range of their dtype: uint16 is divided by 257, bool is black and white, floats lie in [0, 1].
    `feature` names the picture where `image` or the only one is not meant; see `features.picture`.

    There are no labels where `features.label` finds none, or where one of a training example is
    not among the classes, such as -1 for unknown.  Another split with such labels is left out.

    Raises:
        UserError: the name is unknown, the data is not prepared, has no split `train`, no picture
            that can be read, pictures of several sizes (and no `image_size`), floats outside of
            [0, 1], or does not fit into memory.
    """
    check_name(name)
    builder = _prepared(name, download)
    chosen = features.picture(name, builder.info.features, feature)
    label = features.label(builder.info.features)
    if not image_size and None in chosen.shape:
        raise UserError(
            f"the pictures of {name!r} have several sizes: pass --data.image_size=64, say."
        )
    counts = {split: info.num_examples for split, info in builder.info.splits.items()}
    counts = {split: count for split, count in counts.items() if count}
    if "train" not in counts:
        found = f"only {', '.join(counts)}" if counts else "and no other with examples"
        raise UserError(f"{name!r} has no split 'train', {found}: choose another data set.")
    side = (image_size, image_size) if image_size else chosen.shape[:2]
    check_memory(name, sum(counts.values()), (*side, chosen.shape[-1]))
    splits = {}
    # The training part first, whose labels decide whether there are any.
    for split in sorted(counts, key=lambda split: split != "train"):
        images, labels = _arrays(name, builder, split, chosen, label, image_size)
        strange = labels[(labels < 0) | (labels >= len(label.names))] if label.key else ()
        if not len(strange):
            splits[split] = images, labels.astype(np.int32)
            continue
        said = f"{len(strange)} of {len(labels)} labels of its split {split!r} are none of the "
        said += f"{len(label.names)} classes, such as {strange[0]}"
        if split == "train":
            label = features.Label(missing=said)
            splits[split] = images, np.full(len(images), -1, np.int32)
        else:
            print(f"{name}: {said}: the split is left out")
    # Values between black and white come from resizing alone.
    levels = 2 if chosen.dtype == "bool" and not image_size else 256
    version = str(builder.info.version)
    return Source(splits, label.names, levels, version, label.missing)


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


def _arrays(name, builder, split, chosen, label, image_size):
    """(pictures, labels int64) in the order of the files, an example's index for good."""
    import tensorflow as tf
    import tensorflow_datasets as tfds

    def example(found):
        pixels = _at(found, chosen.key)
        if pixels.shape.rank == 2:
            pixels = pixels[..., None]
        if image_size:
            pixels = tf.numpy_function(resized, [pixels], tf.uint8)
        return pixels, _at(found, label.key) if label.key else tf.constant(-1, tf.int64)

    refused = []  # TensorFlow would hide what an error within its functions says

    def resized(pixels):
        try:
            return square_array(_eight_bits(name, pixels), image_size)
        except UserError as error:
            refused.append(error)
            raise

    options = tf.data.Options()
    options.autotune.enabled = False
    keys = [chosen.key, label.key] if label.key else [chosen.key]
    # Nothing else is decoded: features of several sizes do not fit into a batch.
    wanted = tfds.decode.PartialDecoding(_nested(keys))
    dataset = builder.as_dataset(split=split, shuffle_files=False, decoders=wanted)
    dataset = dataset.map(example, num_parallel_calls=2, deterministic=True)
    images, labels = [], []
    try:
        for pixels, numbers in dataset.batch(512).with_options(options).as_numpy_iterator():
            images.append(_eight_bits(name, pixels))
            labels.append(numbers)
    except (
        tf.errors.DataLossError, tf.errors.NotFoundError, tf.errors.PermissionDeniedError,
        tf.errors.InvalidArgumentError, tf.errors.UnknownError,
    ) as error:  # fmt: skip
        if refused:
            raise refused[0] from None
        raise UserError(
            f"the prepared files of {builder.name!r} in {builder.data_path} cannot be read "
            f"({error.message.splitlines()[0].rstrip('.')}): prepare them again."
        ) from None
    return np.concatenate(images), np.concatenate(labels)


def _at(example, key):
    for part in key:
        example = example[part]
    return example


def _nested(keys):
    """What `PartialDecoding` takes for these keys."""
    wanted = {}
    for *above, last in keys:
        place = wanted
        for part in above:
            place = place.setdefault(part, {})
        place[last] = True
    return wanted


def _eight_bits(name, pixels):
    """Pictures of an accepted dtype as uint8, by the range of that dtype."""
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.bool_:
        return pixels * np.uint8(255)
    if pixels.dtype == np.uint16:
        return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    values = pixels.astype(np.float32)
    if not np.isfinite(values).all():
        raise UserError(f"the pictures of {name!r} contain NaN or infinity: mend the data set.")
    if values.size and (values.min() < 0 or values.max() > 1):
        raise UserError(
            f"the pictures of {name!r} are floats from {values.min():.4g} to {values.max():.4g}, "
            "and white is known in [0, 1] only: prepare the data set in that range."
        )
    return np.round(values * 255).astype(np.uint8)
