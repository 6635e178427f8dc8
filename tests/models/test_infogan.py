"""InfoGAN: its information term by hand, what it moves, its codes, the category it recovers."""

import math

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

import zoo
from tests.contract import ModelCase, make, run_steps
from zoo import losses, priors
from zoo.adversarial import infogan
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.metrics import evaluation
from zoo.noise import SAMPLING, Noise
from zoo.sampling import walks


def purity(model, images, labels):
    """The share of pictures whose category, as Q sees it, is that of their digit, categories and
    digits matched one to one by the best matching."""
    found = model.recognize(images)[0].numpy().argmax(axis=-1)
    counts = np.zeros((10, 10), int)
    np.add.at(counts, (found, labels), 1)
    return float(counts[scipy.optimize.linear_sum_assignment(-counts)].sum() / len(labels))


def short_run(**extra):
    """The Fréchet distance, and the purity of the category on held-out digits."""
    settings = {"batch_size": 64, "ema": 0.99, "channels": 32, "hidden": 1024}
    settings |= {"learning_rate": 4e-4, "generator_learning_rate": 2e-3, **extra}
    data = zoo.load_data("infogan")
    images, _, labels = data.examples("test")
    judge = evaluation.judge(data, "test", 1000, ["frechet"])
    model = make("infogan", data.spec, steps_per_execution=25, **settings)
    found = []
    for count in (0, 750):
        run_steps(model, data, count) if count else None
        figures = judge.of(model.sample(1000, 1).numpy(), None)
        found.append(figures | {"purity": purity(model, images, labels)})
    return {"digits": tuple(found)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 6
    assert after["purity"] > before["purity"] + 0.3


CASE = ModelCase(small={"channels": 16, "hidden": 128}, learns=learns)


@pytest.fixture(scope="module")
def data():
    return zoo.load_data("infogan")


class Told:
    """A discriminator and Q that say what they are told: of real pictures, then of generated."""

    def __init__(self, logits, guesses):
        self.logits, self.guesses, self.calls = logits, guesses, 0

    def __call__(self, x, condition=None, noise=None, training=False):
        self.calls += 1
        return tf.constant(self.logits[self.calls - 1]), tf.zeros((2, 1))

    def recognize(self, features, training=False):
        assert self.calls == 2  # Q is asked of generated pictures only
        return tf.constant(self.guesses)


def test_losses_by_hand(data):
    model = make("infogan", data.spec, information=0.5)
    batch = {"x": data.examples("test")[0][:2], "index": tf.range(2)}
    z = model.latents(model.evaluation_noise(model.batch(batch))).numpy()
    category, numbers = z[:, 62:72].argmax(axis=-1), z[:, 72:]
    logits = np.float32([[0.3, -0.8], [1.2, -0.4]])
    guesses = np.random.RandomState(0).randn(2, 12).astype(np.float32)
    model.discriminator = Told(logits, guesses)
    found = {name: value.numpy() for name, value in model.test_step(batch).items()}
    powers = np.exp(guesses[:, :10])
    taken = (powers / powers.sum(axis=1, keepdims=True))[[0, 1], category]
    categorical = math.log(10) + np.log(taken)  # H(c) + log Q(c|x)
    errors = (numbers - guesses[:, 10:]) ** 2
    continuous = (math.log(2) - 0.5 * math.log(2 * math.pi) - 0.5 * errors).sum(axis=1)
    np.testing.assert_allclose(found["information_categorical"], categorical, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["information_continuous"], continuous, rtol=0, atol=1e-5)
    real, fake = (1 / (1 + np.exp(-one)) for one in logits)
    both = 0.5 * (categorical + continuous)
    d_loss = -np.log(real) - np.log(1 - fake) - both
    np.testing.assert_allclose(found["d_loss"], d_loss, rtol=0, atol=1e-5)
    np.testing.assert_allclose(found["g_loss"], -np.log(fake) - both, rtol=0, atol=1e-5)


def test_one_step_by_hand(data):
    """L_I moves D's trunk and Q by D's optimizer and rate, and G by G's; with nothing else in the
    losses, what it moves is its own gradient."""
    model = make(
        "infogan", data.spec, optimizer="sgd", beta_1=0.0, learning_rate=0.05,
        generator_learning_rate=0.1, information=2.0,
    )  # fmt: skip
    silent = losses.Adversarial(lambda r, f: 0.0 * (r + f), lambda f: 0.0 * f, lambda r, f: {})
    batch = next(iter(data.train(32, model.config.seed)))
    noise = model.noise(model.batch(batch))
    z_d, z_g = model.latents(noise), model.latents(noise)
    assert np.abs(z_d - z_g).max() > 0.1  # two draws
    weights, d_weights = (n.trainable_variables for n in (model.generator, model.discriminator))
    g_before = [w.numpy() for w in weights]
    statistics = [(v, v.numpy()) for v in model.non_trainable_variables if "moving" in v.path]

    def loss(z):
        _, features = model.discriminator(model.generator(z, training=True), training=True)
        return -2.0 * tf.reduce_mean(sum(model.information(z, features, training=True)))

    with tf.GradientTape() as tape:
        value = loss(z_d)
    gradients = tape.gradient(value, d_weights)
    # Only the logit's own weights do not matter to L_I.
    assert [i for i, g in enumerate(gradients) if g is None] == [
        i for i, w in enumerate(d_weights)
        if any(w is v for v in model.discriminator.logit.variables)
    ]  # fmt: skip
    expected = [w.numpy() - (0.0 if g is None else 0.05 * g.numpy())
                for w, g in zip(d_weights, gradients, strict=True)]  # fmt: skip
    for variable, old in statistics:
        variable.assign(old)
    kept, losses.ADVERSARIAL["non_saturating"] = losses.ADVERSARIAL["non_saturating"], silent
    try:
        model.train_step(batch)
    finally:
        losses.ADVERSARIAL["non_saturating"] = kept
    for weight, by_hand in zip(d_weights, expected, strict=True):
        np.testing.assert_allclose(weight, by_hand, rtol=0, atol=1e-5)
    g_after = [w.numpy() for w in weights]
    for weight, old in zip(weights, g_before, strict=True):
        weight.assign(old)
    with tf.GradientTape() as tape:
        value = loss(z_g)
    for old, new, gradient in zip(g_before, g_after, tape.gradient(value, weights), strict=True):
        np.testing.assert_allclose(new, old - 0.1 * gradient.numpy(), rtol=0, atol=1e-5)


def test_codes_reach_the_generator_and_q(data):
    """Each part of the latents changes the picture; and Q tells a picture from another by each of
    its outputs."""
    model = make("infogan", data.spec)
    z = model.sampling_latents(2, 0).numpy()[:1]
    other = z.copy()
    other[:, 62:72] = np.roll(z[:, 62:72], 1, axis=1)
    pictures = [model.generate(z).numpy(), model.generate(other).numpy()]
    for place in (0, 72, 73):
        moved = z.copy()
        moved[:, place] = -np.sign(z[:, place])
        pictures.append(model.generate(moved).numpy())
    for picture in pictures[1:]:
        assert np.abs(picture - pictures[0]).max() > 1e-4
    real = data.examples("test")[0][:2]
    for part in model.recognize(real):
        assert (np.abs(part[0] - part[1]) > 1e-5).all()


@pytest.mark.slow
def test_no_label_is_used(data):
    """The data's labels change nothing: with others, a step gives the same weights."""
    found = []
    for change in (lambda labels: labels, lambda labels: (labels + 1) % 10):
        model = make("infogan", data.spec)
        batch = next(iter(data.train(32)))
        assert "y" not in batch
        model.train_step(batch | {"label": change(batch["label"])})
        found.append([w.numpy() for w in model.trainable_variables])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_latents_are_noise_then_codes(data):
    model = make("infogan", data.spec, latent=3, categorical=(4, 2), continuous=1)
    assert model.prior == (
        ("symmetric", 3), ("categorical", 4), ("categorical", 2), ("symmetric", 1),
    )  # fmt: skip
    z = model.sampling_latents(1000, 0).numpy()
    assert z.shape == (1000, 10)
    for part in (z[:, 3:7], z[:, 7:9]):
        np.testing.assert_array_equal(part.sum(axis=1), 1)
        assert abs(part.mean(axis=0) * part.shape[1] - 1).max() < 0.15
    for part in (z[:, :3], z[:, 9:]):
        assert -1 < part.min() < -0.98
        assert 0.98 < part.max() < 1
    found = model.recognize(model.generate(z[:5]))
    assert [part.shape for part in found] == [(5, 4), (5, 2), (5, 1)]


@pytest.mark.slow
@pytest.mark.parametrize("settings", [{"categorical": ()}, {"continuous": 0}])
def test_either_kind_of_code_is_enough(settings, data):
    model = make("infogan", data.spec, **settings)
    logs = model.train_step(next(iter(data.train(32))))
    assert np.isfinite(list(logs.values())).all()
    missing = "categorical" if "categorical" in settings else "continuous"
    assert float(logs[f"information_{missing}"]) == 0.0


def test_paper_sizes_on_mnist():
    model = infogan.build(infogan.Config(), DataSpec("mnist", (28, 28, 1)))
    kernels = [v.shape for v in model.generator.trainable_variables if "kernel" in v.path]
    assert kernels == [(74, 1024), (1024, 7 * 7 * 128), (4, 4, 64, 128), (4, 4, 1, 64)]
    kernels = [v.shape for v in model.discriminator.trainable_variables if "kernel" in v.path]
    assert kernels == [
        (4, 4, 1, 64), (4, 4, 64, 128), (7 * 7 * 128, 1024), (1024, 1), (1024, 128), (128, 12),
    ]  # fmt: skip
    rates = {name: float(o.learning_rate) for name, (_, o) in model.optimizers().items()}
    np.testing.assert_allclose([rates["discriminator"], rates["generator"]], [2e-4, 1e-3])


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"categorical": (), "continuous": 0}, "an InfoGAN needs a code: set categorical=10"),
        ({"categorical": (1,)}, "categorical must be at least 2, and 1 is not."),
        ({"continuous": -1}, "continuous must be at least 0, and -1 is not."),
    ],
)
def test_wrong_settings_get_one_sentence(settings, sentence):
    with pytest.raises(UserError) as caught:
        zoo.build("infogan", **settings)
    assert str(caught.value).startswith(sentence)


