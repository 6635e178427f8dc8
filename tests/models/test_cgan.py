"""CGAN: the paper's networks, conditions of every kind, and what a wrong condition gets."""

import functools
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, run_steps
from tests.selection import fast_first
from zoo import noise
from zoo.config import UserError
from zoo.data import names
from zoo.data.spec import DataSpec
from zoo.networks.mlp import scaled
from zoo.sampling import walks

PAIRS = [("label", "image"), ("name", "image"), ("image", "name"), ("label", "name")]


def short_run(**extra):
    """The Fréchet distance, and the share of pictures that are of the digit that was asked for."""
    settings = {"optimizer": "paper_sgd", "learning_rate": 0.1, "ema": 0.99, **extra}
    return {"digits": learning.judged("cgan", "digits", 2000, **settings)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 20
    assert after["accuracy"] > before["accuracy"] + 0.6


# The rate of its own optimizer follows a schedule, and cannot be set to 0.
CASE = ModelCase(small={"optimizer": "adam", "learning_rate": 2e-4}, learns=learns)


def test_paper_sizes_on_mnist():
    spec = DataSpec("mnist", (28, 28, 1), 10, condition="label", condition_shape=(10,))
    model = make("cgan", spec)
    shapes = [tuple(v.shape) for v in model.generator.trainable_variables[::2]]
    assert shapes == [(100, 200), (10, 1000), (1200, 1200), (1200, 784)]
    shapes = [tuple(v.shape) for v in model.discriminator.trainable_variables[::2]]
    # 240 units of 5 pieces on x, 50 of 5 on y, 240 of 4 on both.
    assert shapes == [(784, 1200), (10, 250), (290, 960), (240, 1)]


def test_dropout_of_g_is_a_part_of_the_latent():
    """By hand: behind z stands a number of U(0, 1) for each hidden unit, which is dropped below the
    rate; in training and in drawing alike."""
    spec = zoo.load_data("cgan").spec
    units = {"hidden_z": 3, "hidden_y": 4}
    model = make("cgan", spec, latent=2, dropout=0.25, **units)
    joint = scaled(1200, spec)
    assert model.latent == 2 + 3 + 4 + joint
    latents = np.random.RandomState(0).uniform(size=(5, model.latent)).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[:5]
    z, for_z, for_y, for_joint = np.split(latents, [2, 5, 9], axis=1)
    weights = [w.numpy() for w in model.generator.trainable_variables]

    def layer(x, at):
        return np.maximum(x @ weights[at] + weights[at + 1], 0)

    def drop(x, uniforms):
        return x * (uniforms >= 0.25) / 0.75

    apart = [drop(layer(z, 0), for_z), drop(layer(y, 2), for_y)]
    features = drop(layer(np.concatenate(apart, axis=1), 4), for_joint)
    expected = 1 / (1 + np.exp(-(features @ weights[6] + weights[7])))
    for training in (False, True):
        drawn = model.generator(latents, y, training=training).numpy()
        np.testing.assert_allclose(drawn.reshape(5, -1), expected, rtol=0, atol=1e-5)
    assert make("cgan", spec, latent=2, dropout=0.0, **units).latent == 2


def test_latents_are_uniform():
    model = make("cgan", zoo.load_data("cgan").spec)
    z = model.latents(noise.Noise(0, noise.SAMPLING, np.arange(1000))).numpy()
    assert 0 < z.min() < 1e-3
    assert 0.999 < z.max() < 1
    assert abs(z.mean() - 0.5) < 0.005


@pytest.mark.parametrize(("condition", "target"), fast_first(PAIRS, PAIRS[:1]))
def test_every_pair_of_modalities_trains_and_draws(condition, target):
    data = zoo.load_data("cgan", condition=condition, target=target)
    model = eagerly(make("cgan", data.spec))
    assert np.isfinite(run_steps(model, data, 2)["d_loss"]).all()
    x = model.sample(4, 0, data.conditions()).numpy()
    assert x.shape == (4, *((8, 8, 1) if target == "image" else (5, 16)))
    if target == "name":
        np.testing.assert_allclose(x.sum(axis=-1), 1.0, atol=1e-5)


def test_batches_hold_what_belongs_together():
    data = zoo.load_data("cgan", condition="image", target="name")
    images, _, labels = zoo.load_data("gan").examples("train")
    label_of = {image.tobytes(): label for image, label in zip(images, labels, strict=True)}
    batch = next(iter(data.train(50, block=2)))
    assert batch["x"].shape == (50, 2, 5, 16)
    assert batch["y"].shape == (50, 2, 64)
    words = names.decode(batch["x"].numpy().reshape(100, 5, 16), data.spec.names)
    for word, image in zip(words, batch["y"].numpy().reshape(100, 64), strict=True):
        assert word == names.DIGITS[label_of[image.reshape(8, 8, 1).tobytes()]]


def test_each_block_of_a_step_has_its_own_condition():
    data = zoo.load_data("cgan")
    model = eagerly(make("cgan", data.spec, k=3))
    batch = model.batch(next(iter(data.train(32, block=3))))
    blocks = batch.blocks(3)
    assert len(blocks) == 3
    for i, (x, y) in enumerate(blocks):
        np.testing.assert_array_equal(x, batch.x[:, i])
        np.testing.assert_array_equal(y, batch.y[:, i])
    run_steps(model, data, 1)


def test_both_players_see_the_condition():
    data = zoo.load_data("cgan")
    model = make("cgan", data.spec)
    one, other = tf.one_hot([0, 0], 10), tf.one_hot([0, 1], 10)
    z, x = tf.fill([2, model.latent], 0.5), tf.fill([2, 8, 8, 1], 0.5)
    for network, given in ((model.generator, z), (model.discriminator, x)):
        change = np.abs(network(given, one) - network(given, other)).reshape(2, -1).max(axis=1)
        assert change[0] == 0
        assert change[1] > 1e-4


def test_names_are_spelled_and_read():
    assert names.alphabet(names.DIGITS) == " efghinorstuvwxz"
    code = names.encode(["two", "seven"], names.DIGITS)
    assert code.shape == (2, 5, 16)
    assert (code.sum(axis=-1) == 1).all()
    assert names.decode(code, names.DIGITS) == ["two", "seven"]
    assert names.spelled(tuple("0123456789")) == names.DIGITS
    assert names.spelled(("Cat", "Dog")) == ("cat", "dog")


@pytest.fixture(scope="module")
def samplers(once, command):
    """kind of condition -> the sampler of a run of a few steps."""
    targets = dict(PAIRS[:3])

    def train(path):
        words = [
            f"--condition={path.name}",
            f"--target={targets[path.name]}",
            "--steps=20",
            "--jit=off",
        ]
        done = command("train", "--model=cgan", *words, f"--run={path}")
        assert done.returncode == 0, done.stderr

    return functools.cache(lambda kind: zoo.load(once(f"conditions/{kind}", train)))


@pytest.mark.slow
def test_a_label_and_its_name_are_one_condition(samplers):
    for kind in ("label", "name"):
        sampler = samplers(kind)
        by_label = sampler.sample(3, 1, 7)
        np.testing.assert_array_equal(by_label, sampler.sample(3, 1, "seven"))
        np.testing.assert_array_equal(by_label, sampler.sample(3, 1, [7, 7, 7]))
        assert np.abs(by_label - sampler.sample(3, 1, 8)).max() > 1e-4
        # Without one, the classes in turn.
        np.testing.assert_array_equal(sampler.sample(3, 1), sampler.sample(3, 1, [0, 1, 2]))


@pytest.mark.slow
def test_a_picture_may_have_its_shape_or_be_flat(samplers):
    sampler = samplers("image")
    pictures = zoo.load_data("gan").examples("test", 3)[0]
    one = sampler.sample(3, 1, pictures)
    np.testing.assert_array_equal(one, sampler.sample(3, 1, pictures.reshape(3, 64)))
    # Without one, the first held-out pictures.
    np.testing.assert_allclose(one, sampler.sample(3, 1), atol=1e-6)


# Names and pictures need a run of their own each.
WRONG = [
    ("label", 10, "label 10 is not one of the 10 classes: give 0 to 9."),
    ("label", -1, "label -1 is not one of the 10 classes"),
    ("label", "sevn", "no class is named 'sevn': did you mean 'seven'?"),
    ("label", [0.5], "this model is given a label, a whole number from 0 to 9"),
    ("label", np.zeros((2, 10)), "this model is given a label"),
    ("label", [], "the condition is empty"),
    ("name", "eleven", "the name 'eleven' cannot be spelled: names here have 1 to 5 letters"),
    ("name", "cat", "the name 'cat' cannot be spelled"),
    ("name", np.zeros((2, 79)), "this model is given a name: pass an array float32 [N, 5, 16]"),
    ("image", 3, "this model is given a picture: pass an array float32 [N, 8, 8, 1]"),
    ("image", "three", "this model is given a picture"),
    ("image", np.zeros((2, 9, 9, 1)), "this model is given a picture: pass an array"),
    ("image", np.full((1, 64), 2.0), "a condition's values lie in [0, 1]"),
    ("image", np.full((1, 64), np.nan), "a condition's values lie in [0, 1]"),
]


@pytest.mark.parametrize(
    ("kind", "condition", "sentence"),
    [pytest.param(*one, marks=[pytest.mark.slow] if one[0] != "label" else []) for one in WRONG],
)
def test_wrong_conditions_get_one_sentence(kind, condition, sentence, samplers):
    with pytest.raises(UserError) as caught:
        samplers(kind).sample(2, 0, condition)
    assert str(caught.value).startswith(sentence)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["label", "name", "image"])
