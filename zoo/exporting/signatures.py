"""The functions of an export, in the forms that servers and devices ask for.

`images` are float32 [B, H, W, C] in [0, 1] whatever the model trained on, `points` float32 [B, 2],
`text` float32 [B, L, S], the probabilities of the symbols at each place, and with it `codes` int32
[B, L], the likeliest ones; `num` and `seed` may be scalars, or [1] or [1, 1] as REST's
row form and browsers send them.  A `label` or `condition` of fewer examples than are drawn is
repeated in turn.

Servers get the pictures of `sample` and `complete` as PNG files too, from signatures of their own,
`sample_png` and `complete_png`: so the others hold nothing that a converter cannot take.  Of text
they get `sample_lines`.
"""

import tensorflow as tf

from zoo.exporting import subpixel
from zoo.training.inputs import MAX_DRAWN

PNG = "_png"  # the end of the names of signatures that give PNG files
BYTES = "_bytes"  # the end of the names of outputs that REST gives as base64
LINES = "_lines"  # the end of the name of the signature that gives text as strings


def for_servers(model):
    """Returns name -> concrete function for a `GenerativeModel`'s `signatures()` and PNG twins.

    Inside the graph are refused an integer outside of its input's range, such as a `label` that is
    no class, several values of a number, such as the `seed`s of two calls that a server merged, and
    more pixels than a call may draw.
    """

    def served(call, inputs):
        def serve(*values):
            pairs = zip(values, inputs, strict=True)
            found = [_checked(x, input) for x, input in pairs]
            return call(*_bounded(found, inputs))

        return _concrete(serve, [input.spec() for input in inputs])

    def twin(function, inputs, pictures):
        def serve(*values):
            outputs = function(*values)  # a call, not a second trace: the file holds it once
            return {key + BYTES: _png_files(outputs[key]) for key in pictures}

        return _concrete(serve, [input.spec() for input in inputs])

    def spelled(function, inputs):
        def serve(*values):
            return {"lines": _lines(function(*values)["codes"], model.data_spec.alphabet)}

        return _concrete(serve, [input.spec() for input in inputs])

    offered = model.signatures()
    functions = {name: served(call, inputs) for name, (call, inputs) in offered.items()}
    if "codes" in functions["sample"].structured_outputs:
        sample = functions["sample"], offered["sample"][1]
        return functions | {"sample" + LINES: spelled(*sample)}
    twins = {name: pictures(name, f.structured_outputs) for name, f in functions.items()}
    return functions | {
        name + PNG: twin(functions[name], offered[name][1], twins[name])
        for name in twins
        if twins[name]
    }


def pictures(name, outputs):
    """Returns the outputs of a signature (name -> tensor or array) that its PNG twin has as files;
    none where it has no twin."""
    if name not in ("sample", "complete"):
        return []
    return [key for key, value in outputs.items() if len(value.shape) == 4]


def for_devices(model, batch=None):
    """As `for_servers`, for TensorFlow Lite, which can neither refuse a number nor write PNG.

    Args:
        model: a `GenerativeModel`.
        batch: of this many examples always, where delegates and browsers ask for it: `sample` then
            has no `num`.  None: of any number.

    A `size` is for servers only, whose loop over pixels is of an op that is not built in: without
    it `sample` draws the trained size.
    """

    def on_device(call, inputs):
        given = on_devices(inputs, batch)

        def run(*values):
            found = {input.name: _taken(x, input) for x, input in zip(values, given, strict=True)}
            return call(*(found.get(input.name, absent(input, batch)) for input in inputs))

        return _concrete(run, [input.spec(batch) for input in given])

    with subpixel.as_convolutions():
        return {
            name: on_device(call, inputs) for name, (call, inputs) in model.signatures().items()
        }


def on_devices(inputs, batch):
    """Returns the `Input`s that a file for so many examples, or for any number, has."""
    away = ("size",) if batch is None else ("size", "count")
    return [input for input in inputs if input.kind not in away]


def absent(input, batch):
    """What a model is given for an `Input` that such a file lacks."""
    return batch if input.kind == "count" else None


def _concrete(function, specs):
    return tf.function(function, input_signature=specs, autograph=False).get_concrete_function()


def _taken(value, input):
    """An input as the model takes it: a number is the scalar in a column form [], a row form [1],
    or a browser's [1]."""
    return tf.reshape(value, [-1])[0] if input.is_number else value


def _checked(value, input):
    """An input as the model takes it; what is wrong with it is refused."""
    if input.is_number:
        sentence = (
            f"{input.name} must be one number for the whole call (send a call for each, to a "
            "server that does not batch them), not"
        )
        value = _taken(_asserted(tf.equal(tf.size(value), 1), sentence, value), input)
    else:
        # Else kernels find out, and not all of them say that it is the caller's mistake.
        value = tf.ensure_shape(value, input.spec().shape)
    if input.range is None or not value.dtype.is_integer:
        return value
    low, high = input.range
    fine = tf.reduce_all(tf.logical_and(value >= low, value <= high))
    return _asserted(fine, f"{input.name} must be {low} to {high}, not", value)


def _bounded(values, inputs):
    """The inputs; where they ask for more pixels than a call may draw, that is refused."""
    places = {input.kind: place for place, input in enumerate(inputs)}
    if not {"count", "size"} <= places.keys():
        return values
    count, size = (values[places[kind]] for kind in ("count", "size"))
    fine = count <= MAX_DRAWN // (size * size)
    sentence = f"num * size * size must be at most {MAX_DRAWN}, and these are num and size:"
    values[places["count"]] = _asserted(fine, sentence, count, size)
    return values


def _asserted(fine, sentence, *values):
    with tf.control_dependencies([tf.debugging.Assert(fine, [sentence, *values])]):
        return tf.identity(values[0])


def _png_files(pictures):
    """Pictures [B, H, W, C] as PNG files, string [B]."""
    levels = tf.round(255.0 * tf.clip_by_value(pictures, 0.0, 1.0))
    return tf.io.encode_png(tf.cast(levels, tf.uint8))


def _lines(codes, symbols):
    """Codes [B, L] as lines in UTF-8, without the blanks at their ends: string [B]."""
    lines = tf.strings.reduce_join(tf.gather(tf.constant([*symbols]), codes), axis=1)
    return tf.strings.regex_replace(lines, " +$", "")
