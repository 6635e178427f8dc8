"""Batches as a pure function of (seed, step), so that a run resumes with the very next picture.

Training walks an endless stream: position p shows picture ``permutation[epoch](p mod N)`` with
``epoch = p div N``, one permutation an epoch (`index_shuffle`, nothing stored).  Every element
carries its global index, from which a model draws its noise: replicas that split a batch draw
what one device would.
"""

import numpy as np
import tensorflow as tf

from zoo import noise
from zoo.config import UserError
from zoo.data.source import read
from zoo.data.spec import DataOptions, DataSpec

# Protocols use one seed for all runs, or figures could not be compared.
STATIC_SEED = 1312
CHUNK = 4096


def load(name, options=None, download=False):
    """Loads a data set by name.

    Args:
        name: an embedded data set or any of TensorFlow Datasets'.
        options: a `DataOptions`.
        download: whether TFDS may fetch what is not prepared.

    Raises:
        UserError: see `zoo.data.source.read`; or `holdout` leaves nothing to train on, or there
            is nothing to validate on.
    """
    options = options or DataOptions()
    splits, classes, levels = read(name, options.image_size, download)
    if "train" not in splits:
        raise UserError(f"{name!r} has no split 'train', only {', '.join(splits)}.")
    images, labels = splits["train"]
    if options.holdout >= len(images):
        raise UserError(
            f"holdout={options.holdout} leaves none of the {len(images)} training pictures of "
            f"{name!r}."
        )
    if options.holdout:
        splits["validation"] = images[-options.holdout :], labels[-options.holdout :]
        splits["train"] = images[: -options.holdout], labels[: -options.holdout]
    elif "validation" not in splits and "test" not in splits:
        raise UserError(
            f"{name!r} has nothing to validate on: hold pictures out with --data.holdout="
            f"{-(-len(images) // 10)}, say."
        )
    spec = DataSpec(
        name=name,
        shape=tuple(images.shape[1:]),
        classes=classes,
        levels=levels if options.binarise == "none" else 2,
        range=options.range,
        binarise=options.binarise,
    )
    return Dataset(spec, options, splits, levels)


