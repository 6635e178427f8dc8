"""Layers by hand and the sizing rules."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.data.spec import DataSpec
from zoo.networks import (
    autoencoder,
    conditional_mlp,
    conditional_resnet,
    conv,
    dcgan,
    mlp,
    resnet,
)
from zoo.networks.initializers import Initializers
from zoo.networks.leaky import LeakyReLU
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
    generator = conditional_mlp.Generator(spec, 4, 8, 8, 16, 0.5, Initializers(0), "float32")
    judge = conditional_mlp.MaxoutDiscriminator(spec, 8, 8, 16, 0.5, Initializers(0), "float32")
    latents, images = tf.ones((2, 4 + 8 + 8 + 16)), tf.ones((2, 8, 8, 1))  # none is dropped
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
    layer = mlp.MaxoutDiscriminator(spec, [], 1, 0.5, 0.5, Initializers(0), "float32")
    images = tf.ones((4000, 8, 8, 1))
    dropped = layer(images, noise=noise.Noise(0, noise.TRAINING, tf.range(4000)))
    kernel = layer.logit.kernel.numpy()
    deviation = np.sqrt((kernel**2).sum() / 4000)
    assert abs(float(tf.reduce_mean(dropped) - layer(images)[0])) < 5 * deviation


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_leaky_relu_is_keras_own(dtype):
    values = tf.constant([[-3.0, -1e-8, 2.0, 1e8]])
    found = []
    for kind in (LeakyReLU, keras.layers.LeakyReLU):
        x = tf.Variable(values)
        layer = kind(negative_slope=0.2, dtype=dtype)
        with tf.GradientTape() as tape:
            y = layer(x)
        found.append((y.numpy(), tape.gradient(y, x).numpy()))
    assert found[0][0].dtype == found[1][0].dtype
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow  # seconds: two commands trace a step
@pytest.mark.parametrize("model", ["dcgan", "wgan_gp"])
def test_the_graph_optimizer_does_not_fail(model, command, tmp_path):
    words = [f"--model={model}", "--steps=2", "--jit=off", "--config.channels=8"]
    words += ["--config.network=dcgan"]
    done = command("train", *words, f"--run={tmp_path / 'run'}")
    assert done.returncode == 0, done.stderr
    assert "meta_optimizer" not in done.stderr, done.stderr


def test_adagrad_takes_a_first_step_of_its_rate_whatever_the_loss_scale():
    for scale in (1.0, 1e-2):
        variable = tf.Variable([1.0])
        optimizer = optimizers.Adagrad(0.1)
        optimizer.build([variable])
        optimizer.apply([tf.constant([scale])], [variable])
        np.testing.assert_allclose(variable.numpy(), [0.9], atol=1e-3)


def test_a_condition_that_a_network_cannot_use_is_refused():
    spec, build = DataSpec("any", (8, 8, 1), 10), {"initializers": Initializers(0)}
    build["dtype"] = "float32"
    z, y, x = tf.zeros([2, 4]), tf.zeros([2, 10]), tf.zeros([2, 8, 8, 1])
    takes_none = r"got a condition of 10 numbers and takes none: make it with condition_size=…"
    for network, inputs in (
        (mlp.Generator(spec, 4, [8], **build), z),
        (mlp.MaxoutDiscriminator(spec, [8], 2, 0.0, 0.0, **build), x),
        (mlp.Critic(spec, [8], **build), x),
        (dcgan.Generator(spec, 4, 8, "none", **build), z),
        (dcgan.Discriminator(spec, 8, "none", **build), x),
        (resnet.Generator(spec, 4, 8, "none", **build), z),
        (resnet.Critic(spec, 8, "none", **build), x),
        (autoencoder.Decoder(spec, 4, 8, **build), z),
        (autoencoder.Autoencoder(spec, 4, 8, **build), x),
    ):
        network(inputs)
        with pytest.raises(ValueError, match=takes_none):
            network(inputs, y)
    for generator in (
        mlp.Generator(spec, 4, [8], condition_size=10, **build),
        dcgan.Generator(spec, 4, 8, "none", condition_size=10, **build),
    ):
        assert (generator(z, y).numpy() != generator(z, y + 1.0).numpy()).any()
        with pytest.raises(ValueError, match=r"of 0 numbers and takes one of 10 numbers"):
            generator(z)


def test_conditional_batch_norm_by_hand():
    """Statistics of all examples together; gain and shift of each one's own class."""
    layer = conditional_resnet.ConditionalBatchNorm(3, 2, Initializers(0), "float32")
    gain, shift = np.float32([[1, 2, 3], [4, 5, 6]]), np.float32([[0, 1, 0], [-1, 0, 7]])
    layer.gain.assign(gain)
    layer.shift.assign(shift)
    random = np.random.RandomState(0)
    x, classes = random.randn(4, 2, 2, 3).astype(np.float32), [0, 1, 1, 0]
    y = np.eye(2, dtype=np.float32)[classes]
    normal = (x - x.mean(axis=(0, 1, 2))) / np.sqrt(x.var(axis=(0, 1, 2)) + 1e-5)
    by_hand = normal * gain[classes][:, None, None] + shift[classes][:, None, None]
    np.testing.assert_allclose(layer(x, y, training=True), by_hand, rtol=0, atol=1e-5)
    mean, variance = 0.1 * x.mean(axis=(0, 1, 2)), 0.9 + 0.1 * x.var(axis=(0, 1, 2))
    later = (x - mean) / np.sqrt(variance + 1e-5)
    by_hand = later * gain[classes][:, None, None] + shift[classes][:, None, None]
    np.testing.assert_allclose(layer(x, y), by_hand, rtol=0, atol=1e-5)
