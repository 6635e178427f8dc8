"""The functions of an export, in the forms that servers and devices ask for.

`images` are float32 [B, H, W, C] in [0, 1] whatever the model trained on, `points` float32 [B, 2],
`text` float32 [B, letters, symbols]; `num` and `seed` may be scalars, or [1] or [1, 1] as REST's
row form and browsers send them.  A `label` or `condition` of fewer examples than are drawn is
repeated in turn.
"""

import tensorflow as tf

MAX_NUM = 1024  # pictures in one call of `sample`


def concrete(model, checked=True):
    """Returns name -> concrete function for `model.signatures()`.

    Args:
        model: a `GenerativeModel`.
        checked: refuse a `num` outside 1..1024, a `label` that is no class and a `position` outside
            of the picture inside the graph, which TensorFlow Lite cannot.
    """
    spec = model.data_spec
    ranges = {"num": (1, MAX_NUM), "label": (0, spec.classes - 1)}
    if spec.kind == "images":
        ranges["position"] = (0, spec.shape[0] * spec.shape[1] - 1)
    return {
        name: _served(call, specs, ranges if checked else {})
        for name, (call, specs) in model.signatures().items()
    }


def _served(call, specs, ranges):
    def serve(*inputs):
        return call(*(_taken(x, spec, ranges) for x, spec in zip(inputs, specs, strict=True)))

    return tf.function(serve, input_signature=specs, autograph=False).get_concrete_function()


def _taken(value, spec, ranges):
    """An input as the model takes it; a number is the scalar in a column form [], a row form [1],
    or a browser's [1]."""
    if spec.shape.rank is None:
        value = tf.reshape(value, [-1])[0]
    if spec.name not in ranges:
        return value
    low, high = ranges[spec.name]
    fine = tf.reduce_all(tf.logical_and(value >= low, value <= high))
    message = [f"{spec.name} must be {low} to {high}, not", value]
    with tf.control_dependencies([tf.debugging.Assert(fine, message)]):
        return tf.identity(value)
