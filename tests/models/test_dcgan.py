"""DCGAN: the paper's rules, its details, and its counter-examples."""

import keras
import numpy as np
import pytest

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, run_steps
from zoo.config import UserError
from zoo.networks import dcgan
from zoo.networks.initializers import Initializers


def short_run(**extra):
    """The Fréchet distance."""
    return {"digits": learning.judged("dcgan", "digits", 400, batch_size=64, ema=0.99, **extra)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 3


CASE = ModelCase(learns=learns)


@pytest.fixture(scope="module")
def data():
    return zoo.load_data("dcgan")


def layers(network):
    """Every layer of a network, in order, those of its parts too."""
    if isinstance(network, dcgan.Generator):
        return network.stack.layers
    pool = [network.pool] if isinstance(network.pool, keras.layers.Layer) else []
    inner = [layer for block in network.blocks for layer in block.layers]
    return [*inner, *pool, network.output_layer]


def of_kind(network, *kinds):
    return [layer for layer in layers(network) if isinstance(layer, kinds)]


def test_the_rules(data):
    model = make("dcgan", data.spec)
    g, d = model.generator, model.discriminator
    pooling = [x for x in [*layers(g), *layers(d)] if "Pooling" in type(x).__name__]
    assert pooling == []
    ups = of_kind(g, keras.layers.Conv2DTranspose)
    downs = of_kind(d, keras.layers.Conv2D)
    assert [layer.strides for layer in ups] == [(2, 2)] * 2
    assert [layer.strides for layer in downs] == [(2, 2)] * 2
    # The projection of z and D's one output are the only dense layers.
    assert [layer.units for layer in of_kind(g, keras.layers.Dense)] == [2 * 2 * 64]
    assert [layer.units for layer in of_kind(d, keras.layers.Dense)] == [1]
    norm = keras.layers.BatchNormalization
    assert len(of_kind(g, norm)) == 2  # after the projection and the first of two convolutions
    assert len(of_kind(d, norm)) == 1  # after the second of two
    assert [layer.negative_slope for layer in of_kind(d, keras.layers.LeakyReLU)] == [0.2] * 2
    activations = [layer.activation.__name__ for layer in of_kind(g, keras.layers.Activation)]
    assert activations == ["relu", "relu", "tanh"]
    # A bias before BatchNorm would do nothing.
    assert [layer.use_bias for layer in ups] == [False, True]
    assert [layer.use_bias for layer in downs] == [True, False]


def test_the_details(data):
    model = make("dcgan", data.spec)
    assert data.spec.range == "symmetric"
    images = next(iter(data.train(100)))["x"].numpy()
    assert images.min() == -1
    assert images.max() == 1
    assert model.config.batch_size == 32  # the contract's; by itself the paper's
    assert zoo.build("dcgan", data).config.batch_size == 128
    for _, optimizer in model.optimizers().values():
        assert optimizer.beta_1 == 0.5
        np.testing.assert_allclose(optimizer.learning_rate, 2e-4, rtol=1e-6)
    from zoo import noise

    z = model.latents(noise.Noise(0, noise.SAMPLING, np.arange(1000))).numpy()
    assert z.shape == (1000, 100)
    assert -1 < z.min() < -0.999
    assert 0.999 < z.max() < 1
    assert abs(z.var() - 1 / 3) < 0.01


def test_weights_begin_small_and_normal():
    spec = zoo.load_data("dcgan", "digits", image_size=64).spec
    generator = dcgan.Generator(
        spec, 100, 128, "paper", initializers=Initializers(0), dtype="float32"
    )
    kernels = [w for w in generator.trainable_variables if w.name == "kernel"]
    for kernel in kernels:
        values = kernel.numpy()
        assert abs(values.std() - 0.02) < 0.001
        assert abs(values.mean()) < 0.001
        assert np.abs(values).max() > 0.05  # normal, not uniform
    gammas = [w.numpy() for w in generator.trainable_variables if w.name == "gamma"]
    assert abs(np.concatenate(gammas).mean() - 1) < 0.005


def test_figure_1_at_64_pixels():
    spec = zoo.load_data("dcgan", "digits", image_size=64).spec
    generator = dcgan.Generator(
        spec, 100, 128, "paper", initializers=Initializers(0), dtype="float32"
    )
    shapes = [layer.output.shape[1:] for layer in of_kind(generator, keras.layers.Activation)]
    assert shapes == [(4, 4, 1024), (8, 8, 512), (16, 16, 256), (32, 32, 128), (64, 64, 1)]


@pytest.mark.parametrize(
    ("size", "stages", "channels"), [(8, 2, 32), (28, 2, 56), (32, 3, 64), (64, 4, 128), (4, 2, 32)]
)
def test_sizing_rule(size, stages, channels):
    spec = zoo.load_data("dcgan", "digits", image_size=size).spec
    assert dcgan.stages(spec) == stages
    assert dcgan.scaled(128, spec) == channels


def test_an_odd_size_is_refused():
    spec = zoo.load_data("dcgan", "digits", image_size=27).spec
    with pytest.raises(UserError, match=r"27x27 has an odd side: pass --data.image_size=32"):
        make("dcgan", spec)


def test_counter_examples_run(data):
    everywhere = make("dcgan", data.spec, norm="all")
    norm = keras.layers.BatchNormalization
    assert len(of_kind(everywhere.generator, norm)) == 3
    assert len(of_kind(everywhere.discriminator, norm)) == 2
    nowhere = make("dcgan", data.spec, norm="none")
    assert of_kind(nowhere.generator, norm) + of_kind(nowhere.discriminator, norm) == []
    pooled = make("dcgan", data.spec, pooling="global")
    assert len(of_kind(pooled.discriminator, keras.layers.GlobalAveragePooling2D)) == 1
    largest = make("dcgan", data.spec, pooling="max")
    assert [one.strides for one in of_kind(largest.discriminator, keras.layers.Conv2D)] == [
        (1, 1)
    ] * 2
    assert len(of_kind(largest.discriminator, keras.layers.MaxPooling2D)) == 2
    assert largest.discriminator.output_layer.kernel.shape == (
        make("dcgan", data.spec).discriminator.output_layer.kernel.shape
    )
    for model in (everywhere, nowhere, pooled, largest):
        assert np.isfinite(run_steps(eagerly(model), data, 2)["g_loss"]).all()


def test_statistics_move_in_training_and_are_used_in_sampling(data):
    model = eagerly(make("dcgan", data.spec))
    statistics = [v for v in model.generator.non_trainable_variables if "moving" in v.name]
    assert len(statistics) == 4
    before = [v.numpy() for v in statistics]
    sampled = model.sample(8, 1).numpy()
    model.evaluate(data.evaluation("test", 32), verbose=0)
    assert all((b == v.numpy()).all() for b, v in zip(before, statistics, strict=True))
    run_steps(model, data, 1)
    assert all((b != v.numpy()).any() for b, v in zip(before, statistics, strict=True))
    # A picture does not depend on what else is in its batch.
    np.testing.assert_allclose(model.sample(8, 1)[:2], model.sample(2, 1), atol=1e-6)
    for variable, value in zip(statistics, before, strict=True):
        variable.assign(value + 1.0)
    assert np.abs(model.sample(8, 1).numpy() - sampled).max() > 1e-3


def test_batch_norm_is_the_papers(data):
    for layer in of_kind(make("dcgan", data.spec).generator, keras.layers.BatchNormalization):
        assert (layer.momentum, layer.epsilon, layer.synchronized) == (0.9, 1e-5, True)


def test_points_are_refused():
    with pytest.raises(UserError, match="DCGAN draws images, and not points"):
        zoo.build("dcgan", "gaussians8")
