"""The conditional VAE: its terms, its learned prior and one step by hand, its bound, quadrants."""

import math

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests.contract import ModelCase, make, run_steps
from zoo import losses, noise
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.metrics import evaluation
from zoo.variational import cvae


def short_run(**extra):
    """The held-out bound, and the share of pictures that are of the digit that was asked for;
    before, the likelihood of a Bernoulli for each pixel of each class, independent of the others:
    the bound of a decoder that ignores its latents, and the accuracy of one that ignores y."""
    data = zoo.load_data("cvae")
    (train, _, of_train), (test, _, of_test) = map(data.examples, ("train", "test"))
    rates = np.stack([train[of_train == label].mean(axis=0) for label in range(10)])
    rates = rates.clip(1e-3, 1 - 1e-3)[of_test]
    independent = (test * np.log(rates) + (1 - test) * np.log(1 - rates)).sum(axis=(1, 2, 3))
    settings = {"batch_size": 100, "latent": 32, **extra}
    model = make("cvae", data.spec, steps_per_execution=25, **settings)
    run_steps(model, data, 1000)
    elbo = model.evaluate(data.evaluation("test", 100), verbose=0, return_dict=True)["elbo"]
    judge = evaluation.judge(data, "test", 1000, ["accuracy"])
    asked = np.arange(1000) % 10
    accuracy = judge.of(model.sample(1000, 1, np.arange(10)).numpy(), asked)["accuracy"]
    before = {"elbo": float(independent.mean()), "accuracy": 0.1}
    return {"digits": (before, {"elbo": elbo, "accuracy": accuracy})}


def learns():
    before, after = short_run()["digits"]
    assert after["elbo"] > before["elbo"] + 0.35
    assert after["accuracy"] > before["accuracy"] + 0.8


CASE = ModelCase(small={"latent": 16}, learns=learns)
SPEC = DataSpec("tiny", (2, 1, 1), 2, condition="label", condition_shape=(2,), names=("a", "b"))


@pytest.fixture(scope="module")
def data():
    return zoo.load_data("cvae")


def test_kl_between_gaussians_by_hand():
    """Against the closed form of each dimension: log s2/s1 + (s1² + (m1 - m2)²) / 2 s2² - 1/2."""
    random = np.random.RandomState(0)
    m1, v1, m2, v2 = random.randn(4, 3, 5).astype(np.float32)
    found = losses.gaussian_kl_between(*map(tf.constant, (m1, v1, m2, v2)))
    each = (v2 - v1) / 2 + (np.exp(v1) + (m1 - m2) ** 2) / (2 * np.exp(v2)) - 0.5
    np.testing.assert_allclose(found, each.sum(axis=1), rtol=0, atol=1e-4)
    zeros = tf.zeros((3, 5))
    own = losses.gaussian_kl_between(tf.constant(m1), tf.constant(v1), zeros, zeros)
    np.testing.assert_allclose(own, losses.gaussian_kl(m1, v1), rtol=0, atol=1e-5)
    same = losses.gaussian_kl_between(*map(tf.constant, (m1, v1, m1, v1)))
    np.testing.assert_allclose(same, 0, atol=1e-5)


def constant(model, encoder, prior, decoder):
    """Makes the networks give these, whatever goes in: their weights are 0 but the last biases."""
    for variable in model.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    stacks = model.encoder.stack, model.decoder.prior_stack, model.decoder.stack
    for stack, values in zip(stacks, (encoder, prior, decoder), strict=True):
        stack.trainable_variables[-1].assign(values)


