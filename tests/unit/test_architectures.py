"""The networks over which losses are compared: each of the seven, by every model that has them."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.contract import eagerly, make, run_steps
from tests.selection import fast_first
from zoo import registry
from zoo.adversarial import architectures
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.networks import bottleneck, dcgan, mlp
from zoo.networks.initializers import Initializers

MODELS = [
    name for name in zoo.names() if issubclass(registry.module(name).Config, architectures.Settings)
]
MNIST = DataSpec("mnist", (28, 28, 1), 10, range="symmetric")
BUILD = {"initializers": Initializers(0), "dtype": "float32"}
# Of either kind of settings, with one norm for both networks or one for each.
SETUPS = {
    "baseline": ({}, {}),
    "constant": (
        {"norm": "discriminator", "constant_channels": True},
        {"generator_norm": "none", "constant_channels": True},
    ),
    "mlp": ({"network": "mlp_dcgan"}, {"network": "mlp_dcgan"}),
    "no_norm": ({"norm": "none"}, {"generator_norm": "none", "critic_norm": "none"}),
    "gated": ({"activation": "gated"}, {"activation": "gated"}),
    "tanh": ({"activation": "tanh"}, {"activation": "tanh"}),
    "resnet101": ({"network": "resnet101"}, {"network": "resnet101"}),
}
SHALLOW = [setup for setup in SETUPS if setup != "resnet101"]


def words(name, setup, **settings):
    """A setup as the settings of a model."""
    fields = registry.module(name).Config.__dataclass_fields__
    one, each = SETUPS[setup]
    base = {"network": "dcgan", "channels": 16, "batch_size": 8}
    if "n_critic" in fields:
        base["n_critic"] = 1
    return {**base, **(one if "norm" in fields else each), **settings}


def penalized(name):
    """Whether a model's D has no BatchNorm."""
    return "penalty" in registry.module(name).Config.__dataclass_fields__


def layers(network, kind):
    return [layer for layer in network._flatten_layers() if isinstance(layer, kind)]


def test_four_losses_are_compared():
    assert len(MODELS) == 4


@pytest.mark.parametrize("setup", SHALLOW)
@pytest.mark.parametrize("name", MODELS)
def test_each_setup_is_made(name, setup):
    spec = zoo.load_data(name).spec
    model = make(name, spec, **words(name, setup))
    norms = keras.layers.BatchNormalization, keras.layers.LayerNormalization
    in_g, in_d = (len(layers(n, norms)) for n in (model.generator, model.discriminator))
    assert in_g == {"constant": 0, "mlp": 0, "no_norm": 0}.get(setup, 2)
    assert in_d == (0 if penalized(name) or setup == "no_norm" else 1)
    for network in (model.generator, model.discriminator):
        assert len(layers(network, dcgan.Gate)) == (2 if setup == "gated" else 0)
        named = [layer.activation.__name__ for layer in layers(network, keras.layers.Activation)]
        outputs = [spec.output_activation] if network is model.generator else []
        if setup == "tanh":
            assert sorted(named) == sorted(["tanh", "tanh", *outputs])
        leaky = layers(network, keras.layers.LeakyReLU)
        plain = setup not in ("gated", "tanh") and network is model.discriminator
        assert len(leaky) == (2 if plain else 0)
    assert isinstance(model.generator, mlp.Generator) == (setup == "mlp")


@pytest.mark.parametrize("setup", fast_first(SHALLOW, ("gated",)))
@pytest.mark.parametrize("name", fast_first(MODELS, MODELS[:1]))
def test_each_setup_trains(name, setup):
    data = zoo.load_data(name)
    model = eagerly(make(name, data.spec, **words(name, setup)))
    history = run_steps(model, data, 2)
    assert all(np.isfinite(values).all() for values in history.values())
    assert np.isfinite(model.sample(3)).all()


def test_a_gate_by_hand():
    x = np.random.RandomState(0).randn(2, 3, 3, 4).astype(np.float32)
    a, b = x[..., :2], x[..., 2:]
    np.testing.assert_allclose(dcgan.Gate()(x), np.tanh(a) / (1 + np.exp(-b)), rtol=0, atol=1e-5)


