"""What a caller may give a conditional model: labels, names, pictures, each of them checked."""

import numpy as np

from zoo.config import UserError, nearest
from zoo.data import names
from zoo.files import reading

WORD = {"label": "label", "name": "name", "image": "picture", "quadrants": "picture"}


def read(path):
    """Returns the array [N, …] of a .npy file.

    Raises:
        UserError: it cannot be read, or has none.
    """
    try:
        with reading(path):
            found = np.load(path, allow_pickle=False)
    except UserError:
        raise
    except Exception:  # numpy's readers raise many kinds of errors on other files
        found = None
    if not isinstance(found, np.ndarray) or found.ndim == 0:
        raise UserError(f"--condition={path} is not a .npy file of an array [N, …].")
    return found


def checked(spec, condition):
    """Returns a caller's condition as a model takes it.

    Args:
        spec: the model's `DataSpec`.
        condition: a label or several; a name or several; or an array float32 [L, d], or [L, …] in
            the condition's own shape.

    Returns:
        int32 [L] where the model is given a label, else float32 [L, d].

    Raises:
        UserError: the model takes none, or one of another kind, width or range.
    """
    if spec.condition == "none":
        raise UserError("this model takes no condition: leave it out.")
    try:
        given = np.atleast_1d(np.asarray(condition))
    except ValueError:
        raise UserError("the parts of the condition have several shapes: give them one.") from None
    words = given.dtype.kind in "US" and given.ndim == 1
    labels = given.dtype.kind in "iu" and given.ndim == 1
    if not len(given):
        raise UserError("the condition is empty: give one for all or one for each.")
    if spec.condition in ("image", "quadrants"):
        if words or labels:
            raise UserError(f"this model is given a picture: pass {_wanted(spec)} (--condition).")
        return _vectors(spec, given)
    if labels:
        spec.check_labels(given)
        if spec.condition == "label":
            return given.astype(np.int32)
        given, words = np.array(spec.names)[given], True
    if spec.condition == "label":
        if not words:
            raise UserError(
                f"this model is given a label, a whole number from 0 to {spec.classes - 1}, and "
                f"not an array of {given.dtype} {list(given.shape)}."
            )
        for word in given:
            if word not in spec.names:
                raise UserError(f"no class is named {str(word)!r}: {nearest(word, spec.names)}.")
        return np.array([spec.names.index(word) for word in given], np.int32)
    if words:
        return names.encode(list(map(str, given)), spec.names).reshape(len(given), -1)
    return _vectors(spec, given)


def _vectors(spec, given):
    shape = spec.condition_shape
    if given.dtype.kind not in "fiub" or given.shape[1:] not in (shape, (spec.condition_size,)):
        raise UserError(
            f"this model is given a {WORD[spec.condition]}: pass {_wanted(spec)}, and not "
            f"{given.dtype} {list(given.shape)}."
        )
    given = given.astype(np.float32).reshape(len(given), -1)
    if not (np.isfinite(given).all() and given.min() >= 0 and given.max() <= 1):
        raise UserError("a condition's values lie in [0, 1], and some of these do not.")
    return given


def _wanted(spec):
    shape = ", ".join(map(str, spec.condition_shape))
    return f"an array float32 [N, {shape}] or [N, {spec.condition_size}]"