class Sampler:
    """What `walks.codes` asks of a sampler; it draws its latents."""

    def __init__(self, prior):
        self.prior = prior

    def latents(self, num, seed=0):
        return priors.draw(Noise(seed, SAMPLING, np.arange(num)), self.prior).numpy()

    def in_turn(self, condition, num):
        return None

    def generate(self, z, condition):
        return z


def test_a_sheet_of_codes_varies_one_at_a_time():
    sampler = Sampler((("symmetric", 3), ("categorical", 4), ("categorical", 3), ("symmetric", 2)))
    z, given, columns = walks.codes(sampler, 20, seed=5)
    assert (len(z), given, columns) == (32, None, 4)  # two latents, whole rows of all four codes
    z = z.reshape(2, 4, 4, 12)
    np.testing.assert_array_equal(z[..., :3], np.tile(z[:, :1, :1, :3], (1, 4, 4, 1)))
    np.testing.assert_array_equal(z[0, 0, :, 3:7], np.eye(4))
    np.testing.assert_array_equal(z[0, 1, :, 7:10], np.eye(3)[[0, 1, 2, 0]])
    np.testing.assert_allclose(z[1, 2, :, 10], [-1, -1 / 3, 1 / 3, 1], atol=1e-6)
    np.testing.assert_allclose(z[1, 3, :, 11], [-1, -1 / 3, 1 / 3, 1], atol=1e-6)
    own = sampler.latents(2, 5)
    for row, places in enumerate((slice(3, 7), slice(7, 10), 10, 11)):
        z[:, row, :, places] = own[:, None, places]
    np.testing.assert_array_equal(z, np.tile(own[:, None, None], (1, 4, 4, 1)))


def test_only_latents_of_several_parts_have_codes():
    with pytest.raises(UserError, match="the latents of this model have no codes: leave --codes"):
        walks.codes(Sampler((("normal", 20),)), 64)


@pytest.mark.slow
def test_the_command_draws_a_sheet_of_codes(runs, command, tmp_path):
    out = tmp_path / "x.npy"
    words = ["--codes", "--num=30", f"--out={out}"]
    done = command("sample", f"--run={runs('infogan')}", *words)
    assert done.returncode == 0, done.stderr
    x, model = np.load(out).reshape(3, 10, 8, 8, 1), zoo.load(runs("infogan"))
    z = np.repeat(model.latents(1), 10, axis=0)
    z[:, 62:72] = np.eye(10)
    np.testing.assert_allclose(x[0], model.generate(z), rtol=0, atol=1e-6)
    for more, sentence in (
        (["--interpolate"], "give one of --codes and --interpolate, not both."),
        (["--label=3"], "this model takes no condition"),
    ):
        done = command("sample", f"--run={runs('infogan')}", *words, *more)
        assert done.returncode == 2
        assert sentence in done.stderr
