"""Layers by hand and the sizing rules."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.data.spec import DataSpec
from zoo.networks import conditional_mlp, conv, mlp
from zoo.networks.initializers import Initializers
from zoo.training import optimizers


def test_maxout_by_hand():
    layer = mlp.Maxout(2, 3, Initializers(0))
    layer.build((None, 2))
    kernel = np.arange(12, dtype=np.float32).reshape(2, 6) - 5
    layer.affine.set_weights([kernel, np.array([0, 1, 0, -9, 0, 4], np.float32)])
    x = np.array([[1.0, -1.0], [0.5, 2.0]], np.float32)
    affine = x @ kernel + [0, 1, 0, -9, 0, 4]
    expected = np.stack([affine[:, :3].max(axis=1), affine[:, 3:].max(axis=1)], axis=1)
    np.testing.assert_allclose(layer(x), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("shape", "units"), [((28, 28, 1), 1200), ((64, 64, 3), 1200), ((8, 8, 1), 344)]
)
def test_dense_widths_follow_the_data(shape, units):
    assert mlp.scaled(1200, DataSpec("any", shape)) == units


@pytest.mark.parametrize(
    ("side", "stages"), [(8, 1), (28, 2), (32, 3), (64, 4), (7, 0), (4, 0), (1, 0)]
)
def test_conv_stages_follow_the_data(side, stages):
    assert conv.stages(DataSpec("any", (side, side, 1))) == stages


def test_initial_weights_have_their_spread_and_are_named_by_the_seed():
    one, two, other = Initializers(1), Initializers(1), Initializers(2)
    glorot = one.glorot_uniform()((300, 200)).numpy()
    assert abs(np.abs(glorot).max() - np.sqrt(6 / 500)) < 1e-4
    np.testing.assert_array_equal(glorot, two.glorot_uniform()((300, 200)))
    assert (glorot != one.glorot_uniform()((300, 200)).numpy()).any()
    assert (glorot != other.glorot_uniform()((300, 200)).numpy()).any()


def test_a_condition_stands_beside_the_input():
    spec = DataSpec("any", (8, 8, 1), condition="label", condition_shape=(3,))
    generator = conditional_mlp.Generator(spec, 4, 8, 8, 16, 0.5, Initializers(0))
    judge = conditional_mlp.MaxoutDiscriminator(spec, 8, 8, 16, 0.5, Initializers(0))
    latents, images = tf.ones((2, 4)), tf.ones((2, 8, 8, 1))
    one, other = tf.constant([[1.0, 0, 0], [0, 1, 0]]), tf.constant([[1.0, 0, 0], [0, 0, 1]])
    for network, inputs in ((generator, latents), (judge, images)):
        changed = np.abs(network(inputs, one) - network(inputs, other)).reshape(2, -1).max(axis=1)
        assert changed[0] == 0
        assert changed[1] > 0


def test_doubling_is_nearest_neighbor():
    from zoo.networks.resnet import Double

    x = np.random.RandomState(0).rand(2, 3, 4, 5).astype(np.float32)
    np.testing.assert_array_equal(Double()(x), x.repeat(2, axis=1).repeat(2, axis=2))


def test_dropout_keeps_the_mean():
    from zoo import noise

    spec = DataSpec("any", (8, 8, 1))
    layer = mlp.MaxoutDiscriminator(spec, [], 1, 0.5, 0.5, Initializers(0))
    images = tf.ones((4000, 8, 8, 1))
    dropped = layer(images, noise=noise.Noise(0, noise.TRAINING, tf.range(4000)))
    kernel = layer.logit.kernel.numpy()
    deviation = np.sqrt((kernel**2).sum() / 4000)
    assert abs(float(tf.reduce_mean(dropped) - layer(images)[0])) < 5 * deviation


def test_adagrad_takes_a_first_step_of_its_rate_whatever_the_loss_scale():
    for scale in (1.0, 1e-2):
        variable = tf.Variable([1.0])
        optimizer = optimizers.Adagrad(0.1)
        optimizer.build([variable])
        optimizer.apply([tf.constant([scale])], [variable])
        np.testing.assert_allclose(variable.numpy(), [0.9], atol=1e-3)
