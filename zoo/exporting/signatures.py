"""The functions of an export, in the forms that servers and devices ask for.

`images` are float32 [B, H, W, C] in [0, 1] whatever the model trained on, `points` float32 [B, 2],
`text` float32 [B, letters, symbols]; `num` and `seed` may be scalars, or [1] or [1, 1] as REST's
row form and browsers send them.  A `label` or `condition` of fewer examples than are drawn is
repeated in turn.

Servers also get each picture as a PNG file, in an output whose name ends in `_bytes`: REST returns
such strings as base64.
"""

import tensorflow as tf

from zoo.exporting import subpixel

MAX_NUM = 1024  # pictures in one call of `sample`
BYTES = "_bytes"  # the end of the names of outputs that REST gives as base64


def for_servers(model):
    """Returns name -> concrete function for a `GenerativeModel`'s `signatures()`.

    A `num` outside 1..1024, a `label` that is no class and a `position` outside of the picture are
    refused inside the graph.
    """
    spec = model.data_spec
    ranges = {"num": (1, MAX_NUM), "label": (0, spec.classes - 1)}
    if spec.modality == "images":
        ranges["position"] = (0, spec.shape[0] * spec.shape[1] - 1)

    def served(call, specs):
        def serve(*inputs):
            pairs = zip(inputs, specs, strict=True)
            outputs = call(*(_checked(_taken(x, spec), spec, ranges) for x, spec in pairs))
            return outputs | _png_files(outputs)

        return _concrete(serve, specs)

    return {name: served(call, specs) for name, (call, specs) in model.signatures().items()}


def for_devices(model, batch=None):
    """As `for_servers`, for TensorFlow Lite, which can neither refuse a number nor write PNG.

    Args:
        model: a `GenerativeModel`.
        batch: of this many examples always, where delegates and browsers ask for it: `sample` then
            has no `num`.  None: of any number.
    """

    def on_device(call, specs):
        given = [spec for spec in specs if batch is None or spec.name != "num"]

        def run(*inputs):
            found = {spec.name: _taken(x, spec) for x, spec in zip(inputs, given, strict=True)}
            return call(*(found.get(spec.name, batch) for spec in specs))

        return _concrete(run, [_fixed(spec, batch) for spec in given])

    with subpixel.as_convolutions(model):
        return {name: on_device(call, specs) for name, (call, specs) in model.signatures().items()}


def _concrete(function, specs):
    return tf.function(function, input_signature=specs, autograph=False).get_concrete_function()


def _fixed(spec, batch):
    """The spec with a batch of a known size; numbers are then [1], as browsers send them."""
    if batch is None:
        return spec
    shape = [1] if spec.shape.rank is None else [batch, *spec.shape[1:]]
    return tf.TensorSpec(shape, spec.dtype, spec.name)


def _taken(value, spec):
    """An input as the model takes it: a number is the scalar in a column form [], a row form [1],
    or a browser's [1]."""
    return tf.reshape(value, [-1])[0] if spec.shape.rank is None else value


def _checked(value, spec, ranges):
    if spec.shape.rank is not None:
        # Else kernels find out, and not all of them say that it is the caller's mistake.
        value = tf.ensure_shape(value, spec.shape)
    if spec.name not in ranges:
        return value
    low, high = ranges[spec.name]
    fine = tf.reduce_all(tf.logical_and(value >= low, value <= high))
    message = [f"{spec.name} must be {low} to {high}, not", value]
    with tf.control_dependencies([tf.debugging.Assert(fine, message)]):
        return tf.identity(value)


def _png_files(outputs):
    """Of each output that is pictures [B, H, W, C], the same as PNG files, string [B]."""
    return {
        name + BYTES: tf.io.encode_png(
            tf.cast(tf.round(255.0 * tf.clip_by_value(value, 0.0, 1.0)), tf.uint8)
        )
        for name, value in outputs.items()
        if value.shape.rank == 4
    }