def test_terms_by_hand():
    model = make("cvae", SPEC, latent=2)
    constant(model, [0.5, -0.5, 0.3, -0.3], [0.1, 0.4, -0.2, 0.6], [0.7, -0.4])
    images, y = tf.constant([[[[1.0]], [[0.0]]]]), tf.constant([[1.0, 0.0]])
    reconstruction, kl = model.terms(images, noise.Noise(0, noise.EVALUATION, tf.range(1)), y)
    by_hand = -math.log(1 + math.exp(-0.7)) - math.log(1 + math.exp(-0.4))
    np.testing.assert_allclose(reconstruction, [by_hand], rtol=0, atol=1e-5)
    by_hand = sum(
        (v2 - v1) / 2 + (math.exp(v1) + (m1 - m2) ** 2) / (2 * math.exp(v2)) - 0.5
        for m1, v1, m2, v2 in ((0.5, 0.3, 0.1, -0.2), (-0.5, -0.3, 0.4, 0.6))
    )
    np.testing.assert_allclose(kl, [by_hand], rtol=0, atol=1e-5)
    # A standard prior is another number.
    standard = losses.gaussian_kl(tf.constant([[0.5, -0.5]]), tf.constant([[0.3, -0.3]]))
    assert abs(float(standard[0]) - by_hand) > 0.1


def test_bound_tends_to_the_likelihood_of_the_learned_prior():
    """p(x|z, y) ignores z here, so log p(x|y) is known; the bound reaches it from below."""
    model = make("cvae", SPEC, latent=2)
    constant(model, [0.5, -0.5, 0.3, -0.3], [0.1, 0.1, 0.2, -0.1], [0.0, 0.0])
    images, expected = tf.constant([[[[1.0]], [[0.0]]]]), 2 * math.log(0.5)
    _, kl = model.terms(images, noise.Noise(0, noise.EVALUATION, tf.range(1)), tf.eye(2)[:1])
    bounds = [
        model.importance_weighted_bound(
            tf.repeat(images, 500, 0), k, noise.Noise(0, noise.EVALUATION, tf.range(500)),
            tf.repeat(tf.eye(2)[:1], 500, 0),
        ).numpy().mean()
        for k in (1, 5, 50)
    ]  # fmt: skip
    assert abs(bounds[0] - (expected - float(kl[0]))) < 0.1
    assert bounds[0] < bounds[1] < bounds[2]
    assert abs(bounds[2] - expected) < 0.05


def test_latents_go_through_the_learned_prior():
    model = make("cvae", SPEC, latent=2)
    constant(model, [0.5, -0.5, 0.3, -0.3], [0.1, 0.4, -0.2, 0.6], [0.0, 0.0])
    z = np.float32([[1.0, -2.0]])
    seen = []
    model.decoder.call = lambda z, y, *_, **__: seen.append(z) or tf.zeros((1, 2, 1, 1))
    model.generate(z, [0])
    by_hand = [[0.1 + math.exp(-0.1) * 1.0, 0.4 + math.exp(0.3) * -2.0]]
    np.testing.assert_allclose(seen[0], by_hand, rtol=0, atol=1e-5)
    # And `encode` tells q(z|x, y) in the same latents: going back gives its own mean.
    mean, log_variance = model.encode(np.zeros((1, 2, 1, 1), np.float32), [0])
    model.generate(mean, [0])
    np.testing.assert_allclose(seen[1], [[0.5, -0.5]], rtol=0, atol=1e-5)
    np.testing.assert_allclose(log_variance, [[0.5, -0.9]], rtol=0, atol=1e-5)


def test_a_standard_prior_is_the_same_for_each_condition(data):
    model = make("cvae", data.spec, prior="standard")
    mean, log_variance = model.decoder.prior(tf.eye(10))
    assert (np.asarray(mean) == 0).all()
    assert (np.asarray(log_variance) == 0).all()
    assert np.isfinite(list(model.train_step(next(iter(data.train(32)))).values())).all()
    learned = make("cvae", data.spec)
    means, _ = learned.decoder.prior(tf.eye(10))
    assert len({row.tobytes() for row in means.numpy()}) == 10


def test_every_network_sees_the_condition(data):
    model = make("cvae", data.spec)
    one, other = tf.one_hot([0, 0], 10), tf.one_hot([0, 1], 10)
    x, z = tf.fill([2, 8, 8, 1], 0.5), tf.fill([2, 16], 0.5)
    networks = {
        "q(z|x, y)": lambda y: model.encoder(x, y),
        "p(z|y)": lambda y: tf.concat(model.decoder.prior(y), axis=-1),
        "p(x|z, y)": lambda y: model.decoder(z, y),
    }
    for name, network in networks.items():
        change = np.abs(network(one) - network(other)).reshape(2, -1).max(axis=1)
        assert change[0] == 0, name
        assert change[1] > 1e-4, name
    # One number for each class beside the pixels, and no map of it over the picture.
    assert model.encoder.stack.input_shape == (None, 64 + 10)
    assert model.decoder.stack.input_shape == (None, 16 + 10)


