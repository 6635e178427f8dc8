"""AC-GAN: its losses by hand, its two heads, the classes that it draws."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, run_steps
from zoo import losses
from zoo.adversarial import acgan
from zoo.config import UserError
from zoo.data.spec import DataSpec


def short_run(**extra):
    """The Fréchet distance, and the share of pictures that are of the digit that was asked for."""
    settings = {"batch_size": 64, "ema": 0.99, "d_channels": 8, "dropout": 0.2, **extra}
    return {"digits": learning.judged("acgan", "digits", 500, learning_rate=5e-4, **settings)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 6
    assert after["accuracy"] > before["accuracy"] + 0.8


CASE = ModelCase(small={"d_channels": 4, "channels": 32}, learns=learns)


@pytest.fixture(scope="module")
def data():
    return zoo.load_data("acgan")


class Told:
    """A discriminator that says what it is told: heads for real pictures, then for generated."""

    def __init__(self, *heads):
        self.heads, self.calls = heads, 0

    def __call__(self, x, condition=None, noise=None, training=False):
        assert condition is None  # D is not told the class
        source, classes = self.heads[self.calls]
        self.calls += 1
        return tf.constant(source), tf.constant(classes)


def softmax(logits):
    powers = np.exp(logits)
    return powers / powers.sum(axis=-1, keepdims=True)


def test_losses_by_hand(data):
    model = make("acgan", data.spec)
    x, labels = data.examples("test")[0][:2], data.examples("test")[2][:2]
    batch = {"x": x, "y": labels, "index": tf.range(2)}
    noise = model.evaluation_noise(model.batch(batch))
    model.latents(noise)
    asked = model.classes(noise).numpy().argmax(axis=-1)
    source = np.float32([[0.3, -0.8], [1.2, -0.4]])
    classes = np.random.RandomState(0).randn(2, 2, 10).astype(np.float32)
    model.discriminator = Told((source[0], classes[0]), (source[1], classes[1]))
    found = {name: value.numpy() for name, value in model.test_step(batch).items()}
    real, fake = (1 / (1 + np.exp(-s)) for s in source)
    l_c_real = -np.log(softmax(classes[0])[[0, 1], labels])
    l_c_fake = -np.log(softmax(classes[1])[[0, 1], asked])
    np.testing.assert_allclose(found["class_real"], l_c_real, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["class_fake"], l_c_fake, rtol=0, atol=1e-5)
    d_loss = -np.log(real) - np.log(1 - fake) + l_c_real + l_c_fake
    np.testing.assert_allclose(found["d_loss"], d_loss, rtol=0, atol=1e-5)
    g_loss = -np.log(fake) + l_c_fake
    np.testing.assert_allclose(found["g_loss"], g_loss, rtol=0, atol=1e-5)


@pytest.mark.slow
def test_the_class_term_moves_the_generator_and_both_heads(data):
    """With the source's part of both losses taken out, G and D still move."""
    model = eagerly(make("acgan", data.spec))
    silent = losses.Adversarial(lambda r, f: 0.0 * (r + f), lambda f: 0.0 * f, lambda r, f: {})
    before = [v.numpy() for v in model.generator.trainable_variables]
    kept, losses.ADVERSARIAL["non_saturating"] = losses.ADVERSARIAL["non_saturating"], silent
    try:
        run_steps(model, data, 1)
    finally:
        losses.ADVERSARIAL["non_saturating"] = kept
    moved = [(v.numpy() != b).any() for v, b in zip(model.generator.trainable_variables, before,
                                                    strict=True)]  # fmt: skip
    assert all(moved)


def test_classes_of_generated_pictures_are_drawn_and_not_those_of_the_batch(data):
    model = make("acgan", data.spec)
    x, y, _ = data.examples("train")
    batch = model.batch({"x": x, "y": y, "index": tf.range(1500)})
    drawn = model.classes(model.noise(batch)).numpy()
    np.testing.assert_array_equal(drawn.sum(axis=1), 1)
    assert abs(drawn.mean(axis=0) - 0.1).max() < 0.03
    labels = data.examples("train")[2]
    assert abs((drawn.argmax(axis=1) == labels).mean() - 0.1) < 0.03


def test_paper_sizes_on_cifar():
    spec = DataSpec("cifar10", (32, 32, 3), 10, condition="label", condition_shape=(10,),
                    range="symmetric")  # fmt: skip
    model = acgan.build(acgan.Config(), spec)
    kernels = [v.shape for v in model.generator.trainable_variables if v.path.endswith("kernel")]
    assert kernels == [(110, 4 * 4 * 384), (5, 5, 192, 384), (5, 5, 96, 192), (5, 5, 3, 96)]
    kernels = [v.shape for v in model.discriminator.trainable_variables if "kernel" in v.path]
    widths = [shape[-1] for shape in kernels if len(shape) == 4]
    assert widths == [16, 32, 64, 128, 256, 512]
    assert kernels[-2:] == [(4 * 4 * 512, 1), (4 * 4 * 512, 10)]


def test_only_a_class_is_a_condition():
    with pytest.raises(UserError, match=r"ACGAN is given a label, not a name"):
        zoo.build("acgan", zoo.load_data("acgan", condition="name"))
