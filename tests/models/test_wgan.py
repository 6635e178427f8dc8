"""The clipping loop: one step by hand, what is clipped, the authors' extra critic steps."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, mirrored, run_steps
from tests.selection import fast_first
from zoo import noise
from zoo.config import UserError, override
from zoo.networks import dcgan
from zoo.networks.initializers import Initializers

RATE = 0.05


def short_run(**extra):
    """Modes and good points."""
    settings = {"batch_size": 128, "latent": 2, "hidden": (64, 64, 64), "n_critic": 5, "ema": 0.99}
    settings |= {"learning_rate": 5e-4, "clip": 0.1, **extra}
    return {"gaussians8": learning.judged("wgan", "gaussians8", 3000, **settings)}


def learns():
    before, after = short_run()["gaussians8"]
    assert after["modes"] >= before["modes"] + 4
    assert after["good"] > before["good"] + 0.03


# The unrolled critic steps are most of the time that a check takes.
CASE = ModelCase(small={"n_critic": 2, "hidden": (64, 64)}, learns=learns)


@pytest.fixture(scope="module")
def plane():
    return zoo.load_data("wgan", "gaussians8")


def linear(name, plane, **settings):
    """A model of points whose networks are one linear layer each, under plain SGD."""
    words = {"hidden": (), "optimizer": "sgd", "learning_rate": RATE, "latent": 3, "n_critic": 1}
    return make(name, plane.spec, **words | settings)


def by_hand(model, plane):
    """(x, two draws of z) of the first step, and the generator's matrix and bias, as numpy."""
    batch = model.batch(next(iter(plane.train(model.config.batch_size))))
    stream = noise.Noise(model.config.seed, noise.TRAINING, batch.index, 0)
    draws = [stream.normal((3,)).numpy()]
    if model.config.__class__.__module__.endswith("wgan_gp"):
        draws.append(stream.uniform((1,)).numpy())
    draws.append(stream.normal((3,)).numpy())
    matrix, bias = (v.numpy() for v in model.generator.trainable_variables)
    return batch.x.numpy(), draws, matrix, bias


def test_one_step_by_hand(plane):
    # A clip that some of the new weights pass and some do not.
    model = linear("wgan", plane, clip=0.0005)
    x, (z, later), matrix, bias = by_hand(model, plane)
    w = np.zeros(2)
    model.critic.trainable_variables[0].assign(w[:, None])
    logs = {name: values[-1] for name, values in run_steps(model, plane, 1).items()}
    fake = z @ matrix + bias
    moved = w + RATE * (x.mean(axis=0) - fake.mean(axis=0))
    assert np.abs(moved).max() > 0.0005
    w = moved.clip(-0.0005, 0.0005)
    np.testing.assert_allclose(
        model.critic.trainable_variables[0].numpy()[:, 0], w, rtol=0, atol=1e-8
    )
    # The generator climbs the clipped critic: d(-f(g(z))) / dW = -mean(z) w.
    np.testing.assert_allclose(
        model.generator.trainable_variables[0].numpy(),
        matrix + RATE * np.outer(later.mean(axis=0), w), rtol=0, atol=1e-6,
    )  # fmt: skip
    np.testing.assert_allclose(logs["wasserstein"], 0.0, atol=1e-6)  # of the critic as it was
    np.testing.assert_allclose(
        logs["g_loss"], -((later @ matrix + bias) @ w).mean(), rtol=0, atol=1e-6
    )


def test_the_estimate_is_real_minus_fake(plane):
    model = linear("wgan", plane, clip=1.0)
    model.critic.trainable_variables[0].assign([[0.5], [-0.25]])
    batch = next(iter(plane.evaluation("test", 32)))
    values = model.test_step(batch)
    matrix, bias = (v.numpy() for v in model.generator.trainable_variables)
    z = noise.Noise(0, noise.EVALUATION, batch["index"]).normal((3,)).numpy()
    w = np.array([0.5, -0.25])
    real, fake = batch["x"].numpy() @ w, (z @ matrix + bias) @ w
    np.testing.assert_allclose(values["wasserstein"], real - fake, rtol=0, atol=1e-5)
    np.testing.assert_allclose(values["g_loss"], -fake, rtol=0, atol=1e-5)


