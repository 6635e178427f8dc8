"""What a caller's own arrays must be like: the first batch is looked at before anything starts.

Pictures in 0..255 would train and report believable losses.  `zoo.data`'s streams, whose elements
are dicts, are right by construction and are not looked at.
"""

import types

import keras
import numpy as np
import tensorflow as tf

from zoo.config import UserError

SLACK = 1e-3  # of rounding, beside a range
OFF_LEVEL = 0.2  # of the distance between two levels; halves are what a wrong scale gives


def checked(model, x, y=None, batch_size=None):
    """Checks the first batch of what `fit` or `evaluate` is given, and returns `x` to be read.

    Args:
        model: a `GenerativeModel`.
        x, y, batch_size: as Keras takes them.

    Raises:
        UserError: the examples' shape, range or levels are not those of `model.data_spec`, a
            label is none of its classes, or there is NaN or infinity.
    """
    if isinstance(x, types.GeneratorType):
        first = next(x, None)
        x = _again(first, x)
    elif isinstance(x, tf.data.Dataset):
        plain = not isinstance(x.element_spec, dict)
        first = next(iter(x.take(1)), None) if plain else None
    elif isinstance(x, keras.utils.PyDataset):
        first = x[0]
    else:
        first = [part[: batch_size or 32] for part in (x, y) if hasattr(part, "shape")]
    if isinstance(first, tuple | list):
        values, labels = (*first, None, None)[:2]
    else:
        values, labels = first, None
    if hasattr(values, "shape"):
        _check_examples(model, np.asarray(values))
    if hasattr(labels, "shape") and model.data_spec.condition_size:
        _check_condition(model.data_spec, np.asarray(labels))
    return x


def _again(first, rest):
    if first is not None:
        yield first
    yield from rest


def _check_examples(model, x):
    spec, k = model.data_spec, model.updates_per_step
    shapes = [spec.shape] if k == 1 else [spec.shape, (k, *spec.shape)]
    if x.shape[1:] not in shapes:
        wanted = " or ".join(f"[N, {', '.join(map(str, shape))}]" for shape in shapes)
        raise UserError(f"x is {list(x.shape)}: this model takes {wanted}.")
    if x.dtype.kind not in "biuf" or not x.size:
        raise UserError(f"x contains {x.size} values of {x.dtype}: pass numbers.")
    x = x.astype(np.float32)
    _check_finite("x", x)
    if spec.modality == "points":
        return
    symmetric = spec.modality == "images" and spec.range == "symmetric"
    least, low, high = -1 if symmetric else 0, x.min(), x.max()
    found = f"x lies in [{low:.4g}, {high:.4g}] and this model trains on [{least}, 1]"
    if low < least - SLACK or high > 1 + SLACK:
        way = _way(symmetric, low, high)
        raise UserError(f"{found}: {way}.")
    if symmetric and 0 <= low < high:
        raise UserError(f"{found}: pass 2 * x - 1.")
    if model.on_levels:
        place = spec.to_unit(x) * (spec.levels - 1)
        if np.abs(place - np.round(place)).max() > OFF_LEVEL:
            raise UserError(
                f"x lies between the {spec.levels} levels that this model draws: round its gray "
                f"values to multiples of 1/{spec.levels - 1}."
            )


def _way(symmetric, low, high):
    if low >= 0 and high <= 255:
        return "pass x / 127.5 - 1" if symmetric else "pass x / 255"
    if not symmetric and low >= -1 - SLACK and high <= 1 + SLACK:
        return "pass (x + 1) / 2"
    return "scale it into that range"


def _check_condition(spec, y):
    if y.dtype.kind == "f":
        _check_finite("y", y)
        return
    outside = y[(y < 0) | (y >= spec.classes)] if y.dtype.kind in "iu" else ()
    if len(outside):
        raise UserError(
            f"label {outside[0]} is none of the {spec.classes} classes: give 0 to "
            f"{spec.classes - 1}."
        )


def _check_finite(name, values):
    if not np.isfinite(values).all():
        raise UserError(f"{name} contains NaN or infinity: leave those examples out.")
