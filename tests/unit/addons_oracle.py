"""What TensorFlow Addons 0.23 computes, in a process of its own, for test_addons to compare with.

    python tests/unit/addons_oracle.py PROBLEM.npz ANSWERS.npz

The addons subclass Keras 2 by its old names.  `tf_keras` is that Keras for today's TensorFlow; it
answers to those names here, so that nothing else may import Keras 3 in this process.
"""

import importlib
import os
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
import tf_keras


def alias():
    """Lets ``import keras.…`` mean ``tf_keras.…``."""
    importlib.import_module("tf_keras.src.engine.base_layer")
    for name in [name for name in sys.modules if name.split(".")[0] == "tf_keras"]:
        sys.modules["keras" + name[len("tf_keras") :]] = sys.modules[name]


alias()
import tensorflow_addons as tfa  # noqa: E402


def maxout(x, kernel, units):
    """Returns the output and the gradient of the sum of its squares in the kernel."""
    kernel = tf.Variable(kernel)
    with tf.GradientTape() as tape:
        y = tfa.layers.Maxout(units)(x @ kernel)
        loss = tf.reduce_sum(y**2)
    return {"y": y, "kernel_gradient": tape.gradient(loss, kernel)}


def weight_normalization(x, v, g):
    """Returns a dense layer's output, and the gradients of the sum of its squares in v and g."""
    layer = tfa.layers.WeightNormalization(
        tf_keras.layers.Dense(len(g), use_bias=False), data_init=False
    )
    layer(x)  # the first call sets g
    layer.v.assign(v)
    layer.g.assign(g)
    with tf.GradientTape() as tape:
        y = layer(x)
        loss = tf.reduce_sum(y**2)
    v_gradient, g_gradient = tape.gradient(loss, [layer.v, layer.g])
    return {"y": y, "v_gradient": v_gradient, "g_gradient": g_gradient}


def spectral_normalization(x, kernel, u, calls):
    """Returns output, kernel and u of a convolution after some calls in training."""
    layer = tfa.layers.SpectralNormalization(
        tf_keras.layers.Conv2D(kernel.shape[-1], kernel.shape[0], use_bias=False), 2
    )
    layer.build(x.shape)
    layer.w.assign(kernel)
    layer.u.assign(u)
    for _ in range(calls):
        y = layer(x, training=True)
    return {"y": y, "kernel": layer.w, "u": layer.u}


def instance_normalization(x, gamma, beta):
    """Returns the output and the gradient of the sum of its cubes in the input."""
    layer = tfa.layers.InstanceNormalization()
    layer.build(x.shape)
    layer.set_weights([gamma, beta])
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        loss = tf.reduce_sum(y**3)
    return {"y": y, "x_gradient": tape.gradient(loss, x)}


def adamw(start, gradients, learning_rate, decay):
    """Returns the weights after each update."""
    optimizer = tfa.optimizers.AdamW(weight_decay=decay, learning_rate=learning_rate)
    weights, found = tf.Variable(start), []
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient), weights)])
        found.append(weights.numpy())
    return {"weights": found}


def moving_average(start, gradients, learning_rate, decay):
    """Returns the average after each update; its decay warms up."""
    optimizer = tfa.optimizers.MovingAverage(
        tf_keras.optimizers.legacy.SGD(learning_rate), average_decay=decay, dynamic_decay=True
    )
    weights, found = tf.Variable(start), []
    for gradient in gradients:
        optimizer.apply_gradients([(tf.constant(gradient), weights)])
        found.append(optimizer.get_slot(weights, "average").numpy())
    return {"averages": found}


ADDONS = (
    maxout,
    weight_normalization,
    spectral_normalization,
    instance_normalization,
    adamw,
    moving_average,
)

if __name__ == "__main__":
    problem = dict(np.load(sys.argv[1]))
    answers = {"version": tfa.__version__}
    for addon in ADDONS:
        prefix = addon.__name__ + "/"
        words = {
            key.removeprefix(prefix): value if value.ndim else value.item()
            for key, value in problem.items()
            if key.startswith(prefix)
        }
        answers |= {prefix + key: np.asarray(value) for key, value in addon(**words).items()}
    np.savez(sys.argv[2], **answers)