def test_every_trainable_weight_is_clipped_and_no_statistic():
    data = zoo.load_data("wgan")
    model = eagerly(make("wgan", data.spec, network="dcgan", n_critic=1))
    names = [v.name for v in model.critic.trainable_variables]
    assert "gamma" in names
    for _ in range(2):  # as built, and after a step
        for variable in model.critic.trainable_variables:
            assert np.abs(variable.numpy()).max() <= 0.01 + 1e-9, variable.path
        statistics = [v for v in model.critic.non_trainable_variables if "moving_var" in v.name]
        assert statistics
        assert all(v.numpy().max() > 0.01 for v in statistics)
        run_steps(model, data, 1)
    # The generator is not clipped.
    assert max(np.abs(v.numpy()).max() for v in model.generator.trainable_variables) > 0.01


def authors_schedule(generator_steps, n_critic):
    """The slow twin: the authors' loop, as whether the generator moves after each n_critic."""
    found = []
    for step in range(generator_steps):
        critic_steps = 100 if step < 25 or step % 500 == 0 else n_critic
        found += [False] * (-(-critic_steps // n_critic) - 1) + [True]
    return found


@pytest.mark.parametrize("n_critic", [5, 3, 1])
def test_extra_critic_steps_follow_the_authors_loop(n_critic):
    data = zoo.load_data("wgan")
    model = make("wgan", data.spec, extra_critic_steps=True, n_critic=n_critic, hidden=(8,))
    expected = authors_schedule(1510, n_critic)
    is_due = tf.function(model.generator_is_due)
    due = []
    for step in range(len(expected)):
        if step < 200 * n_critic or expected[step - 1 : step + 2].count(True) < 3:
            model.step.assign(step)
            due.append((step, bool(is_due())))
    assert due == [(step, expected[step]) for step, _ in due]
    assert len(due) > 100


@pytest.mark.parametrize("replicas", fast_first([1, 2], [1]))
def test_a_generator_that_is_not_due_stays_with_its_optimizer(replicas):
    data = zoo.load_data("wgan")
    words = {"extra_critic_steps": True, "n_critic": 5, "hidden": (8,), "ema": 0.9}
    strategy = mirrored() if replicas == 2 else None
    model = make("wgan", data.spec, strategy, learning_rate=1e-3, **words)

    def state():
        variables = [*model.generator.variables, *model.generator_optimizer.variables]
        return [v.numpy().copy() for v in variables]

    before, critic = state(), model.critic.trainable_variables[0].numpy()
    run_steps(model, data, 19)  # 20 x 5 critic steps before the first of the generator
    for one, other in zip(before, state(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (model.critic.trainable_variables[0].numpy() != critic).any()
    run_steps(model, data, 1)
    assert any((one != other).any() for one, other in zip(before, state(), strict=True))
    assert int(model.generator_optimizer.iterations.numpy()) == 1


def test_diagnosis_by_hand(plane):
    model = linear("wgan", plane, hidden=(4,), clip=5.0)
    batch = model.batch(next(iter(plane.evaluation("test", 32))))
    norms, histograms = model.diagnose(batch)
    assert list(norms) == ["gradient_norm/1"]
    # f = v·h, h = relu(Wx): ∂f/∂h = v for every point.
    v = model.critic.trainable_variables[-1].numpy()
    np.testing.assert_allclose(norms["gradient_norm/1"], np.linalg.norm(v), rtol=1e-5)
    assert histograms["critic_weights"].shape == (2 * 4 + 4,)


def test_diagnosis_is_of_the_examples_and_not_of_what_fills_a_batch_up():
    data = zoo.load_data("wgan")  # 297 held-out digits
    model = make("wgan", data.spec, clip=5.0, network="dcgan", critic_norm="none")
    whole = model.batch(next(iter(data.evaluation("test", 400))))
    exact = whole._replace(x=whole.x[:297], index=whole.index[:297], weight=tf.ones(297), y=None)
    for key, norm in model.diagnose(exact)[0].items():
        np.testing.assert_allclose(model.diagnose(whole)[0][key], norm, rtol=1e-5)


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize("optimizer", fast_first(["rmsprop", "sgd", "adam"], ["rmsprop"]))
def test_networks_and_optimizers_of_the_paper_train(norm, optimizer):
    data = zoo.load_data("wgan")
    words = {"generator_norm": norm, "critic_norm": norm, "optimizer": optimizer}
    model = eagerly(make("wgan", data.spec, network="dcgan", n_critic=1, **words))
    assert any("gamma" in v.name for v in model.trainable_variables) == (norm == "batch")
    assert np.isfinite(run_steps(model, data, 2)["wasserstein"]).all()


def test_constant_channels_of_figure_6():
    spec = zoo.load_data("wgan", "digits", image_size=64).spec
    shapes = [
        [
            w.shape
            for w in dcgan.Generator(
                spec, 9, 32, "none", constant, initializers=Initializers(0), dtype="float32"
            ).weights
        ]
        for constant in (False, True)
    ]
    assert shapes[0][0] == (9, 4 * 4 * 256)
    assert shapes[1][0] == (9, 4 * 4 * 32)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"n_critic": 0}, "n_critic must be at least 1"),
        ({"clip": 0}, "clip must be above 0"),
        ({"clip": -0.01}, "clip must be above 0"),
        ({"network": "resnet"}, "network cannot be 'resnet'"),
    ],
)
def test_wrong_settings_are_refused(words, sentence):
    from zoo.adversarial import wgan

    with pytest.raises(UserError) as caught:
        override(wgan.Config(), words)
    assert str(caught.value).startswith(sentence)


