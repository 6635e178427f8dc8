"""WGAN-GP given a label: the class head and one step by hand, the contract, what it refuses."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import contract, keras_files, learning
from tests.contract import ModelCase, eagerly, make, run_steps
from tests.models import test_wgan_gp
from tests.models.test_wgan import RATE
from tests.selection import fast_first
from zoo import noise
from zoo.config import UserError
from zoo.data.spec import DataSpec

LABELED = {"network": "resnet", "resnet_channels": 32, "generator_batch": 2, "n_critic": 1}


@pytest.fixture(scope="module")
def labeled():
    return zoo.load_data("wgan_gp", condition="label")


@pytest.fixture
def as_labeled(monkeypatch):
    """The contract's models are the conditional ones."""
    monkeypatch.setattr(test_wgan_gp, "CASE", ModelCase(small=LABELED))


FAST = [contract.check_samples]
# What resumes, repeats and averages is the same as without a label.
SLOW = [
    contract.check_each_network_moves_alone,
    contract.check_graph_is_fit_for_a_tpu,
    contract.check_replicas_equal_one_device,
    contract.check_bfloat16_is_for_hidden_products,
    contract.check_larger_pictures,
]


@pytest.mark.parametrize("check", fast_first(FAST + SLOW, FAST))
def test_the_contract(check, labeled, as_labeled):
    check("wgan_gp", labeled)


@pytest.mark.slow
def test_a_keras_file_is_read_again(labeled, as_labeled, tmp_path):
    keras_files.check_round_trip("wgan_gp", labeled, tmp_path)


def log_softmax(logits):
    return logits - tf.math.log(tf.reduce_sum(tf.exp(logits), axis=1, keepdims=True))


def test_one_step_by_hand(labeled):
    """The class of real pictures in D's loss, of generated ones times 0.1 in G's; G's batch twice
    the critic's, of classes that are drawn."""
    words = {**LABELED, "optimizer": "sgd", "learning_rate": RATE, "beta_1": 0.0}
    model, twin = (make("wgan_gp", labeled.spec, **words) for _ in range(2))
    batch = model.batch(next(iter(labeled.train(model.config.batch_size))))
    draws = noise.Noise(0, noise.TRAINING, batch.index, 0)
    logs = {name: values[-1] for name, values in run_steps(eagerly(model), labeled, 1).items()}
    generator, critic = twin.generator, twin.critic

    def down(tape, loss, network):
        weights = network.trainable_variables
        for weight, gradient in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign(weight - RATE * gradient)

    fakes = generator(draws.normal((128,)), batch.y, training=True)
    alpha = draws.uniform((1, 1, 1))
    with tf.GradientTape() as tape:
        real, classes = critic(batch.x)
        fake, _ = critic(fakes)
        at = alpha * batch.x + (1 - alpha) * fakes
        with tf.GradientTape() as inner:
            inner.watch(at)
            value = tf.reduce_sum(critic(at)[0])
        slope = tf.sqrt(tf.reduce_sum(inner.gradient(value, at) ** 2, axis=[1, 2, 3]))
        class_real = -tf.reduce_sum(batch.y * log_softmax(classes), axis=1)
        loss = tf.reduce_mean(fake) - tf.reduce_mean(real) + 10 * tf.reduce_mean((slope - 1) ** 2)
        loss += tf.reduce_mean(class_real)
    down(tape, loss, critic)

    twice = draws.at(tf.range(2))
    z = twice.normal((128,))
    asked = tf.one_hot(tf.cast(10 * twice.uniform((1,))[:, 0], tf.int32), 10)
    assert z.shape == (2 * 32, 128)
    assert len(np.unique(z.numpy(), axis=0)) == 2 * 32
    with tf.GradientTape() as tape:
        value, classes = critic(generator(z, asked, training=True))
        class_fake = -tf.reduce_sum(asked * log_softmax(classes), axis=1)
        loss = -tf.reduce_mean(value) + 0.1 * tf.reduce_mean(class_fake)
    down(tape, loss, generator)

    np.testing.assert_allclose(logs["g_loss"], loss, rtol=0, atol=1e-5)
    np.testing.assert_allclose(logs["class_real"], tf.reduce_mean(class_real), rtol=0, atol=1e-5)
    np.testing.assert_allclose(logs["class_fake"], tf.reduce_mean(class_fake), rtol=0, atol=1e-5)
    np.testing.assert_allclose(
        logs["wasserstein"], tf.reduce_mean(real) - tf.reduce_mean(fake), rtol=0, atol=1e-5
    )
    for moved, expected in ((model.generator, generator), (model.critic, critic)):
        for one, other in zip(moved.weights, expected.weights, strict=True):
            np.testing.assert_allclose(one, other, rtol=0, atol=1e-5, err_msg=one.path)


def test_replicas_draw_what_one_device_would_in_the_larger_batch(labeled):
    model = make("wgan_gp", labeled.spec, **LABELED)
    draws = []
    for index in (tf.range(4), tf.range(2), tf.range(2, 4)):
        step = model.generator_noise(noise.Noise(0, noise.TRAINING, index, 5))
        z, y = model.latents(step), model.classes(step)
        draws.append(np.concatenate([z, y], axis=1))
    whole, first, second = draws
    assert whole.shape == (8, 138)
    rows = {row.tobytes() for row in whole}
    assert rows == {row.tobytes() for row in np.concatenate([first, second])}
    assert len(rows) == 8


