"""The penalty loop: the penalty and one step by hand, its networks, what it refuses."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, run_steps
from tests.models.test_wgan import RATE, by_hand, linear
from tests.selection import fast_first
from zoo import losses, noise
from zoo.config import UserError, override


def short_run(**extra):
    """The Fréchet distance."""
    settings = {"batch_size": 64, "hidden": (256, 256), "n_critic": 3, "ema": 0.99}
    settings |= {"learning_rate": 5e-4, **extra}
    return {"digits": learning.judged("wgan_gp", "digits", 1000, **settings)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 6


# The unrolled critic steps are most of the time that a check takes.
CASE = ModelCase(small={"n_critic": 2, "hidden": (64, 64)}, learns=learns)


@pytest.fixture(scope="module")
def plane():
    return zoo.load_data("wgan_gp", "gaussians8")


def stream(count):
    return noise.Noise(3, noise.TRAINING, tf.range(count))


@pytest.mark.parametrize(("norm", "expected"), [(1.0, 0.0), (3.0, 4.0), (0.5, 0.25)])
def test_penalty_of_a_linear_critic(norm, expected, plane):
    model = linear("wgan_gp", plane)
    model.critic.trainable_variables[0].assign(norm * np.array([[0.6], [-0.8]]))
    real, fake = tf.random.stateless_normal((2, 16, 2), (1, 2))
    penalty = losses.gradient_penalty(model.critic, model.between(real, fake, stream(16)))
    np.testing.assert_allclose(penalty, np.full(16, expected), rtol=0, atol=1e-5)


def test_penalty_of_a_constant_critic_has_finite_gradients(plane):
    model = linear("wgan_gp", plane)
    (weight,) = model.critic.trainable_variables
    weight.assign(tf.zeros_like(weight))
    with tf.GradientTape() as tape:
        at = model.between(tf.ones((4, 2)), tf.zeros((4, 2)), stream(4))
        penalty = losses.gradient_penalty(model.critic, at)
    np.testing.assert_allclose(penalty, np.ones(4), rtol=0, atol=1e-5)
    assert np.isfinite(tape.gradient(penalty, weight.value)).all()


def test_each_sample_has_its_own_place_between_real_and_fake():
    data = zoo.load_data("wgan_gp")
    model = make("wgan_gp", data.spec)
    real = tf.constant(np.random.RandomState(0).rand(5, 8, 8, 1), tf.float32)
    fake = tf.constant(np.random.RandomState(1).rand(5, 8, 8, 1), tf.float32)
    alpha = stream(5).uniform((1,)).numpy().reshape(5, 1, 1, 1)
    assert len(np.unique(alpha)) == 5
    between = alpha * real.numpy() + (1 - alpha) * fake.numpy()
    np.testing.assert_allclose(model.between(real, fake, stream(5)), between, atol=1e-6)


def test_one_step_by_hand(plane):
    model = linear("wgan_gp", plane, penalty=10.0, beta_1=0.0)
    x, (z, _, later), matrix, bias = by_hand(model, plane)
    w = np.array([0.9, -1.2])  # of norm 1.5
    model.critic.trainable_variables[0].assign(w[:, None])
    logs = {name: values[-1] for name, values in run_steps(model, plane, 1).items()}
    fake = z @ matrix + bias
    gradient = fake.mean(axis=0) - x.mean(axis=0) + 10.0 * 2 * (1.5 - 1) * w / 1.5
    np.testing.assert_allclose(
        model.critic.trainable_variables[0].numpy()[:, 0], w - RATE * gradient, rtol=0, atol=1e-5
    )
    np.testing.assert_allclose(logs["penalty"], 0.25, rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        logs["wasserstein"], (x @ w).mean() - (fake @ w).mean(), rtol=0, atol=1e-5
    )
    w = w - RATE * gradient
    np.testing.assert_allclose(
        model.generator.trainable_variables[0].numpy(),
        matrix + RATE * np.outer(later.mean(axis=0), w), rtol=0, atol=1e-5,
    )  # fmt: skip


@pytest.mark.parametrize("network", fast_first(["mlp", "dcgan", "resnet"], ["mlp", "dcgan"]))
@pytest.mark.parametrize("critic_norm", ["none", "layer"])
def test_every_network_trains(network, critic_norm):
    data = zoo.load_data("wgan_gp")
    words = {"network": network, "critic_norm": critic_norm, "n_critic": 1, "channels": 32}
    model = eagerly(make("wgan_gp", data.spec, **words))
    assert all("moving" not in v.name for v in model.critic.variables)
    history = run_steps(model, data, 2)
    assert np.isfinite(history["penalty"]).all()
    assert model.sample(3).shape == (3, 8, 8, 1)
    norms, _ = model.diagnose(model.batch(next(iter(data.evaluation("test", 32)))))
    assert all(float(norm) > 0 for norm in norms.values())


def test_resnet_of_the_paper_at_32_pixels():
    """Appendix C: a generator from 4x4x128 to 32x32, a critic of two halvings and two more."""
    spec = zoo.load_data("wgan_gp", "digits", image_size=32).spec
    model = make("wgan_gp", spec, network="resnet", latent=128)
    assert model.generator.small == (4, 4, 128)
    assert [block.shape for block in model.generator.blocks] == [
        (8, 8, 128), (16, 16, 128), (32, 32, 128),
    ]  # fmt: skip
    assert [block.shape for block in model.critic.blocks] == [
        (16, 16, 128), (8, 8, 128), (8, 8, 128), (8, 8, 128),
    ]  # fmt: skip


def test_the_rate_falls_to_zero(plane):
    model = linear("wgan_gp", plane, steps=10, decay="linear", n_critic=2)
    for step, share in ((0, 1.0), (5, 0.5), (10, 0.0), (20, 0.0)):
        model.discriminator_optimizer.iterations.assign(2 * step)
        model.generator_optimizer.iterations.assign(step)
        for _, optimizer in model.optimizers().values():
            np.testing.assert_allclose(optimizer.learning_rate, share * RATE, atol=1e-8)


def test_adam_has_the_papers_moments():
    model = make("wgan_gp", zoo.load_data("wgan_gp").spec)
    for _, optimizer in model.optimizers().values():
        assert (optimizer.beta_1, optimizer.beta_2) == (0.0, 0.9)
        np.testing.assert_allclose(optimizer.learning_rate, 1e-4, rtol=1e-6)


def test_batch_norm_is_refused_in_a_penalized_critic():
    with pytest.raises(UserError, match="BatchNorm ties the samples of a batch together"):
        make("wgan_gp", zoo.load_data("wgan_gp").spec, critic_norm="batch", network="dcgan")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"penalty": -1}, "penalty must be at least 0"),
        ({"n_critic": 0}, "n_critic must be at least 1"),
        ({"clip": 0.1}, "unknown setting 'clip'"),
    ],
)
def test_wrong_settings_are_refused(words, sentence):
    from zoo.adversarial import wgan_gp

    with pytest.raises(UserError) as caught:
        override(wgan_gp.Config(), words)
    assert str(caught.value).startswith(sentence)