def test_convolutions_refuse_points(plane):
    with pytest.raises(UserError, match="the dcgan networks draw pictures"):
        make("wgan", plane.spec, network="dcgan")


def test_clipping_is_of_the_tensor_that_keras_serves():
    """`weight.assign` inside the step reaches the weight that the next forward pass reads."""
    data = zoo.load_data("wgan")
    model = make("wgan", data.spec, learning_rate=1.0)
    run_steps(model, data, 2)
    largest = max(float(tf.reduce_max(tf.abs(v))) for v in model.critic.trainable_variables)
    np.testing.assert_allclose(largest, 0.01, rtol=1e-6)


def test_updates_wait_for_the_loss(digits):
    """The order is in the graph, not left to a race that shows now and then.

    The last layer's gradient does not depend on its weights, so nothing else ties the two.
    """
    model = make("wgan", digits.spec)

    @tf.function(autograph=False)
    def step(x):
        with tf.GradientTape() as tape:
            loss = tf.identity(tf.reduce_mean(model.critic(x)), name="the_loss")
        model.minimize(model.discriminator_optimizer, tape, loss, model.critic)

    graph = step.get_concrete_function(tf.TensorSpec((4, 8, 8, 1))).graph
    weights = {v.value.handle.ref() for v in model.critic.trainable_variables}
    inside = {placed.ref() for handle, placed in graph.captures if handle.ref() in weights}
    updates = [
        operation
        for operation in graph.get_operations()
        if operation.type.startswith("ResourceApply") and operation.inputs[0].ref() in inside
    ]
    assert len(updates) == len(weights)
    for update in updates:
        waiting, seen = [update], set()
        while waiting:
            operation = waiting.pop()
            before = [*operation.control_inputs, *(x.op for x in operation.inputs)]
            waiting += [op for op in before if op.name not in seen]
            seen |= {op.name for op in before}
        assert "the_loss" in seen
