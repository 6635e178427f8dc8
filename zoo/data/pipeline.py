"""Batches as a pure function of (seed, step), so that a run resumes with the very next example.

Training walks an endless stream: position p shows example ``permutation[epoch](p mod N)`` with
``epoch = p div N``, one permutation an epoch (`index_shuffle`, nothing stored).  Every element
has its global index, from which a model draws its noise: replicas that split a batch draw the same
numbers as one device.
"""

import hashlib
import math

import numpy as np
import tensorflow as tf

from zoo import noise
from zoo.config import UserError
from zoo.data import names as spelling
from zoo.data import text
from zoo.data.source import read
from zoo.data.spec import DataOptions, DataSpec

# One seed for all runs, so that their figures can be compared.
STATIC_SEED = 1312
CHUNK = 4096


def load(name, options=None, download=False):
    """Loads a data set by name.

    Args:
        name: an embedded data set, ``stacked``, any of TensorFlow Datasets', ``folder:/path`` or
            ``lines:/path``.
        options: a `DataOptions`.
        download: whether TFDS may fetch what is not prepared.

    Raises:
        UserError: see `zoo.data.source.read`; or `holdout` takes all training examples, there is no
            split to validate on, or the options ask for what the data does not have.
    """
    options = options or DataOptions()
    source = read(name, options.image_size, download, options.feature, options.length)
    splits = source.splits
    examples, labels = splits["train"]
    if options.holdout >= len(examples):
        raise UserError(
            f"holdout={options.holdout} must be less than the {len(examples)} training examples of "
            f"{name!r}."
        )
    if options.holdout:
        splits["validation"] = examples[-options.holdout :], labels[-options.holdout :]
        splits["train"] = examples[: -options.holdout], labels[: -options.holdout]
    elif "validation" not in splits and "test" not in splits:
        raise UserError(
            f"{name!r} has no split to validate on: pass --data.holdout="
            f"{-(-len(examples) // 10)}, say."
        )
    spec = _spec(name, source, options)
    return Dataset(spec, options, splits, source.levels, source.version, source.layers)


def _spec(name, source, options):
    stored = tuple(source.splits["train"][0].shape[1:])
    if source.symbols:
        stored = (*stored, len(source.symbols))
    if source.layers is not None:
        stored = (*source.layers.shape[1:], 3)
        if options.binarize == "static":
            raise UserError(
                f"pictures of {name!r} are stacked anew for each batch, and no pixel is drawn for "
                "good: pass another --data.binarize, such as none."
            )
    what = {1: "points", 2: "text", 3: "pictures"}[len(stored)]
    if what != "pictures":
        _check_no_pictures(name, what, options)
    if what != "text" and options.length:
        raise UserError(f"{name!r} consists of {what}: leave --data.length out.")
    words = spelling.spelled(source.names)
    if len(set(words)) < len(words):
        if "name" in (options.target, options.condition):
            raise UserError(
                f"two classes of {name!r} differ by capital letters only, and names have none: "
                "rename one, or leave names out of --condition and --target."
            )
        words = tuple(map(str, source.names))
    if not words and (options.target == "name" or options.condition in ("label", "name")):
        wanted = "name" if options.target == "name" else options.condition
        why = f": {source.unlabeled}" if source.unlabeled else ""
        raise UserError(f"{name!r} has no labels, which a {wanted} needs{why}.")
    shapes = {"none": (), "label": (len(words),), "image": stored, "quadrants": stored}
    if "name" in (options.target, options.condition):
        shapes["name"] = spelling.shape(words)
    return DataSpec(
        name=name,
        shape=shapes[options.target],
        classes=len(words),
        levels=source.levels if options.binarize == "none" else 2,
        range=options.range,
        binarize=options.binarize,
        names=words,
        condition=options.condition,
        condition_shape=shapes[options.condition],
        dequantized=options.dequantize,
        visible=options.visible,
        symbols=source.symbols,
    )


