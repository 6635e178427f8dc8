"""The classifier whose features labeled pictures are judged in where none is frozen (`evaluator`).

It is trained on the data set's own training part, always from one seed, one order of the examples
and one number of steps, so that one data set has one classifier.

It is trained and run on the CPU, where the same machine gives the same features bit for bit.
Another one rounds otherwise and training amplifies that, so compare figures of one machine.
"""

import hashlib

import keras
import numpy as np
import tensorflow as tf

from zoo.config import UserError
from zoo.networks.initializers import Initializers
from zoo.networks.network import sequential

SEED = 0
FEATURES = 64  # the width of the layer below the logits
STEPS, BATCH, RATE = 2000, 128, 2e-3  # for every data set; Adam's rate falls linearly to 0
CHUNK = 1024  # pictures that are in the network at a time
DEVICE = "CPU:0"


class Classifier:
    """A convolutional network that was fitted to labeled pictures; `fit` makes one."""

    def __init__(self, shape, classes):
        initializers = Initializers(SEED)
        self._body = sequential(
            shape,
            *_convolutions(shape, initializers),
            keras.layers.Flatten(data_format="channels_last", dtype="float32"),
            _dense(FEATURES, initializers, "relu"),
        )
        self._logits = _dense(classes, initializers)
        self._logits.build((None, FEATURES))

    @classmethod
    def fit(cls, images, labels, classes):
        """Returns the classifier of a training part, the same at every call.

        Args:
            images: float32 [N, H, W, C] in [0, 1].
            labels: integers [N] below `classes`.
            classes: how many there are, at least 2.

        Raises:
            UserError: there are fewer than 2 classes.
        """
        if classes < 2:
            raise UserError(
                "the Fréchet distance needs a labeled data set of at least 2 classes, and this "
                f"one has {classes}: its features are those of a classifier."
            )
        with tf.device(DEVICE):
            classifier = cls(images.shape[1:], classes)
            step = classifier._training_step()
            for rows in _order(len(images)):
                step(tf.constant(images[rows], tf.float32), tf.constant(labels[rows], tf.int32))
        return classifier

    def features(self, images):
        """Images float32 [N, H, W, C] in [0, 1] -> float32 [N, `FEATURES`], all at least 0."""
        with tf.device(DEVICE):
            parts = [
                self._body(tf.constant(images[i : i + CHUNK], tf.float32)).numpy()
                for i in range(0, len(images), CHUNK)
            ]
        return np.concatenate(parts)

    def probabilities(self, features):
        """Features [N, `FEATURES`] -> p(class), float32 [N, classes]."""
        with tf.device(DEVICE):
            return tf.nn.softmax(self._logits(features)).numpy()

    def predict(self, images):
        """Images float32 [N, H, W, C] in [0, 1] -> the likeliest class, int64 [N]."""
        return self.probabilities(self.features(images)).argmax(axis=1)

    def sha256(self):
        """Returns that of all weights, by which another machine's is told apart."""
        found = hashlib.sha256()
        for weight in self._body.get_weights() + self._logits.get_weights():
            found.update(weight.tobytes())
        return found.hexdigest()

    def _training_step(self):
        variables = self._body.trainable_variables + self._logits.trainable_variables
        rate = keras.optimizers.schedules.PolynomialDecay(RATE, STEPS, end_learning_rate=0.0)
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build(variables)

        @tf.function(autograph=False)
        def step(images, labels):
            with tf.GradientTape() as tape:
                logits = self._logits(self._body(images))
                loss = tf.reduce_mean(
                    tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
                )
            optimizer.apply(tape.gradient(loss, variables), variables)

        return step


def _convolutions(shape, initializers):
    """One to each halving of the picture while both sides are even and above 4.

    The rule of `zoo.networks.conv`, but not its code: a change there must not change the figures.
    """
    height, width, _ = shape
    layers, filters = [], 32
    while height % 2 == 0 and width % 2 == 0 and min(height, width) > 4:
        layers.append(
            keras.layers.Conv2D(
                filters, 4, 2, "same", data_format="channels_last",
                activation="relu", dtype="float32",
                kernel_initializer=initializers.glorot_uniform(),
            )
        )  # fmt: skip
        height, width, filters = height // 2, width // 2, 2 * filters
    return layers


def _dense(units, initializers, activation=None):
    return keras.layers.Dense(
        units, activation=activation, kernel_initializer=initializers.glorot_uniform(),
        dtype="float32",
    )  # fmt: skip


def _order(count):
    """Rows [STEPS, BATCH] of `count` examples: one permutation after another."""
    random = np.random.RandomState(SEED)  # its streams are frozen, those of Generator are not
    epochs = -(-STEPS * BATCH // count)
    rows = np.concatenate([random.permutation(count) for _ in range(epochs)])
    return rows[: STEPS * BATCH].reshape(STEPS, BATCH)