def test_losses_of_the_class_head_by_hand(labeled):
    model = make("wgan_gp", labeled.spec, **LABELED)
    batch = {"x": tf.zeros((2, 8, 8, 1)), "y": tf.constant([3, 8]), "index": tf.range(2)}
    values = np.float32([[0.3, -0.8], [1.2, -0.4]])
    logits = np.random.RandomState(0).randn(2, 2, 10).astype(np.float32)
    told = iter(zip(values, logits, strict=True))
    model.discriminator = lambda x, training=False: next(told)
    found = model.test_step(batch)
    real, fake = (-log_softmax(tf.constant(each)).numpy()[[0, 1], [3, 8]] for each in logits)
    np.testing.assert_allclose(found["class_real"], real, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["class_fake"], fake, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["wasserstein"], values[0] - values[1], rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["g_loss"], -values[1] + 0.1 * fake, rtol=0, atol=1e-5)


def test_networks_on_cifar():
    """A gain and a shift for each class in G's blocks, none on its output; no norm in D, whose
    value and class are of the mean over the picture."""
    spec = DataSpec("cifar10", (32, 32, 3), 10, condition="label", condition_shape=(10,),
                    range="symmetric")  # fmt: skip
    model = make("wgan_gp", spec, network="resnet")
    shapes = [tuple(v.shape) for v in model.generator.weights if v.name in ("gain", "shift")]
    assert shapes == [(10, 128)] * 12
    norms = [v for v in model.generator.trainable_variables if v.name in ("gamma", "beta")]
    assert [tuple(v.shape) for v in norms] == [(128,)] * 2
    names = {v.name for v in model.critic.weights}
    assert names == {"kernel", "bias"}
    assert [block.shape for block in model.critic.blocks] == [
        (16, 16, 128), (8, 8, 128), (8, 8, 128), (8, 8, 128),
    ]  # fmt: skip
    x = np.random.RandomState(0).rand(2, 32, 32, 3).astype(np.float32)
    *_, last = model.critic.features(x)
    pooled = np.maximum(model.critic.blocks[3](model.critic.blocks[2](
        model.critic.blocks[1](model.critic.blocks[0](x)))), 0).mean(axis=(1, 2))  # fmt: skip
    np.testing.assert_allclose(last, pooled, rtol=0, atol=1e-5)
    value, classes = model.critic(x)
    kernel, bias = (v.numpy() for v in model.critic.class_head.weights)
    np.testing.assert_allclose(classes, pooled @ kernel + bias, rtol=0, atol=1e-4)
    assert (value.shape, classes.shape) == ((2,), (2, 10))
    # He's weights but on shortcuts and outputs, which are Glorot's.
    for block in model.generator.blocks:
        (shortcut,) = [v for v in block.shortcut.weights if v.name == "kernel"]
        for kernel, fans in ((shortcut, 128 + 128), (block.convolutions[0].kernel, 9 * 128)):
            np.testing.assert_allclose(np.abs(kernel).max(), (6 / fans) ** 0.5, rtol=0.01)


@pytest.mark.parametrize(
    ("condition", "words", "sentence"),
    [
        ("label", {}, "a label enters by BatchNorm in the residual generator: pass --config.netw"),
        ("label", {"network": "dcgan"}, "a label enters by BatchNorm"),
        ("label", {"network": "resnet", "generator_norm": "none"}, "a label enters by BatchNorm"),
        ("name", {"network": "resnet"}, "WGANGP is given a label, not a name."),
    ],
)
def test_conditions_that_no_network_uses_are_refused(condition, words, sentence):
    with pytest.raises(UserError) as caught:
        zoo.build("wgan_gp", zoo.load_data("wgan_gp", condition=condition), **words)
    assert str(caught.value).startswith(sentence)


@pytest.mark.slow
def test_a_run_is_sampled_judged_and_exported(command, tmp_path):
    run, export = tmp_path / "run", tmp_path / "export"
    words = [f"--config.{key}={value}" for key, value in LABELED.items()]
    for name, more in (
        ("train", ["--model=wgan_gp", "--condition=label", "--steps=20", *words, f"--run={run}"]),
        ("evaluate", [f"--run={run}", "--num=300", "--seeds=1", "--metrics=frechet,accuracy"]),
        ("diagnose", [f"--run={run}", f"--out={tmp_path / 'critic.png'}"]),
        ("export", [f"--run={run}", f"--out={export}"]),
    ):
        done = command(name, *more)
        assert done.returncode == 0, done.stderr
    samplers = [zoo.load(run), zoo.load(export)]
    for given in (None, 3, [1, 2]):
        drawn = [sampler.sample(12, 5, given) for sampler in samplers]
        np.testing.assert_allclose(*drawn, rtol=0, atol=1e-5)
    assert np.abs(samplers[1].sample(4, 5, 3) - samplers[1].sample(4, 5, 4)).max() > 1e-3


def short_run(**extra):
    """The Fréchet distance, and the share of pictures that are of the digit that was asked for."""
    settings = {**LABELED, "resnet_channels": 64, "batch_size": 64, "ema": 0.99}
    settings |= {"learning_rate": 4e-3, **extra}
    return {"digits": learning.judged("wgan_gp", "digits", 600, "label", **settings)}


@pytest.mark.slow
def test_learns():
    # Over seeds 0 to 4, from 0.57 to 1.89, to 0.046 to 0.059; the class that was asked for from a
    # tenth, to 0.93 to 0.96.
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 6
    assert after["accuracy"] > before["accuracy"] + 0.7