def _check_no_pictures(name, what, options):
    """Refuses what only pictures have."""
    plain = DataOptions()
    for key in ("image_size", "binarize", "dequantize", "target"):
        if getattr(options, key) != getattr(plain, key):
            raise UserError(f"{name!r} consists of {what}: leave --data.{key} out.")
    if options.condition in ("image", "quadrants"):
        raise UserError(
            f"{name!r} consists of {what}: choose another --condition than {options.condition}."
        )


class Dataset:
    """Examples in memory with the streams that training and evaluation read.

    Attributes:
        spec: the `DataSpec` to hand to a model.
        validation: the split of the validation losses: `validation` (or what `holdout` took), else
            `test`.
        splits: name -> (examples, labels) as `Source.splits` has them.
    """

    def __init__(self, spec, options, splits, levels, version=None, layers=None):
        self.spec, self.options, self.splits, self._levels = spec, options, splits, levels
        self._version = version
        self._layers = None if layers is None else tf.constant(layers)
        self.validation = "validation" if "validation" in splits else "test"
        if "name" in (options.target, options.condition):
            self._words = tf.constant(spelling.encode(spec.names, spec.names))

    def check_batch(self, batch_size):
        """Raises `UserError` if a batch is larger than the training part."""
        count = len(self.splits["train"][0])
        if batch_size > count:
            raise UserError(
                f"a batch of {batch_size} is larger than the {count} training examples of "
                f"{self.spec.name!r}: lower --config.batch_size."
            )

    def train(self, batch_size, seed=0, block=1, start=0, steps=None):
        """Returns a `tf.data.Dataset` of training batches for steps `start`, `start` + 1, ….

        An element is a dict of `x` float32 [B, …] in the model's range, `label` int32 [B] and
        `index` int64 [B], and where there is a condition `y` float32 [B, d].  With `block` > 1 (a
        critic's updates in one step) `x` is [B, block, …], and so are `y` and `label`.

        Raises:
            UserError: the batch is larger than the training part.
        """
        self.check_batch(batch_size)
        examples, labels = (tf.constant(array) for array in self._stored("train"))
        count = len(examples)
        taken = batch_size * block

        @tf.autograph.experimental.do_not_convert  # to look for Python's loops takes a second
        def batch_at(step):
            positions = step * taken + tf.range(taken, dtype=tf.int64)
            epochs = positions // count
            rows = _shuffled(positions % count, seed, epochs, count)
            drawn = noise.Noise(seed, noise.DATA, rows, step=epochs)
            element = self._element(tf.gather(examples, rows), tf.gather(labels, rows), drawn)
            if block > 1:
                element = {
                    key: tf.reshape(value, [batch_size, block, *value.shape[1:]])
                    for key, value in element.items()
                }
            index = step * batch_size + tf.range(batch_size, dtype=tf.int64)
            return {**element, "index": index}

        stop = np.iinfo(np.int64).max if steps is None else start + steps
        return _quiet(tf.data.Dataset.range(start, stop).map(batch_at))

    def evaluation(self, split, batch_size):
        """Returns a `tf.data.Dataset` over each example of `split` once, in its order.

        Elements are as in `train` plus `weight` float32 [B]: the last batch is filled up with
        copies of weight 0, so that all batches have the same shape and replicas can split them.
        """
        examples, labels = (tf.constant(array) for array in self._stored(split))
        count = len(examples)

        @tf.autograph.experimental.do_not_convert
        def batch_at(number):
            index = number * batch_size + tf.range(batch_size, dtype=tf.int64)
            rows = tf.minimum(index, count - 1)
            drawn = noise.Noise(0, noise.PROTOCOL, rows)
            element = self._element(tf.gather(examples, rows), tf.gather(labels, rows), drawn)
            return {**element, "index": index, "weight": tf.cast(index < count, tf.float32)}

        return _quiet(tf.data.Dataset.range(-(-count // batch_size)).map(batch_at))

    def examples(self, split, limit=None):
        """Returns the first `limit` examples of a split (all by default) as numpy.

        Returns:
            (x float32 [N, …], pictures in [0, 1] as prepared by the options; y float32 [N, d] or
            None; labels int32 [N]).
        """
        stored, labels = (array[:limit] for array in self._stored(split))
        parts = []
        for i in range(0, len(stored), CHUNK):
            rows = np.arange(i, min(i + CHUNK, len(stored)))
            drawn = noise.Noise(0, noise.PROTOCOL, rows)
            parts.append(self._element(tf.constant(stored[rows]), tf.constant(labels[rows]), drawn))
        x = np.concatenate([self.spec.to_unit(part["x"]) for part in parts])
        y = np.concatenate([part["y"] for part in parts]) if "y" in parts[0] else None
        return x, y, labels

    def lines(self, split):
        """Returns the lines of a split of text."""
        if self.spec.symbols:
            return text.read(self.splits[split][0], self.spec.symbols)
        return [self.spec.names[label] for label in self.splits[split][1]]

    def digest(self):
        """Returns an identifier of the examples: the version of the data set if it has one, or
        the sha256 of all examples, labels, names and symbols."""
        if self._version:
            return self._version
        arrays = [array for split in sorted(self.splits) for array in self.splits[split]]
        found = hashlib.sha256(repr(self.spec.names).encode())
        found.update(self.spec.symbols.encode())
        for array in arrays:
            found.update(np.ascontiguousarray(array))
        return found.hexdigest()

    def conditions(self):
        """Returns example conditions: int32 [classes] or float32 [classes, d], one of each class,
        or the first 64 held-out pictures float32 [64, d]; None where there is no condition."""
        words = self.spec.names
        if self.options.condition == "label":
            return np.arange(len(words), dtype=np.int32)
        if self.options.condition == "name":
            return spelling.encode(words, words).reshape(len(words), -1)
        if self.options.condition in ("image", "quadrants"):
            return self.examples(self.validation, 64)[1]
        return None

    def _stored(self, split):
        """(examples, labels) of a split; statically binarized here, once, from a fixed seed."""
        images, labels = self.splits[split]
        if self.options.binarize != "static":
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
            uniform = noise.Noise(seed, noise.PROTOCOL, rows).uniform(images.shape[1:])
            parts.append((self._gray(tf.constant(chunk)) > uniform).numpy())
        return np.concatenate(parts).astype(np.uint8) * 255, labels

    def _element(self, examples, labels, drawn):
        """Stored examples -> x, the label, and the condition y where there is one."""
        if self._layers is not None:
            colors = [tf.gather(self._layers, examples[:, i]) for i in range(3)]
            examples = tf.stack(colors, axis=-1)
        modalities = {
            "image": lambda: self._finished(examples, drawn),
            "name": lambda: tf.gather(self._words, labels),
            "label": lambda: tf.one_hot(labels, self.spec.classes),
        }
        x = modalities[self.options.target]()
        element = {"x": self.spec.from_unit(x), "label": labels}
        if self.options.condition != "none":
            # Quadrants are of this very picture: noise is not drawn for it again.
            y = x if self.options.condition == "quadrants" else modalities[self.options.condition]()
            y = y * self.spec.visible_pixels() if self.options.condition == "quadrants" else y
            element["y"] = tf.reshape(y, [-1, math.prod(y.shape[1:])])
        return element

    def _gray(self, images):
        """uint8 pictures -> float32 gray values in [0, 1], on the data's own levels."""
        gray = tf.cast(images, tf.float32) / 255.0
        if self._levels < 256:
            gray = tf.round(gray * (self._levels - 1)) / (self._levels - 1)
        return gray

    def _finished(self, images, drawn):
        """uint8 pictures -> float32 in [0, 1], by the options; lines one-hot; points as are."""
        if self.spec.symbols:
            return tf.one_hot(images, len(self.spec.symbols))
        if images.dtype != tf.uint8:
            return images
        gray = self._gray(images)
        if self.options.binarize == "dynamic":
            return tf.cast(gray > drawn.uniform(images.shape[1:]), tf.float32)
        if self.options.binarize == "threshold":
            return tf.cast(gray >= 0.5, tf.float32)
        if self.options.dequantize:
            step = self._levels - 1
            return (gray * step + drawn.uniform(images.shape[1:])) / (step + 1)
        return gray


def _shuffled(places, seed, epochs, count):
    """The example at each place [n] of a permutation of `count` that (seed, epoch) names."""
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
