"""The GAN's networks, its options."""

import numpy as np
import pytest
import tensorflow as tf

from tests import learning
from tests.contract import ModelCase, eagerly, make, run_steps
from zoo import losses
from zoo.adversarial import gan
from zoo.config import UserError, override
from zoo.data.spec import DataSpec


def short_run(**extra):
    """The Fréchet distance."""
    settings = {"hidden": (256, 256), "maxout": (64, 64), "learning_rate": 1e-3, "ema": 0.999}
    settings |= {"batch_size": 100, **extra}
    return {"digits": learning.judged("gan", "digits", 4000, **settings)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 8


CASE = ModelCase(learns=learns)


@pytest.mark.parametrize("loss", ["minimax", "non_saturating"])
def test_the_loss_is_the_one_that_is_asked_for(loss, digits):
    assert make("gan", digits.spec, loss=loss).adversarial_loss is losses.ADVERSARIAL[loss]


def test_paper_sizes_on_mnist():
    spec = DataSpec("mnist", (28, 28, 1), 10)
    model = gan.build(gan.Config(), spec)
    shapes = [tuple(v.shape) for v in model.generator.trainable_variables[::2]]
    assert shapes == [(100, 1200), (1200, 1200), (1200, 784)]
    shapes = [tuple(v.shape) for v in model.discriminator.trainable_variables[::2]]
    assert shapes == [(784, 1200), (240, 1200), (240, 1)]  # 240 units of 5 pieces


def test_k_steps_of_the_discriminator_see_fresh_data(digits):
    model = eagerly(make("gan", digits.spec, k=3))
    run_steps(model, digits, 2)
    assert int(model.discriminator_optimizer.iterations) == 6
    assert int(model.generator_optimizer.iterations) == 2
    with pytest.raises(ValueError, match="pass block=3 to Dataset"):
        model.fit(digits.train(32), steps_per_epoch=1, verbose=0, shuffle=False)


def test_dropout_is_on_in_training_only(digits):
    model = make("gan", digits.spec)
    images = tf.constant(digits.examples("test")[0][:8])
    np.testing.assert_array_equal(model.discriminator(images), model.discriminator(images))
    batch = model.batch({"x": images, "index": tf.range(8)})
    dropped = model.discriminator(images, noise=model.noise(batch))
    assert (dropped.numpy() != model.discriminator(images).numpy()).any()
    again = model.discriminator(images, noise=model.noise(batch))
    np.testing.assert_array_equal(dropped, again)


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "rmsprop", "adagrad", "paper_sgd"])
def test_every_optimizer_trains(optimizer, digits):
    model = eagerly(make("gan", digits.spec, optimizer=optimizer))
    history = run_steps(model, digits, 3)
    assert np.isfinite(history["d_loss"]).all()


def test_paper_sgd_follows_its_schedule(digits):
    model = make("gan", digits.spec, optimizer="paper_sgd", learning_rate=0.1)
    optimizer = model.generator_optimizer
    np.testing.assert_allclose(optimizer.learning_rate, 0.1, rtol=1e-6)
    optimizer.iterations.assign(100_000)
    np.testing.assert_allclose(optimizer.learning_rate, 0.1 / 1.000004**100_000, rtol=1e-3)
    optimizer.iterations.assign(100_000_000)
    np.testing.assert_allclose(optimizer.learning_rate, 1e-6, rtol=1e-6)
    optimizer.iterations.assign(62_500)  # half of the rise: momentum 0.6
    variable = model.generator.trainable_variables[0]
    before = variable.numpy()
    optimizer.momentums[0].assign(tf.ones_like(variable))
    zeros = [tf.zeros_like(v) for v in model.generator.trainable_variables]
    optimizer.apply(zeros, model.generator.trainable_variables)
    np.testing.assert_allclose(variable.numpy() - before, 0.6, atol=1e-5)


def test_wrong_settings_are_refused():
    with pytest.raises(UserError, match="k must be at least 1"):
        override(gan.Config(), {"k": 0})


def test_a_weight_that_the_loss_does_not_reach_is_named(digits):
    model = make("gan", digits.spec)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(model.generator.trainable_variables[0] ** 2)
    path = model.generator.trainable_variables[1].path
    with pytest.raises(ValueError, match=f"the loss does not depend on '{path}'"):
        model.minimize(model.generator_optimizer, tape, loss, model.generator)