def test_one_step_by_hand(data):
    """Up the gradient of the bound, in all three networks, the prior's too."""
    model = make("cvae", data.spec, optimizer="sgd", beta_1=0.0, learning_rate=0.01)
    batch = next(iter(data.train(32, model.config.seed)))
    epsilon = model.noise(model.batch(batch)).normal((16,))
    variables = model.trainable_variables
    assert [v.shape[0] for v in model.decoder.prior_stack.trainable_variables[::2]] == [
        10,
        144,
        144,
    ]
    with tf.GradientTape() as tape:
        y = batch["y"]
        mean, log_variance = tf.split(model.encoder(batch["x"], y), 2, axis=-1)
        other_mean, other_log_variance = tf.split(model.decoder.prior_stack(y), 2, axis=-1)
        logits = model.decoder(mean + tf.exp(0.5 * log_variance) * epsilon, y)
        x, one = batch["x"], tf.sigmoid(logits)
        likelihood = tf.reduce_sum(
            x * tf.math.log(one) + (1 - x) * tf.math.log(1 - one), axis=[1, 2, 3]
        )
        kl = 0.5 * tf.reduce_sum(
            other_log_variance - log_variance - 1.0
            + (tf.exp(log_variance) + (mean - other_mean) ** 2) / tf.exp(other_log_variance),
            axis=1,
        )  # fmt: skip
        elbo = tf.reduce_mean(likelihood - kl)
    expected = [
        v.numpy() + 0.01 * g.numpy()
        for v, g in zip(variables, tape.gradient(elbo, variables), strict=True)
    ]
    logs = model.train_step(batch)
    np.testing.assert_allclose(logs["elbo"], elbo, rtol=1e-5)
    np.testing.assert_allclose(logs["kl"], tf.reduce_mean(kl), rtol=1e-4)
    for variable, by_hand in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable, by_hand, rtol=0, atol=1e-5)


def test_reconstructs_what_it_is_given(data):
    model = make("cvae", data.spec)
    images, _, labels = data.examples("test", 3)
    assert model.reconstruct(images, labels).shape == (3, 8, 8, 1)
    mean, log_variance = model.encode(images, labels)
    assert mean.shape == log_variance.shape == (3, 16)
    with pytest.raises(UserError, match="this model draws given a label: pass one"):
        model.reconstruct(images)


def test_paper_sizes_on_mnist():
    spec = DataSpec("mnist", (28, 28, 1), 10, condition="label", condition_shape=(10,))
    model = cvae.build(cvae.Config(), spec)
    kernels = [tuple(v.shape) for v in model.trainable_variables if len(v.shape) == 2]
    assert sorted(kernels) == sorted([
        (794, 500), (500, 500), (500, 400), (10, 500), (500, 500), (500, 400),
        (210, 500), (500, 500), (500, 784),
    ])  # fmt: skip


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: zoo.build("cvae", zoo.load_data("vae")), "CVAE needs a condition: pass --condi"),
        (
            lambda: zoo.build("cvae", zoo.load_data("cvae", condition="image", target="name")),
            "CVAE draws images, and not text: choose another",
        ),
        (lambda: zoo.build("cvae", prior="none"), "prior cannot be 'none': choose from learned"),
        (
            lambda: zoo.build("cvae", zoo.load_data("cvae", range="symmetric")),
            "a Bernoulli decoder needs pictures in [0, 1]",
        ),
    ],
)
def test_wrong_calls_get_one_sentence(call, sentence):
    with pytest.raises(UserError) as caught:
        call()
    assert str(caught.value).startswith(sentence)