class Dataset:
    """Pictures in memory with the streams that training and evaluation read.

    Attributes:
        spec: the `DataSpec` to hand to a model.
        validation: the split that a run is watched on: `validation` (or what `holdout` took), else
            `test`.
        splits: name -> (images uint8 [N, H, W, C], labels int32 [N], -1 where there is none).
    """

    def __init__(self, spec, options, splits, levels):
        self.spec, self.options, self.splits, self._levels = spec, options, splits, levels
        self.validation = "validation" if "validation" in splits else "test"

    def check_batch(self, batch_size):
        """Raises `UserError` if a batch is larger than the training part."""
        count = len(self.splits["train"][0])
        if batch_size > count:
            raise UserError(
                f"a batch of {batch_size} is larger than the {count} training pictures of "
                f"{self.spec.name!r}: lower --config.batch_size."
            )

    def train(self, batch_size, seed=0, block=1, start=0, steps=None):
        """Returns a `tf.data.Dataset` of training batches for steps `start`, `start` + 1, ….

        An element is a dict of `image` float32 [B, H, W, C] in the model's range, `label` int32
        [B] and `index` int64 [B].  With `block` > 1 (a critic's updates in one step) the images
        are [B, block, H, W, C] and the labels [B, block].

        Raises:
            UserError: the batch is larger than the training part.
        """
        self.check_batch(batch_size)
        images, labels = (tf.constant(array) for array in self._stored("train"))
        count = len(images)
        taken = batch_size * block

        def batch_at(step):
            positions = step * taken + tf.range(taken, dtype=tf.int64)
            epochs = positions // count
            rows = _shuffled(positions % count, seed, epochs, count)
            drawn = noise.Noise(seed, noise.DATA, rows, step=epochs)
            image = self._finished(tf.gather(images, rows), drawn)
            label = tf.gather(labels, rows)
            if block > 1:
                image = tf.reshape(image, [batch_size, block, *self.spec.shape])
                label = tf.reshape(label, [batch_size, block])
            index = step * batch_size + tf.range(batch_size, dtype=tf.int64)
            return {"image": image, "label": label, "index": index}

        stop = np.iinfo(np.int64).max if steps is None else start + steps
        return _quiet(tf.data.Dataset.range(start, stop).map(batch_at))

    def evaluation(self, split, batch_size):
        """Returns a `tf.data.Dataset` over each picture of `split` once, in its order.

        Elements are as in `train` plus `weight` float32 [B]: the last batch is filled up with
        copies of weight 0, so that every batch has one shape and replicas can split it.
        """
        images, labels = (tf.constant(array) for array in self._stored(split))
        count = len(images)

        def batch_at(number):
            index = number * batch_size + tf.range(batch_size, dtype=tf.int64)
            rows = tf.minimum(index, count - 1)
            drawn = noise.Noise(0, noise.PROTOCOL, rows)
            return {
                "image": self._finished(tf.gather(images, rows), drawn),
                "label": tf.gather(labels, rows),
                "index": index,
                "weight": tf.cast(index < count, tf.float32),
            }

        return _quiet(tf.data.Dataset.range(-(-count // batch_size)).map(batch_at))

    def images(self, split):
        """Returns (float32 [N, H, W, C] in [0, 1] as prepared by the options, labels int32 [N])."""
        stored, labels = self._stored(split)
        rows = np.arange(len(stored))
        parts = [
            self.spec.to_unit(
                self._finished(
                    tf.constant(stored[i : i + CHUNK]),
                    noise.Noise(0, noise.PROTOCOL, rows[i : i + CHUNK]),
                )
            ).numpy()
            for i in range(0, len(stored), CHUNK)
        ]
        return np.concatenate(parts), labels

    def _stored(self, split):
        """(images, labels) of a split; statically binarised here, once, from a fixed seed."""
        images, labels = self.splits[split]
        if self.options.binarise != "static":
            return images, labels
        parts = []
        # Train and held-out pictures of one file draw by their place in it; test by another seed.
        seed = STATIC_SEED + (split == "test")
        first = (
            len(self.splits["train"][0]) if split == "validation" and self.options.holdout else 0
        )
        for i in range(0, len(images), CHUNK):
            chunk = images[i : i + CHUNK]
            rows = tf.range(first + i, first + i + len(chunk))
            uniform = noise.Noise(seed, noise.PROTOCOL, rows).uniform(self.spec.shape)
            parts.append((self._grey(tf.constant(chunk)) > uniform).numpy())
        return np.concatenate(parts).astype(np.uint8) * 255, labels

    def _grey(self, images):
        """uint8 pictures -> float32 grey values in [0, 1], on the data's own levels."""
        grey = tf.cast(images, tf.float32) / 255.0
        if self._levels < 256:
            grey = tf.round(grey * (self._levels - 1)) / (self._levels - 1)
        return grey

    def _finished(self, images, drawn):
        """uint8 pictures -> float32 in the model's range, by the options."""
        grey = self._grey(images)
        if self.options.binarise == "dynamic":
            grey = tf.cast(grey > drawn.uniform(self.spec.shape), tf.float32)
        elif self.options.binarise == "threshold":
            grey = tf.cast(grey >= 0.5, tf.float32)
        elif self.options.dequantise:
            step = self._levels - 1
            grey = (grey * step + drawn.uniform(self.spec.shape)) / (step + 1)
        return self.spec.from_unit(grey)


def _shuffled(places, seed, epochs, count):
    """The picture at each place [n] of a permutation of `count` that (seed, epoch) names."""
    keys = tf.stack([tf.fill(tf.shape(epochs), tf.constant(seed, tf.int64)), epochs,
                     tf.zeros_like(epochs)], axis=1)  # fmt: skip
    # The raw op: `index_shuffle` of the public API pads a seed for each index to a wrong shape.
    return tf.raw_ops.RandomIndexShuffle(
        index=places, seed=tf.cast(keys, tf.int32), max_index=tf.constant(count - 1, tf.int64)
    )


def _quiet(dataset):
    """Prefetches without autotuning, whose teardown stalls short fits."""
    options = tf.data.Options()
    options.autotune.enabled = False
    options.deterministic = True
    return dataset.prefetch(2).with_options(options)
