"""The functions of an export, in the forms that servers and devices ask for.

`images` are float32 [B, H, W, C] in [0, 1] whatever the model trained on; `num` and `seed` may be
scalars, or [1] or [1, 1] as REST's row form and browsers send them.
"""

import tensorflow as tf

MAX_NUM = 1024  # pictures in one call of `sample`


def concrete(model, checked=True):
    """Returns name -> concrete function for `model.signatures()`.

    Args:
        model: a `GenerativeModel`.
        checked: refuse a `num` outside 1..1024 inside the graph, which TensorFlow Lite cannot.
    """
    return {
        name: _served(call, specs, checked) for name, (call, specs) in model.signatures().items()
    }


def _served(call, specs, checked):
    def serve(*inputs):
        return call(
            *(
                _number(value, checked and spec.name == "num") if spec.shape.rank is None else value
                for value, spec in zip(inputs, specs, strict=True)
            )
        )

    return tf.function(serve, input_signature=specs, autograph=False).get_concrete_function()


def _number(value, capped):
    """The scalar in a column form [], a row form [1], or a browser's [1]."""
    number = tf.reshape(value, [-1])[0]
    if not capped:
        return number
    fine = tf.logical_and(number >= 1, number <= MAX_NUM)
    message = [f"num must be 1 to {MAX_NUM}, not", number]
    with tf.control_dependencies([tf.debugging.Assert(fine, message)]):
        return tf.identity(number)