QUADRANTS = [("..", "#."), ("#.", "#."), ("##", "#.")]  # that are given, of one, two and three


@pytest.mark.parametrize("visible", [1, 2, 3])
def test_quadrants_that_are_given(visible):
    spec = DataSpec("any", (5, 4, 2), condition="quadrants", condition_shape=(5, 4, 2),
                    visible=visible)  # fmt: skip
    mask = spec.visible_pixels()
    assert mask.shape == (5, 4, 1)
    for row, words in zip((slice(0, 2), slice(2, 5)), QUADRANTS[visible - 1], strict=True):
        for column, word in zip((slice(0, 2), slice(2, 4)), words, strict=True):
            assert (mask[row, column] == (word == "#")).all()


def quadrants(visible, **options):
    return zoo.load_data("cvae", condition="quadrants", visible=visible, **options)


@pytest.mark.parametrize("binarize", ["none", "dynamic"])
def test_a_batch_gives_quadrants_of_its_own_pictures(binarize):
    data = quadrants(2, binarize=binarize)
    batch = next(iter(data.train(50)))
    given = batch["y"].numpy().reshape(50, 8, 8, 1)
    np.testing.assert_array_equal(given[:, :, :4], batch["x"][:, :, :4])
    assert (given[:, :, 4:] == 0).all()
    assert given.max() > 0.5
    assert data.conditions().shape == (64, 64)


def test_hidden_pixels_reach_no_network_and_visible_ones_stay():
    """A caller may give whole pictures: what lies in hidden quadrants changes nothing."""
    data = quadrants(1)
    model = make("cvae", data.spec)
    pictures = data.examples("test", 4)[0]
    mask = data.spec.visible_pixels()
    noisy = mask * pictures + (1 - mask) * np.random.RandomState(0).rand(*pictures.shape)
    drawn = [model.sample(4, 0, x.reshape(4, 64).astype(np.float32)) for x in (pictures, noisy)]
    np.testing.assert_array_equal(*drawn)
    np.testing.assert_allclose(mask * drawn[0], mask * pictures, atol=1e-6)
    guess = model.guess(pictures.reshape(4, 64))
    np.testing.assert_allclose(mask * guess, mask * pictures, atol=1e-6)
    other = model.sample(4, 0, np.roll(pictures, 1, axis=0).reshape(4, 64))
    assert np.abs((1 - mask) * (other - drawn[0])).max() > 1e-3


def test_likelihoods_are_of_hidden_pixels_alone_by_hand():
    spec = DataSpec("tiny", (2, 2, 1), condition="quadrants", condition_shape=(2, 2, 1), visible=3)
    model = make("cvae", spec, latent=2)
    for variable in model.trainable_variables:
        variable.assign(tf.zeros_like(variable))
    logits = [0.3, -0.2, 0.9, 0.7]
    model.decoder.stack.trainable_variables[-1].assign(logits)
    model.decoder.baseline.trainable_variables[-1].assign([0.1, 0.2, 0.4, -0.5])
    x = np.float32([[[[1.0], [0.0]], [[1.0], [1.0]]]])
    y = (x * spec.visible_pixels()).reshape(1, 4)
    reconstruction, kl = model.terms(x, noise.Noise(0, noise.EVALUATION, tf.range(1)), y)
    np.testing.assert_allclose(reconstruction, [-math.log(1 + math.exp(-0.7))], rtol=0, atol=1e-5)
    np.testing.assert_allclose(kl, [0.0], rtol=0, atol=1e-5)
    found = model.of_baseline(x, y)["baseline"]
    np.testing.assert_allclose(found, [-math.log(1 + math.exp(0.5))], rtol=0, atol=1e-5)


