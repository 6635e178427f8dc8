"""Spectral normalization against NumPy's singular values, and what moves u."""

import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.networks import spectral_norm
from zoo.networks.initializers import Initializers


def dense(inputs=7, units=5):
    draw = Initializers(3)
    layer = spectral_norm.SpectralDense(
        units, kernel_initializer=draw.normal(1.0), u_initializer=draw.normal(1.0)
    )
    layer.build((None, inputs))
    return layer


def conv():
    draw = Initializers(4)
    layer = spectral_norm.SpectralConv2D(
        6, 3, 2, kernel_initializer=draw.normal(1.0), u_initializer=draw.normal(1.0)
    )
    layer.build((None, 8, 8, 4))
    return layer


def norm(kernel):
    """The largest singular value of a kernel as a matrix."""
    matrix = np.asarray(kernel).reshape(-1, kernel.shape[-1])
    return np.linalg.svd(matrix, compute_uv=False)[0]


@pytest.mark.parametrize("make", [dense, conv])
def test_the_norm_comes_to_1(make):
    layer = make()
    # σ = ‖Wᵀu‖ is at most the norm, so that the layer's is at least 1, and falls to it.
    found = []
    for _ in range(60):
        found.append(norm(layer.normalized()))
        layer.power_iteration()
    assert found[0] > 1.02
    assert all(after <= before + 1e-6 for before, after in itertools.pairwise(found))
    np.testing.assert_allclose(found[-1], 1.0, rtol=0, atol=1e-4)
    np.testing.assert_allclose(
        layer.normalized(), layer.kernel / norm(layer.kernel), rtol=0, atol=1e-4
    )


def test_one_iteration_by_hand():
    layer = dense()
    w = layer.kernel.numpy().T  # the paper's, [outputs, inputs]
    u = layer.u.numpy() / np.linalg.norm(layer.u)
    v = w.T @ u / np.linalg.norm(w.T @ u)
    u = w @ v / np.linalg.norm(w @ v)
    layer.power_iteration()
    np.testing.assert_allclose(layer.u, u, rtol=0, atol=1e-5)
    v = w.T @ u / np.linalg.norm(w.T @ u)
    x = np.random.RandomState(0).randn(4, 7).astype(np.float32)
    layer.bias.assign(np.arange(5.0))
    by_hand = x @ w.T / (u @ w @ v) + np.arange(5)
    np.testing.assert_allclose(layer(x), by_hand, rtol=0, atol=1e-5)


def test_gradient_of_the_singular_value_is_u_v():
    """∂ (W / σ) / ∂ W with u and v constant: eq. 12 of the paper, for the loss Σ g · W / σ."""
    layer = dense()
    layer.power_iteration()
    w, u = layer.kernel.numpy().T, layer.u.numpy()
    v = w.T @ u / np.linalg.norm(w.T @ u)
    sigma = u @ w @ v
    g = np.random.RandomState(1).randn(5, 7).astype(np.float32)
    by_hand = g / sigma - (g * w).sum() / sigma**2 * np.outer(u, v)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(g.T * layer.normalized())
    found = tape.gradient(loss, layer.kernel.value).numpy().T
    np.testing.assert_allclose(found, by_hand, rtol=0, atol=1e-5)
    assert layer.trainable_variables == [layer.kernel, layer.bias]
    # A port's: the iteration is a part of the call, and its gradient flows on through u and v.
    matrix = tf.Variable(w)
    with tf.GradientTape() as tape:
        v = tf.math.l2_normalize(tf.linalg.matvec(matrix, u, transpose_a=True))
        sigma = tf.norm(tf.linalg.matvec(matrix, v))
        loss = tf.reduce_sum(g * matrix / sigma)
    u = tf.math.l2_normalize(tf.linalg.matvec(w, v))
    constant = g / sigma - (g * w).sum() / sigma**2 * np.outer(u, v)
    assert np.abs(tape.gradient(loss, matrix) - constant).max() > 1e-3


@pytest.mark.parametrize("training", [False, True])
def test_a_call_moves_nothing(training):
    """Keras' own layer moves u and the kernel in every call in training."""
    layer, other = dense(), keras.layers.SpectralNormalization(keras.layers.Dense(5))
    x = np.ones((2, 7), np.float32)
    other(x)
    before = [layer.get_weights(), other.get_weights()]
    for each in (layer, other):
        each(x, training=training)
    same = [
        all(np.array_equal(a, b) for a, b in zip(old, new.get_weights(), strict=True))
        for old, new in zip(before, (layer, other), strict=True)
    ]
    assert same == [True, not training]


def test_convolution_is_keras_own_with_the_normalized_kernel():
    layer, plain = conv(), keras.layers.Conv2D(6, 3, 2, "same")
    plain.build((None, 8, 8, 4))
    plain.set_weights([layer.normalized(), layer.bias])
    x = np.random.RandomState(2).randn(2, 8, 8, 4).astype(np.float32)
    np.testing.assert_allclose(layer(x), plain(x), rtol=0, atol=1e-5)


@pytest.mark.parametrize("make", [dense, conv])
def test_config_is_plain_json(make):
    layer = make()
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(config)
    if not again.built:
        again.build((None, 7) if make is dense else (None, 8, 8, 4))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again.normalized(), layer.normalized())
    assert again.get_config() == layer.get_config()


def test_hidden_layers_of_bfloat16_keep_a_float32_norm():
    layer = spectral_norm.SpectralDense(5, dtype="mixed_bfloat16")
    y = layer(np.ones((2, 7), np.float32))
    assert y.dtype == tf.bfloat16
    assert layer.normalized().dtype == tf.float32
    assert layer.kernel.dtype == "float32"
