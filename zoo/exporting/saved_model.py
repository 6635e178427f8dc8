"""Writes a SavedModel of raw variables, which loads in a server without Python or Keras.

A SavedModel that tracks Keras objects reloads in Python and fails in TensorFlow Serving; so the
module saved here holds nothing but the `tf.Variable`s that the signatures read.
"""

import tensorflow as tf


def write(functions, folder):
    """Writes concrete functions (name -> function) to `folder`; `generate` is also the default."""
    module = tf.Module()
    read = {}
    for function in functions.values():
        read |= {variable.ref(): variable for variable in function.graph.variables}
    module.weights = list(read.values())
    signatures = {"serving_default": functions["generate"], **functions}
    tf.saved_model.save(module, str(folder), signatures=signatures)