def test_the_baseline_tells_the_prior_and_learns_by_its_own_likelihood():
    data = quadrants(1)
    model = make("cvae", data.spec, optimizer="sgd", beta_1=0.0, learning_rate=0.01)
    batch = next(iter(data.train(32, model.config.seed)))
    before = [m.numpy() for m in model.decoder.prior(batch["y"])]
    variables = model.decoder.baseline.trainable_variables
    with tf.GradientTape() as tape:
        likelihood = tf.reduce_mean(model.of_baseline(batch["x"], batch["y"])["baseline"])
    expected = [
        v.numpy() + 0.01 * g.numpy()
        for v, g in zip(variables, tape.gradient(likelihood, variables), strict=True)
    ]
    prior = [v.numpy() for v in model.decoder.prior_stack.trainable_variables]
    logs = model.train_step(batch)
    np.testing.assert_allclose(logs["baseline"], likelihood, rtol=1e-5)
    for variable, by_hand in zip(variables, expected, strict=True):
        np.testing.assert_allclose(variable, by_hand, rtol=0, atol=1e-5)
    for variable, value in zip(model.decoder.prior_stack.trainable_variables, prior, strict=True):
        variable.assign(value)
    after = model.decoder.prior(batch["y"])
    assert max(np.abs(a - b).max() for a, b in zip(after, before, strict=True)) > 1e-5


@pytest.mark.slow
def test_completions_are_learned_beside_a_baseline():
    """From the lower left quadrant; after 1,000 steps -log p of the rest is 16.8 to 16.9 nats by
    the baseline, and 16.7 to 16.8 by the bound (seeds 0 and 1); independent pixels take 20.84."""
    data = quadrants(1)
    train, test = (data.examples(split)[0] for split in ("train", "test"))
    rate, hidden = train.mean(axis=0).clip(1e-4, 1 - 1e-4), 1 - data.spec.visible_pixels()
    independent = test * np.log(rate) + (1 - test) * np.log(1 - rate)
    independent = -(independent * hidden).sum(axis=(1, 2, 3)).mean()
    model = make("cvae", data.spec, steps_per_execution=25, batch_size=100, latent=32)
    run_steps(model, data, 1000)
    found = model.evaluate(data.evaluation("test", 100), verbose=0, return_dict=True)
    assert -found["baseline"] < independent - 3
    assert -found["elbo"] < independent - 3


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"condition": "quadrants"}, "condition=quadrants needs their number: pass --data.visible"),
        ({"visible": 2}, "visible is the number of quadrants that are given: pass --condition"),
        ({"condition": "quadrants", "visible": 4}, "visible must be at least 0 and at most 3"),
        (
            {"condition": "quadrants", "visible": 1, "target": "name"},
            "quadrants are those of the picture that is drawn: leave --target out.",
        ),
    ],
)
def test_wrong_quadrants_get_one_sentence(options, sentence):
    with pytest.raises(UserError) as caught:
        zoo.load_data("cvae", **options)
    assert str(caught.value).startswith(sentence)


def test_other_models_and_data_take_no_quadrants():
    with pytest.raises(UserError, match="CGAN is given a label, name or image, not a quadrants"):
        zoo.build("cgan", quadrants(1))
    with pytest.raises(UserError, match="'gaussians8' consists of points: choose another"):
        zoo.load_data("cvae", "gaussians8", condition="quadrants", visible=1)


@pytest.mark.slow
def test_a_run_of_quadrants_is_sampled_judged_and_exported(command, tmp_path):
    run, export = tmp_path / "run", tmp_path / "export"
    words = ["--condition=quadrants", "--data.visible=2", "--steps=20", f"--run={run}"]
    for name, more in (
        ("train", ["--model=cvae", *words]),
        ("evaluate", [f"--run={run}", "--num=300", "--seeds=1", "--metrics=frechet"]),
        ("export", [f"--run={run}", f"--out={export}"]),
    ):
        done = command(name, *more)
        assert done.returncode == 0, done.stderr
    samplers, pictures = [zoo.load(run), zoo.load(export)], quadrants(2).examples("test", 3)[0]
    for given in (None, pictures):
        drawn = [sampler.sample(12, 5, given) for sampler in samplers]
        np.testing.assert_allclose(*drawn, rtol=0, atol=1e-5)
    np.testing.assert_allclose(drawn[0][:3, :, :4], pictures[:, :, :4], atol=1e-6)
    with pytest.raises(UserError, match="this model is given a picture: pass an array float32"):
        samplers[0].sample(2, 0, [3])
