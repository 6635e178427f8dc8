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
        name: (_drawing(call, checked) if inputs == "num and seed" else _batched(call, inputs))
        for name, (call, inputs) in model.signatures().items()
    }


def _batched(call, inputs):
    return tf.function(call, input_signature=inputs, autograph=False).get_concrete_function()


def _drawing(call, checked):
    # Unknown rank: a row request adds a batch axis to what is a scalar in the column form.
    numbers = [tf.TensorSpec(None, tf.int32, name) for name in ("num", "seed")]

    def draw(num, seed):
        num, seed = tf.reshape(num, [-1])[0], tf.reshape(seed, [-1])[0]
        if checked:
            fine = tf.debugging.Assert(
                tf.logical_and(num >= 1, num <= MAX_NUM), [f"num must be 1 to {MAX_NUM}, not", num]
            )
            with tf.control_dependencies([fine]):
                num = tf.identity(num)
        return call(num, seed)

    return tf.function(draw, input_signature=numbers, autograph=False).get_concrete_function()
