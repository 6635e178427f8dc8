"""What a discriminator has learned: a linear classifier on its features (Radford et al. 2015,
1511.06434, section 5).

The outputs of all convolutional layers, after their activations, are max-pooled to 4x4 places each,
flattened and joined; a linear L2-SVM is trained on the features of a few labeled pictures.  Beside
it the same on the features of an untrained discriminator and on the pixels.

Where this differs from the paper: the discriminator was trained on pictures of the same data set,
on Imagenet-1k in the paper; features are divided by one number, their root mean square norm, so
that the SVM's C means the same for all; C is chosen on a fifth of the labeled pictures.
"""

import typing

import numpy as np

from zoo.config import UserError
from zoo.diagnosing import discriminators
from zoo.diagnosing.diagnosis import Diagnosis, which
from zoo.parts import slices
from zoo.runs import provenance
from zoo.viz import probes

PLACES = 4  # a side, that features are pooled to
DRAWS = 5  # of the labeled pictures, by the seeds 0, 1, …
C = (1.0, 10.0, 100.0)
FOLDS = 5  # one of them chooses C
CHUNK = 512  # pictures in a network at a time


class Found(typing.NamedTuple):
    """What came of one run: the facts as JSON has them, and name of the features -> accuracies
    float [DRAWS]."""

    facts: dict
    accuracies: dict


def diagnosed(samplers, names, labels):
    """Returns the `Diagnosis` of runs and presets of these names; see `of`."""
    found = [of(*one, labels) for one in zip(samplers, names, strict=True)]
    words = [f"{one.facts['run']}: {_said(one)}" for one in found]
    return Diagnosis(probes.accuracies(found), [one.facts for one in found], words)


def of(sampler, name, labels):
    """Trains the classifiers; shows a progress bar.

    Args:
        sampler: a sampler with a model.
        name: the path or the preset that it was loaded by.
        labels: how many labeled pictures there are in a draw, as many of each class.

    Raises:
        UserError: no discriminator of convolutions, no classes, or too few pictures of one.
    """
    from zoo.training.callbacks import DelayedProgressBar

    spec = sampler.data_spec
    trained, untrained = discriminators.both(sampler, name)
    if spec.classes < 2:
        raise UserError(f"{spec.name!r} has no classes, and features are judged by them.")
    data, split = sampler.run.data(), sampler.run.facts["held_out"]["split"]
    (x, _, y), (held_out, _, truth) = (data.examples(part) for part in ("train", split))
    drawn = [drawn_rows(y, spec.classes, labels, seed) for seed in range(DRAWS)]
    sees = {
        "D's features": lambda images: pooled(trained, spec.from_unit(images)),
        "untrained D's features": lambda images: pooled(untrained, spec.from_unit(images)),
        "pixels": lambda images: images.reshape(len(images), -1),
    }
    bar, results, widths = DelayedProgressBar("classifier"), {}, {}
    for features, see in sees.items():
        test = see(held_out)
        widths[features], results[features] = test.shape[1], []
        for rows in drawn:
            results[features].append(probed(see(x[rows]), y[rows], test, truth))
            bar(sum(map(len, results.values())), len(sees) * DRAWS)
    accuracies = {key: np.array([one for one, _ in pairs]) for key, pairs in results.items()}
    facts = which(sampler, name) | {
        "labels": labels,
        "label_seeds": list(range(DRAWS)),
        "held_out": {"split": split, "examples": len(held_out)},
        "layers": len(trained),
        "accuracy": {
            key: {
                "width": widths[key],
                "mean": float(values.mean()),
                "deviation": float(values.std(ddof=1)),
                "of_draws": values.tolist(),
                "C": [c for _, c in results[key]],
            }
            for key, values in accuracies.items()
        },
        "code": provenance.code(),
    }
    return Found(facts, accuracies)


def drawn_rows(y, classes, count, seed):
    """Returns `count` rows of labels y [N], drawn at random with as many of each class; so that
    every FOLDS-th has each class too, they go through the classes in turn.

    Raises:
        UserError: a class has too few, or `count` is less than FOLDS of each or does not divide.
    """
    if count % classes or count < FOLDS * classes:
        raise UserError(
            f"--labels={count} must be a multiple of the {classes} classes, and {FOLDS} of each at "
            f"least: pass --labels={max(FOLDS, count // classes) * classes}."
        )
    each, order = count // classes, np.random.RandomState(seed).permutation(len(y))
    rows = [order[y[order] == label][:each] for label in range(classes)]
    least = min(map(len, rows))
    if least < each:
        raise UserError(f"a class has {least} pictures, and --labels={count} asks for {each}.")
    return np.stack(rows, axis=1).ravel()


def probed(x, y, test, truth):
    """Trains a linear L2-SVM on features x [N, d] of labels y [N].

    C is the first of `C` with the best accuracy on the last of `FOLDS` parts, trained on the
    others; then all are trained on.

    Returns:
        (its accuracy on features `test` [M, d] of labels `truth` [M], C).
    """
    scale = np.sqrt(np.mean(np.sum(np.square(x, dtype=np.float64), axis=1)))
    x, test = x / scale, test / scale
    fit = len(x) - len(x) // FOLDS
    scores = [_svm(c, x[:fit], y[:fit]).score(x[fit:], y[fit:]) for c in C]
    best = C[int(np.argmax(scores))]
    return float(_svm(best, x, y).score(test, truth)), best


def _svm(c, x, y):
    from sklearn.svm import LinearSVC

    return LinearSVC(C=c, dual="auto", random_state=0, max_iter=5000).fit(x, y)


def pooled(stages, x):
    """Returns the features float32 [N, d] of pictures x [N, H, W, C] in the model's range."""
    found = []
    for rows in slices(len(x), CHUNK):
        maps, features = x[rows], []
        for layers in stages:
            for layer in layers:
                maps = layer(maps)
            features.append(max_pooled(maps.numpy()).reshape(len(maps), -1))
        found.append(np.concatenate(features, axis=1))
    return np.concatenate(found)


def max_pooled(maps):
    """Returns maps [N, H, W, C] max-pooled to `PLACES` places a side, or to H or W where those are
    fewer; place i of n looks at floor(i H / n) to ceil((i + 1) H / n)."""
    for axis in (1, 2):
        size = maps.shape[axis]
        count = min(PLACES, size)
        maps = np.stack(
            [
                np.take(maps, range(i * size // count, -(-(i + 1) * size // count)), axis).max(axis)
                for i in range(count)
            ],
            axis,
        )
    return maps


def _said(found):
    facts = found.facts
    figures = ", ".join(
        f"{name} {one['mean']:.1%} ± {one['deviation']:.1%}"
        for name, one in facts["accuracy"].items()
    )
    return (
        f"accuracy of a linear L2-SVM of {facts['labels']} labels, over {DRAWS} draws of them, on "
        f"{facts['held_out']['examples']} pictures of {facts['held_out']['split']!r}: {figures}"
    )