def test_gated_layers_have_twice_the_channels():
    generator = dcgan.Generator(MNIST, 9, 64, "paper", activation="gated", **BUILD)
    kernels = [v.shape for v in generator.trainable_variables if v.name == "kernel"]
    assert kernels == [(9, 7 * 7 * 128), (5, 5, 64, 64), (5, 5, 1, 32)]
    critic = dcgan.Discriminator(MNIST, 64, "layer", activation="gated", **BUILD)
    kernels = [v.shape for v in critic.trainable_variables if v.name == "kernel"]
    assert kernels == [(5, 5, 1, 64), (5, 5, 32, 128), (7 * 7 * 64, 1)]


def convolutions(network):
    """Layers on the main way: all with a kernel but those of shortcuts."""
    kinds = keras.layers.Conv2D, keras.layers.Conv2DTranspose, keras.layers.Dense
    shortcuts = [
        layer
        for block in network.blocks
        if isinstance(block.shortcut, keras.Model)
        for layer in block.shortcut.layers
    ]
    return [layer for layer in layers(network, kinds) if layer not in shortcuts]


def test_blocks_of_the_deep_networks_by_size():
    """At 64x64 those of the authors' code."""
    at = [
        ((4, 4, 512), 6),
        ((8, 8, 256), 6),
        ((16, 16, 128), 6),
        ((32, 32, 64), 6),
        ((64, 64, 32), 5),
    ]
    assert bottleneck.sizes_of(DataSpec("any", (64, 64, 3)), 64, bottleneck.BLOCKS) == at
    at = [((7, 7, 64), 11), ((14, 14, 32), 10), ((28, 28, 16), 10)]
    assert bottleneck.sizes_of(MNIST, 64, bottleneck.BLOCKS) == at


@pytest.mark.slow
def test_both_deep_networks_have_101_layers():
    generator = bottleneck.Generator(MNIST, 128, 64, "batch", **BUILD)
    critic = bottleneck.Discriminator(MNIST, 64, "layer", **BUILD)
    for network in (generator, critic):
        assert len(convolutions(network)) == 101
        sides = [block.shape[0] for block in network.blocks]
        assert sides == sorted(sides, reverse=network is critic)
        assert set(sides) == {7, 14, 28}


def test_a_bottleneck_block_by_hand():
    build = {"initializers": Initializers(0), "dtype": "float32"}
    block = bottleneck.Block((4, 4, 6), 6, "none", "none", **build)
    x = tf.constant(np.random.RandomState(0).randn(2, 4, 4, 6), tf.float32)
    kernels = [v for v in block.weights if v.name == "kernel"]
    assert [v.shape for v in kernels] == [(1, 1, 6, 3), (3, 3, 3, 3), (1, 1, 3, 6)]
    h = x
    for kernel in kernels:
        h = tf.nn.conv2d(tf.nn.relu(h), kernel, 1, "SAME")
    np.testing.assert_allclose(block(x), x + 0.3 * h, rtol=0, atol=1e-5)
    for resample, side in (("up", 8), ("down", 2)):
        assert bottleneck.Block((4, 4, 6), 4, "none", resample, **build)(x).shape == (
            2,
            side,
            side,
            4,
        )


@pytest.mark.slow
@pytest.mark.parametrize("name", [*MODELS[:1], *filter(penalized, MODELS)])
def test_the_deep_networks_train(name):
    data = zoo.load_data(name)
    model = eagerly(make(name, data.spec, **words(name, "resnet101")))
    history = run_steps(model, data, 1)
    assert all(np.isfinite(values).all() for values in history.values())
    assert model.sample(2).shape == (2, 8, 8, 1)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"network": "resnet101", "activation": "tanh"},
            "activation=tanh is of the DCGAN networks",
        ),
        (
            {"network": "resnet101", "norm": "all"},
            "norm=all is of the DCGAN networks, and not of r",
        ),
        (
            {"network": "mlp_dcgan", "constant_channels": True},
            "constant_channels=True is of the DC",
        ),
        ({"network": "resnet101", "pooling": "global"}, "pooling=global is of the DCGAN networks"),
        ({"network": "mlp"}, "network cannot be 'mlp': "),
        ({"activation": "relu6"}, "activation cannot be 'relu6': did you mean 'relu'?"),
    ],
)
def test_settings_that_a_network_has_not_are_refused(settings, sentence):
    with pytest.raises(UserError) as caught:
        zoo.build("dcgan", **settings)
    assert str(caught.value).startswith(sentence)
