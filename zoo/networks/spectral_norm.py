"""Spectral normalization (Miyato et al. 2018, 1802.05957): layers whose kernel has norm 1.

    y = W x / σ + b      σ = uᵀ W v ≈ the largest singular value of W      v = Wᵀu / ‖Wᵀu‖

`power_iteration` improves u, a weight, by u ← W v / ‖W v‖ (Algorithm 1).  A call moves nothing: σ
is computed from the kernel and u as they are, so that a step of G and an evaluation leave D as it
was.  (Keras' `SpectralNormalization` moves u and assigns the kernel in every call in training.)  u
and v are constants in the gradient, where ∂σ/∂W is then u vᵀ (eq. 9).  For v that changes nothing,
since no other unit vector makes uᵀ W v larger.
"""

import keras
import tensorflow as tf

from zoo.serializable import Serializable


class _Normalized(Serializable, keras.layers.Layer):
    """A linear layer; W is its kernel with the outputs as rows: [outputs, all else]."""

    def __init__(self, use_bias, kernel_initializer, u_initializer, dtype, name):
        super().__init__(dtype=dtype, name=name)
        self.use_bias = use_bias
        self._initializers = kernel_initializer, u_initializer

    def _make(self, *shape):
        kernel, u = self._initializers
        # float32 at every precision: σ is.
        self.kernel = self.add_weight(
            name="kernel", shape=shape, initializer=kernel, autocast=False
        )
        self.u = self.add_weight(
            name="u", shape=shape[-1:], initializer=u, trainable=False, autocast=False,
            aggregation="only_first_replica",
        )  # fmt: skip
        if self.use_bias:
            self.bias = self.add_weight(name="bias", shape=shape[-1:], initializer="zeros")

    def power_iteration(self):
        """Moves u by one step; on every replica by the same, since W is."""
        _, v = self._vectors()
        self.u.assign(_unit(tf.linalg.matvec(self._matrix(), v)))

    def normalized(self):
        """Returns W / σ, float32 and in the kernel's shape."""
        u, v = self._vectors()
        return self.kernel / tf.tensordot(u, tf.linalg.matvec(self._matrix(), v), 1)

    def _matrix(self):
        kernel = tf.convert_to_tensor(self.kernel)
        return tf.transpose(tf.reshape(kernel, [-1, kernel.shape[-1]]))

    def _vectors(self):
        u = _unit(tf.convert_to_tensor(self.u))  # which is no unit vector at first
        v = _unit(tf.linalg.matvec(self._matrix(), u, transpose_a=True))
        return tf.stop_gradient(u), tf.stop_gradient(v)

    def _finished(self, y):
        return y + tf.cast(self.bias, y.dtype) if self.use_bias else y


class SpectralDense(_Normalized):
    """[B, d] -> [B, `units`]."""

    def __init__(
        self,
        units,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        u_initializer="ones",
        dtype="float32",
        name=None,
    ):
        super().__init__(use_bias, kernel_initializer, u_initializer, dtype, name)
        self.units = units

    def build(self, input_shape):
        self._make(input_shape[-1], self.units)

    def call(self, x):
        return self._finished(tf.matmul(x, tf.cast(self.normalized(), x.dtype)))


class SpectralConv2D(_Normalized):
    """[B, H, W, C] -> [B, H / strides, W / strides, `filters`], zero-padded; channels last.

    The norm is that of the kernel as a matrix [filters, size * size * C], as in the paper.
    """

    def __init__(
        self,
        filters,
        kernel_size,
        strides=1,
        use_bias=True,
        kernel_initializer="glorot_uniform",
        u_initializer="ones",
        dtype="float32",
        name=None,
    ):
        super().__init__(use_bias, kernel_initializer, u_initializer, dtype, name)
        self.filters, self.kernel_size, self.strides = filters, kernel_size, strides

    def build(self, input_shape):
        self._make(self.kernel_size, self.kernel_size, input_shape[-1], self.filters)

    def call(self, x):
        kernel = tf.cast(self.normalized(), x.dtype)
        return self._finished(tf.nn.conv2d(x, kernel, self.strides, "SAME"))


def layers(network):
    """Returns the spectrally normalized layers of a network."""
    return [layer for layer in network._flatten_layers() if isinstance(layer, _Normalized)]


def power_iteration(network):
    """One power iteration of every such layer: once in each update of the network."""
    for layer in layers(network):
        layer.power_iteration()


def _unit(vector):
    return tf.math.l2_normalize(vector, epsilon=1e-12)