def test_an_export_takes_what_the_run_takes(kind, samplers, command, tmp_path):
    run = samplers(kind).run.path
    done = command("export", f"--run={run}", f"--out={tmp_path / kind}")
    assert done.returncode == 0, done.stderr
    export = zoo.load(tmp_path / kind)
    given = {"label": [3, 1], "name": ["three", "one"], "image": samplers(kind).given[:2]}[kind]
    for condition in (None, given):
        np.testing.assert_allclose(
            export.sample(12, 5, condition), samplers(kind).sample(12, 5, condition), atol=1e-5
        )
    name = "label" if kind == "label" else "condition"
    card = (tmp_path / kind / "1" / "assets.extra" / "card.md").read_text()
    assert f"`{name}` " in card
    if kind == "label":
        loaded = tf.saved_model.load(str(tmp_path / kind / "1"))
        call = loaded.signatures["sample"]
        with pytest.raises(tf.errors.InvalidArgumentError, match="label must be 0 to 9"):
            call(num=tf.constant(2), seed=tf.constant(0), label=tf.constant([10]))


@pytest.mark.slow
def test_sample_command(samplers, command, tmp_path):
    def drawn(kind, *words):
        out = tmp_path / "x.npy"
        done = command("sample", f"--run={samplers(kind).run.path}", f"--out={out}", *words)
        assert done.returncode == 0, done.stderr
        return np.load(out)

    label = samplers("label")
    np.testing.assert_array_equal(drawn("label", "--label=3", "--num=4"), label.sample(4, 0, 3))
    np.testing.assert_array_equal(
        drawn("name", "--name=seven,one", "--num=4"),
        samplers("name").sample(4, 0, ["seven", "one"]),
    )
    np.save(tmp_path / "given.npy", samplers("image").given[:5])
    np.testing.assert_array_equal(
        drawn("image", f"--condition={tmp_path / 'given.npy'}", "--num=5"),
        samplers("image").sample(5, 0, samplers("image").given[:5]),
    )
    # A column a class, a row a latent.
    grid = drawn("label", "--num=20").reshape(2, 10, 8, 8, 1)
    z = label.latents(2)
    np.testing.assert_allclose(grid[1], label.generate(np.repeat(z[1:], 10, 0)), atol=1e-6)
    walk = drawn("label", "--num=16", "--label=3", "--interpolate")
    np.testing.assert_allclose(walk[[0, 7]], label.sample(4, 0, 3)[:2], atol=1e-6)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--label=x"], "--label=x must be whole numbers"),
        (["--label=1", "--name=one"], "give one of --label and --name"),
        # What --condition names is looked at before the run.
        (["--condition=/nowhere.npy"], "/nowhere.npy"),
        (["--condition=README.md"], "is not a .npy file of an array"),
    ],
)
def test_bad_sample_calls(words, sentence, samplers, command, tmp_path):
    out = tmp_path / "x.npy"
    done = command("sample", f"--run={samplers('label').run.path}", f"--out={out}", *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr
    assert not out.exists()


def test_a_label_for_a_model_without_one(runs, command, tmp_path):
    out = tmp_path / "x.npy"
    done = command("sample", f"--run={runs('gan')}", "--label=3", f"--out={out}")
    assert done.returncode == 2
    assert "this model takes no condition: leave it out." in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: zoo.load_data("cgan", condition="image"), "target and condition are both 'image'"),
        (lambda: zoo.load_data("cgan", "swiss_roll"), "'swiss_roll' has no labels, which a label"),
        (
            lambda: zoo.load_data("cgan", "gaussians8", condition="image", target="name"),
            "'gaussians8' consists",
        ),
        (lambda: zoo.load_data("cgan", "gaussians8", target="name"), "'gaussians8' consists"),
        (lambda: zoo.load_data("gan", "gaussians8", binarize="static"), "'gaussians8' consists"),
        (lambda: zoo.build("gan", zoo.load_data("cgan")), "GAN takes no condition: leave --condi"),
        (lambda: zoo.build("cgan", zoo.load_data("gan")), "CGAN needs a condition: pass --condi"),
        (lambda: zoo.build("cgan").sample(2), "this model draws given a label: pass one"),
        (lambda: zoo.build("cgan").sample(2, 0, [10]), "label 10 is not one of the 10 classes"),
        (lambda: zoo.build("cgan").sample(2, 0, ["one"]), "a condition of this model is a label"),
        (lambda: zoo.build("cgan").sample(2, 0, [[0.5]]), "a condition of this model is a label"),
    ],
)
def test_wrong_calls_get_one_sentence(call, sentence):
    with pytest.raises(UserError) as caught:
        call()
    assert str(caught.value).startswith(sentence)


def test_points_can_be_conditioned_on_their_mode():
    data = zoo.load_data("cgan", "gaussians8")
    model = eagerly(make("cgan", data.spec))
    run_steps(model, data, 2)
    assert model.sample(8, 0, data.conditions()).shape == (8, 2)


def test_adam_at_the_rate_of_sgd_is_refused():
    with pytest.raises(
        UserError, match=r"adam diverges at 0\.1, the rate of paper_sgd: pass --con"
    ):
        zoo.build("cgan", optimizer="adam")


def test_numbers_of_dropout_are_no_codes():
    with pytest.raises(UserError, match="the latents of this model have no codes"):
        walks.codes(SimpleNamespace(prior=(("uniform", 2), ("dropout", 3))), 8)
