"""The judge of drawn digits: is it sure of a picture, and which digit does it see?

A small network that knows the ten digits and, as an eleventh class, what a bad generator draws:
noise, flat grays, scrambled digits and blends of two digits.  A plain classifier is sure of most
of those (an SVM with Platt's probabilities: of over half), so it could not fail a bad generator;
`test_digits_classifier.py` holds this one to being unsure of them.
"""

import functools
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from zoo.data import load

SURE = 0.9  # the probability that counts as sure
NO_DIGIT = 10


@functools.cache
def classifier():
    """Returns the network, fitted on the embedded training digits in 5 seconds, always the same."""
    images, _, labels = load("digits").examples("train")
    garbage = np.concatenate(list(no_digits(images, labels, 300, seed=0).values()))
    network = MLPClassifier((256, 256), alpha=1e-3, max_iter=50, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 50 epochs are what was chosen
        return network.fit(
            _flat(np.concatenate([images] * 5 + [garbage])),
            np.concatenate([labels] * 5 + [np.full(len(garbage), NO_DIGIT)]),
        )


def judge(images):
    """Judges images [N, 8, 8, 1] in [0, 1].

    Returns:
        (share that it is over 90 % sure are digits, the number of sure ones of each digit [10]).
    """
    probabilities = classifier().predict_proba(_flat(images))[:, :NO_DIGIT]
    sure = probabilities.max(axis=1) > SURE
    return sure.mean(), np.bincount(probabilities.argmax(axis=1)[sure], minlength=10)


def no_digits(images, labels, count, seed):
    """Returns kind -> pictures that are no digits, made from digits."""
    random = np.random.RandomState(seed)
    pixels = images.ravel()
    first, second = random.randint(0, len(images), (2, 3 * count))
    differ = np.flatnonzero(labels[first] != labels[second])[: 2 * count]
    share = random.uniform(0.35, 0.65, (len(differ), 1, 1, 1))
    scrambled = [images[i][random.permutation(8)][:, random.permutation(8)] for i in first[:count]]
    flat = random.rand(count, 1, 1, 1) + 0.1 * random.randn(count, 8, 8, 1)
    return {
        "pixels drawn from digits": pixels[random.randint(0, len(pixels), (count, 8, 8, 1))],
        "uniform noise": random.rand(count, 8, 8, 1),
        "blends": share * images[first[differ]] + (1 - share) * images[second[differ]],
        "scrambled": np.stack(scrambled),
        "flat gray": flat.clip(0, 1),
    }


def _flat(images):
    return images.reshape(len(images), -1)
