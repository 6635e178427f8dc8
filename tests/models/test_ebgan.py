"""EBGAN: energies, the hinge of each example and the pulling-away term by hand, over replicas."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, make, mirrored, run_steps
from zoo import losses
from zoo.adversarial import ebgan
from zoo.config import UserError


def short_run(**extra):
    """The Fréchet distance."""
    settings = {"batch_size": 64, "ema": 0.99, "hidden": (400, 400), "d_hidden": (512,), **extra}
    return {"digits": learning.judged("ebgan", "digits", 600, **settings)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 2.5


CASE = ModelCase(small={"hidden": (64, 64), "d_hidden": (64,)}, learns=learns)


@pytest.fixture(scope="module")
def data():
    return zoo.load_data("ebgan")


def energies(model, x):
    """‖D(x) - x‖ of each picture, in NumPy."""
    return np.sqrt(((model.discriminator(x)[0].numpy() - x) ** 2).sum(axis=(1, 2, 3)))


def test_energy_and_its_margin_by_hand(data):
    model = make("ebgan", data.spec)
    x = data.spec.from_unit(data.examples("test")[0][:3])
    np.testing.assert_allclose(model.score(x), energies(model, x), rtol=1e-5)
    assert abs(energies(model, x).mean() - ((x**2).mean())) > 1  # a port's mean of squares
    np.testing.assert_allclose(model.margin, 10 * 8 / 28, rtol=1e-6)  # of 64 errors, not of 784


def test_the_hinge_is_of_each_example():
    real, fake = np.float32([0.5, 0.7]), np.float32([1.0, 6.0])
    loss = losses.energy(3.0)
    np.testing.assert_allclose(loss.discriminator(real, fake), [0.5 + 2.0, 0.7], rtol=0, atol=1e-5)
    np.testing.assert_allclose(loss.generator(fake), fake)
    ours = float(tf.reduce_mean(loss.discriminator(real, fake)))
    port = real.mean() + max(0.0, 3.0 - fake.mean())  # the hinge of the batch's mean
    np.testing.assert_allclose((ours, port), (1.6, 0.6), rtol=0, atol=1e-5)


def test_pull_away_by_hand(data):
    model = make("ebgan", data.spec)
    codes = np.float32([[3.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    cosines = np.sqrt(0.5), 0.0, np.sqrt(0.5)  # of the three pairs; each counts twice
    ours = model.pull_away(tf.constant(codes))
    np.testing.assert_allclose(ours, 2 * np.sum(np.square(cosines)) / 6, rtol=0, atol=1e-5)
    assert abs(float(ours) - 2 * np.sum(cosines) / 6) > 0.1  # a port's, not squared
    # Codes that are all zero, as of dead units, and a batch of one, which has no pair.
    assert float(model.pull_away(tf.zeros((3, 2)))) == 0
    assert float(model.pull_away(tf.ones((1, 2)))) == 0


def test_pull_away_and_its_gradient_over_replicas(data):
    """Two replicas' sums of their gradients are those of one device, and each has the same term."""
    codes = np.random.RandomState(0).rand(8, 5).astype(np.float32)

    def term(model, s):
        with tf.GradientTape() as tape:
            tape.watch(s)
            value = model.pull_away(s)
            loss = model.replica_mean(value)
        return value, tape.gradient(loss, s)

    value, gradient = term(make("ebgan", data.spec), tf.constant(codes))
    cosines = (codes @ codes.T) / np.outer(*[np.linalg.norm(codes, axis=1)] * 2)
    np.testing.assert_allclose(value, ((cosines**2).sum() - 8) / 56, rtol=0, atol=1e-5)
    strategy = mirrored()
    model = make("ebgan", data.spec, strategy)
    halves = strategy.experimental_distribute_values_from_function(
        lambda context: tf.constant(np.split(codes, 2)[context.replica_id_in_sync_group])
    )
    run = tf.function(lambda s: strategy.run(lambda part: term(model, part), args=(s,)))
    values, gradients = run(halves)
    np.testing.assert_allclose(values.values, [value] * 2, rtol=0, atol=1e-6)
    np.testing.assert_allclose(tf.concat(gradients.values, 0), gradient, rtol=0, atol=1e-6)


@pytest.mark.slow
def test_one_step_by_hand(data):
    rate = 1e-2
    model = make("ebgan", data.spec, optimizer="sgd", learning_rate=rate, beta_1=0.0, pull_away=0.5)
    batch = next(iter(data.train(32, model.config.seed)))
    noise = model.noise(model.batch(batch))
    z_d, z_g = model.latents(noise), model.latents(noise)
    d, g = model.discriminator, model.generator
    statistics = [w.numpy() for w in g.weights]

    def energy(x):
        return tf.norm(tf.reshape(d(x)[0] - x, [len(x), -1]), axis=1)

    fakes = g(z_d, training=True)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(energy(batch["x"])) + tf.reduce_mean(
            tf.maximum(10 * 8 / 28 - energy(fakes), 0.0)
        )
    expected = [
        w.numpy() - rate * v.numpy()
        for w, v in zip(d.trainable_variables, tape.gradient(loss, d.trainable_variables),
                        strict=True)
    ]  # fmt: skip
    g.set_weights(statistics)
    before = [w.numpy() for w in g.trainable_variables]
    run_steps(model, data, 1)
    for weight, value in zip(d.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(weight, value, rtol=0, atol=1e-6)
    # G's step is judged by the moved D, with weights that have not moved yet.
    after = [w.numpy() for w in g.trainable_variables]
    for weight, value in zip(g.trainable_variables, before, strict=True):
        weight.assign(value)
    with tf.GradientTape() as tape:
        drawn = g(z_g, training=True)
        s = tf.math.l2_normalize(d.encoder(drawn), axis=1)
        cosines = tf.linalg.set_diag(tf.matmul(s, s, transpose_b=True), tf.zeros(32))
        loss = tf.reduce_mean(energy(drawn)) + 0.5 * tf.reduce_sum(cosines**2) / (32 * 31)
    for old, new, gradient in zip(before, after, tape.gradient(loss, g.trainable_variables),
                                  strict=True):  # fmt: skip
        np.testing.assert_allclose(new, old - rate * gradient.numpy(), rtol=0, atol=1e-5)


def test_sizes_of_the_paper():
    spec = zoo.load_data("ebgan", "digits", image_size=28).spec
    model = ebgan.build(ebgan.Config(), spec)
    assert model.margin == 10.0
    kernels = [v.shape for v in model.discriminator.trainable_variables if v.ndim == 2]
    assert kernels == [(784, 1024), (1024, 784)]
    kernels = [v.shape for v in model.generator.trainable_variables if v.ndim == 2]
    assert kernels == [(100, 1600), *[(1600, 1600)] * 3, (1600, 784)]


def test_an_auto_encoder_needs_a_layer(data):
    with pytest.raises(UserError, match=r"needs a hidden layer"):
        make("ebgan", data.spec, d_hidden=())
