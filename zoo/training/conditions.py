"""What a model may be given beside its latents, and the form in which its networks take it."""

import numpy as np
import tensorflow as tf

from zoo.config import UserError


def check_data(model, spec):
    """Refuses a `DataSpec` whose examples `model` cannot draw, or whose condition it cannot take.

    Raises:
        UserError: see above.
    """
    name = type(model).__name__
    if spec.modality not in model.modalities:
        raise UserError(
            f"{name} draws {' or '.join(model.modalities)}, and not {spec.modality}: choose "
            "another model, or other data."
        )
    kinds = " or ".join(", ".join(model.condition_kinds).rsplit(", ", 1))
    given = spec.condition != "none"
    if given and model.conditional == "never":
        raise UserError(f"{name} takes no condition: leave --condition out, or train cgan.")
    if not given and model.conditional == "always":
        raise UserError(f"{name} needs a condition: pass --condition={kinds}.")
    if given and spec.condition not in model.condition_kinds:
        raise UserError(f"{name} is given a {kinds}, not a {spec.condition}.")


def encoded(spec, y):
    """Returns a condition as networks take it, float32 [B, d]: labels one-hot, vectors as they are.

    Args:
        spec: the `DataSpec`; without a condition the result is None.
        y: labels int [B], or float32 [B, d].

    Raises:
        UserError: there is no y, it has another form, or a label is not one of the classes.
    """
    if not spec.condition_size:
        return None
    if y is None:
        raise UserError(
            f"this model draws given a {spec.condition}: pass one, fit(x, y) or condition=…."
        )
    y = tf.convert_to_tensor(y)
    if y.dtype == tf.string or not (y.dtype.is_integer or y.shape[-1] == spec.condition_size):
        raise UserError(
            f"a condition of this model is a label or float32 [B, {spec.condition_size}], and "
            f"not {y.dtype.name} {y.shape}."
        )
    if not y.dtype.is_integer:
        y = tf.cast(y, tf.float32)
        if spec.condition == "quadrants":  # of a whole picture, what a network may see
            y *= np.broadcast_to(spec.visible_pixels(), spec.condition_shape).ravel()
        return y
    if not tf.is_symbolic_tensor(y):  # in a graph, the export's own check stands
        spec.check_labels(y.numpy().ravel())
    return tf.one_hot(y, spec.classes)
