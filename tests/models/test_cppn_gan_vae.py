"""The pattern-producing GAN and VAE: a pixel and a step by hand, the balancing rule, any size."""

import dataclasses
import functools

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, differing, eagerly, make, mirrored, run_steps, weights
from zoo import places
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.networks import cppn
from zoo.variational import cppn_gan_vae

NAME = "cppn_gan_vae"


def short_run(**extra):
    """The Fréchet distance."""
    settings = {"batch_size": 50, "ema": 0.99, "units": 64, "depth": 2, "hidden": (128,)}
    settings |= {"vae_steps": 2, "learning_rate": 3e-3, "generator_learning_rate": 1e-3, **extra}
    return {"digits": learning.judged(NAME, "digits", 600, **settings)}


def learns():
    before, after = short_run()["digits"]
    assert after["frechet"] < before["frechet"] / 4


CASE = ModelCase(
    small={
        "batch_size": 32, "hidden": (64,), "depth": 1, "channels": 8, "vae_steps": 1,
        "generator_steps": 1,
    },
    learns=learns,
)  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return zoo.load_data(NAME)


@functools.cache
def model_of(**settings):
    """One model for checks that only read it."""
    return make(NAME, zoo.load_data(NAME).spec, **settings)


def test_a_pixel_by_hand():
    """Column 4 of 5 is x = 1, row 0 of 3 is y = -1; places and z are times 8."""
    model = make(NAME, DataSpec("any", (3, 5, 1)), latent=2, depth=2)
    z = np.float32([[0.3, -0.7]])
    of_place, of_latent = model.decoder.of_place, model.decoder.of_latent
    for row, y in enumerate((-1.0, 0.0, 1.0)):
        for column, x in enumerate((-1.0, -0.5, 0.0, 0.5, 1.0)):
            r = np.sqrt(x**2 + y**2)
            u = 8 * z @ of_latent.kernel.numpy() + of_latent.bias.numpy()
            u = u + 8 * np.float32([[x, y, r]]) @ of_place.kernel.numpy()
            h = np.log1p(np.exp(u))
            *tanh, last = model.decoder.stack.layers
            assert len(tanh) == 2
            for layer in tanh:
                h = np.tanh(h @ layer.kernel.numpy() + layer.bias.numpy())
            logit = (h @ last.kernel.numpy() + last.bias.numpy()).item()
            found = model.generate(z)[0, row, column, 0]
            np.testing.assert_allclose(found, 1 / (1 + np.exp(-logit)), rtol=0, atol=1e-5)


def bce(logits, target):
    """Of probabilities, as the author's code has it."""
    p = tf.sigmoid(logits)
    return -tf.reduce_mean(tf.math.log(p if target else 1 - p))


def test_one_step_by_hand(data):
    """Two updates down L_VAE, two down L_G, one of D, by SGD; each draws z ~ q(z|x) anew."""
    rates = {"learning_rate": 0.01, "generator_learning_rate": 0.02}
    rates |= {"discriminator_learning_rate": 0.03, "optimizer": "sgd", "beta_1": 0.0}
    always = {"generator_enough": 0.0, "discriminator_above": 0.0, "generator_below": 100.0}
    model = make(NAME, data.spec, vae_steps=2, generator_steps=2, **rates, **always)
    batch = next(iter(data.train(32, model.config.seed)))
    noise, x = model.noise(model.batch(batch)), batch["x"]
    encoder, decoder, d = model.encoder, model.decoder, model.discriminator
    both = encoder.trainable_variables + decoder.trainable_variables
    start = [v.numpy() for v in model.variables]

    def through(epsilon):
        mean, log_variance = tf.split(encoder(x), 2, axis=1)
        fakes = tf.sigmoid(decoder(mean + tf.exp(log_variance / 2) * epsilon))
        nats = -tf.reduce_sum(
            x * tf.math.log(fakes) + (1 - x) * tf.math.log(1 - fakes), axis=[1, 2, 3]
        )
        kl = -0.5 * tf.reduce_sum(1 + log_variance - mean**2 - tf.exp(log_variance), axis=1)
        return fakes, tf.reduce_mean(nats + kl) / 64

    def descend(loss, variables, rate):
        with tf.GradientTape() as tape:
            value = loss()
        for v, gradient in zip(variables, tape.gradient(value, variables), strict=True):
            v.assign(v - rate * gradient)
        return value

    def of_generator(epsilon):
        fakes, vae_loss = through(epsilon)
        return bce(d(fakes, training=True), 1) + vae_loss

    for _ in range(2):
        epsilon = noise.normal((32,))
        descend(lambda e=epsilon: through(e)[1], both, 0.01)
    for _ in range(2):
        epsilon = noise.normal((32,))
        g_loss = bce(d(through(epsilon)[0], training=True), 1)
        descend(lambda e=epsilon: of_generator(e), both, 0.02)
    fakes, _ = through(noise.normal((32,)))
    statistics = {v.path: v for v in d.non_trainable_variables}
    for v in statistics.values():
        v.assign(dict(zip((w.path for w in model.variables), start, strict=True))[v.path])
    d_loss = descend(
        lambda: (bce(d(x, training=True), 1) + bce(d(fakes, training=True), 0)) / 2,
        d.trainable_variables, 0.03,
    )  # fmt: skip
    expected = [v.numpy() for v in model.variables]
    for v, value in zip(model.variables, start, strict=True):
        v.assign(value)
    logs = model.train_step(batch)
    for v, by_hand in zip(model.variables, expected, strict=True):
        np.testing.assert_allclose(v, by_hand, rtol=0, atol=2e-6, err_msg=v.path)
    np.testing.assert_allclose(logs["g_loss"], g_loss, rtol=0, atol=1e-5)
    np.testing.assert_allclose(logs["d_loss"], d_loss, rtol=0, atol=1e-5)
    assert (float(logs["g_steps"]), float(logs["d_steps"])) == (2, 1)
    assert statistics


def of_d(model):
    """D's weights, its statistics and its optimizer's slots and count."""
    optimizer = model.optimizers()["discriminator"][1]
    return [v.numpy() for v in (*model.discriminator.variables, *optimizer.variables)]


@pytest.mark.parametrize(
    ("rule", "steps"),
    [
        ({"discriminator_above": 0.1, "generator_below": 2.0}, 1),
        ({"discriminator_above": 2.0, "generator_below": 2.0}, 0),
        ({"discriminator_above": 0.1, "generator_below": 0.1}, 0),
    ],
)
def test_d_is_updated_where_neither_is_much_ahead(rule, steps, data):
    model = eagerly(make(NAME, data.spec, **rule))
    run_steps(model, data, 1)
    before = of_d(model)
    assert run_steps(model, data, 1)["d_steps"] == [steps]
    moved = [bool((old != new).any()) for old, new in zip(before, of_d(model), strict=True)]
    names = [v.path for v in model.discriminator.variables]
    fixed = [True] * len(moved) if steps else [False] * len(moved)
    assert moved[: len(names)] == fixed[: len(names)]
    assert any(moved[len(names) :]) == bool(steps)


def test_g_stops_where_it_has_done_enough(data):
    """What is skipped leaves weights, slots and averages bit for bit."""
    found = []
    for rule in ({"generator_steps": 1}, {"generator_steps": 3, "generator_enough": 2.0}):
        # The draws of noise after the skipped ones are others: D, which sees them, stays.
        model = eagerly(make(NAME, data.spec, ema=0.9, discriminator_above=50.0, **rule))
        logs = run_steps(model, data, 1)
        assert logs["g_steps"] == [1]
        found.append(weights(model))
    assert differing(*found) == []
    model = eagerly(make(NAME, data.spec, generator_steps=3, generator_enough=0.1))
    logs = run_steps(model, data, 1)
    assert logs["g_steps"] == [3]
    assert int(model.generator_optimizer.iterations.numpy()) == 3


@pytest.mark.slow
def test_the_means_of_the_global_batch_decide(data):
    """Two replicas, whose own means are on both sides of the threshold, do what one device does."""
    model, seen = eagerly(make(NAME, data.spec, generator_below=10.0)), []
    right = model.global_mean
    model.global_mean = lambda told: seen.append(told) or right(told)
    threshold = run_steps(model, data, 1)["d_loss"][0]
    own = [half.mean() for half in np.split(seen[-1].numpy(), 2)]
    margin = 0.5 * min(abs(half - threshold) for half in own)
    assert margin > 1e-4
    assert min(own) < threshold < max(own)
    for off, steps in ((-margin, 1), (margin, 0)):
        rule = {"discriminator_above": threshold + off, "generator_below": 10.0}
        model = make(NAME, data.spec, mirrored(), **rule)
        assert run_steps(model, data, 1)["d_steps"] == [steps]
        found = weights(model)
        for key, value in found.items():
            np.testing.assert_array_equal(value, found[key.split("@")[0] + "@0"], err_msg=key)


# Some updates of both are skipped, and some taken, in the first steps.
SOME = {"generator_steps": 2, "generator_enough": 0.7125, "discriminator_above": 0.695}


def one_by_one(model, data, count):
    """Trains; returns what was taken in each step, (g_steps, d_steps)."""
    logs = [run_steps(model, data, 1) for _ in range(count)]
    return [(log["g_steps"][0], log["d_steps"][0]) for log in logs]


@pytest.mark.slow
def test_replicas_take_the_steps_of_one_device(data):
    models = [make(NAME, data.spec, s, optimizer="sgd", **SOME) for s in (None, mirrored())]
    one, other = (one_by_one(model, data, 6) for model in models)
    assert one == other
    for taken in zip(*one, strict=True):
        assert len(set(taken)) == 2, one
    found = [weights(model) for model in models]
    for key, value in found[1].items():
        np.testing.assert_allclose(value, found[0][key[:-1] + "0"], rtol=0, atol=1e-6, err_msg=key)


@pytest.mark.slow
def test_a_resumed_run_skips_what_the_unbroken_one_skips(data, tmp_path):
    models = (make(NAME, data.spec, ema=0.9, **SOME) for _ in range(3))
    unbroken, first, second = map(eagerly, models)
    taken = one_by_one(unbroken, data, 6)
    for one in zip(*taken, strict=True):
        assert len(set(one)) == 2, taken
    begun = one_by_one(first, data, 3)
    path = tf.train.Checkpoint(model=first).save(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(model=second).restore(path).assert_consumed()
    assert begun + one_by_one(second, data, 3) == taken
    assert differing(weights(unbroken), weights(second)) == []


def test_a_picture_is_the_same_at_every_size(monkeypatch):
    """Of 15 pixels a side every other one is one of 8, and their first 8 are a quarter window."""
    model = model_of()
    z = model.sampling_latents(3, 5)
    trained, large = model.generate(z).numpy(), model.draw(z, 15).numpy()
    assert large.shape == (3, 15, 15, 1)
    np.testing.assert_allclose(model.draw(z, 8), trained, rtol=0, atol=1e-5)
    np.testing.assert_allclose(large[:, ::2, ::2], trained, rtol=0, atol=1e-5)
    assert np.abs(large[:, 1::2, 1::2] - trained[:, 1:, 1:]).max() > 1e-3
    part = model.sample(3, 5, size=8, window=(-1, 0, 0, 1)).numpy()
    np.testing.assert_allclose(part, large[:, 7:, :8], rtol=0, atol=1e-5)
    monkeypatch.setattr(cppn, "AT_A_TIME", 7)
    np.testing.assert_allclose(model.draw(z, 15), large, rtol=0, atol=1e-6)


def test_a_tile_is_a_part_of_the_whole():
    model, side = model_of(), places.TILE
    z = model.sampling_latents(2, 5)
    whole = model.draw(z, 100).numpy()
    at = np.linspace(-1, 1, 100)
    window = [at[3], at[30], at[3 + side - 1], at[30 + side - 1]]
    tile = model.tile(z, np.float32([window, window])).numpy()
    assert tile.shape == (2, side, side, 1)
    np.testing.assert_allclose(tile, whole[:, 30 : 30 + side, 3 : 3 + side], rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(8, 8, 1), (6, 9, 3), (1, 4, 1)])
def test_sizes_keep_the_proportions_of_a_picture(shape):
    model = make(NAME, DataSpec("any", shape), decoder="gaussian")
    height, width = places.sides(shape, 30)
    assert max(height, width) == 30
    assert model.sample(2, size=30).shape == (2, height, width, shape[2])
    assert model.sample(2).shape == (2, *shape)
    drawn = tf.function(lambda size: model.sample(2, size=size))(tf.constant(30))
    np.testing.assert_allclose(drawn, model.sample(2, size=30), rtol=0, atol=1e-6)


def test_settings_of_the_author():
    config = cppn_gan_vae.Config()
    model = cppn_gan_vae.build(config, DataSpec("mnist", (26, 26, 1)))
    kernels = [v.shape for v in model.discriminator.trainable_variables if "kernel" in v.path]
    assert kernels == [(5, 5, 1, 24), (5, 5, 24, 48), (5, 5, 48, 96), (4 * 4 * 96, 1)]
    kernels = [v.shape for v in model.encoder.trainable_variables if "kernel" in v.path]
    assert kernels == [(676, 512), (512, 512), (512, 64)]
    kernels = [v.shape for v in model.decoder.trainable_variables if "kernel" in v.path]
    assert kernels == [(32, 128), (3, 128), *[(128, 128)] * 3, (128, 1)]
    for weight in model.decoder.trainable_variables:
        if weight.shape[-1] > 1:
            assert abs(np.std(weight) - 0.1) < 0.03
    found = {name: float(o.learning_rate) for name, (_, o) in model.optimizers().items()}
    expected = {"vae": 1e-3, "generator": 5e-3, "discriminator": 1e-3}
    assert found == pytest.approx(expected)
    assert {o.beta_1 for _, o in model.optimizers().values()} == {0.65}
    assert dataclasses.asdict(config)["batch_size"] == 500


def test_a_rate_that_falls_is_refused():
    with pytest.raises(UserError, match=r"this model skips some: leave --config\.decay out"):
        zoo.build(NAME, decay="linear")


@pytest.mark.slow
def test_a_run_draws_any_size_and_so_does_its_export(runs, exports):
    """In the SavedModel at a size, in both formats by tiles."""
    from ai_edge_litert.interpreter import Interpreter

    run, export = zoo.load(runs(NAME)), zoo.load(exports(NAME))
    for how in ({"size": 100}, {"size": 70, "window": (-1.5, -0.25, 0.5, 1.0)}):
        whole = run.model.sample(2, 7, **how).numpy()
        np.testing.assert_allclose(run.sample(2, 7, **how), whole, rtol=0, atol=1e-5)
        np.testing.assert_allclose(export.sample(2, 7, **how), whole, rtol=0, atol=1e-5)
    assert whole.shape == (2, 44, 70, 1)
    calls = []
    run.sample(9, size=70, watch=lambda *now: calls.append(now))
    assert calls == [(16, 36), (32, 36), (36, 36)]
    assert zoo.load(runs(NAME)).sample(1, 0, window=(-1, -1, 0, 0)).shape == (1, 8, 8, 1)
    server = tf.saved_model.load(str(export.path)).signatures["sample"]
    for shape in ((), (1,), (1, 1)):
        words = {"num": tf.fill(shape, 2), "seed": tf.fill(shape, 7), "size": tf.fill(shape, 100)}
        expected = run.sample(2, 7, size=100)
        np.testing.assert_allclose(server(**words)["images"], expected, rtol=0, atol=1e-5)
    for file in ("model.tflite", "model_batch1.tflite"):
        tile = Interpreter(str(export.path / file)).get_signature_runner("tile")
        at = np.linspace(-1, 1, 100)
        for row, column in ((0, 0), (36, 17)):
            window = [at[i] for i in (column, row, column + 63, row + 63)]
            found = tile(latents=run.latents(1, 7), window=np.float32([window]))["images"]
            part = expected[:1, row : row + 64, column : column + 64]
            np.testing.assert_allclose(found, part, rtol=0, atol=1e-5)
    facts = Interpreter(str(export.path / "model.tflite")).get_signature_list()["sample"]
    assert set(facts["inputs"]) == {"num", "seed"}


@pytest.mark.slow
def test_a_server_refuses_more_pixels_than_a_call_may_draw(exports):
    server = tf.saved_model.load(str(exports(NAME) / "1")).signatures["sample"]

    def draw(num, size):
        return server(num=tf.constant(num), seed=tf.constant(0), size=tf.constant(size))["images"]

    for size in (0, -1, 4097, 10**9):
        with pytest.raises(tf.errors.InvalidArgumentError, match="size must be 1 to 4096"):
            draw(1, size)
    for num, size in ((1024, 129), (2, 4096), (1024, 4096)):
        with pytest.raises(tf.errors.InvalidArgumentError, match="size must be at most 16777216"):
            draw(num, size)
    assert draw(1024, 3).shape == (1024, 3, 3, 1)
    assert draw(1, 1).shape == (1, 1, 1, 1)


WRONG = [
    ({"size": 0}, "size must be a whole number of at least 1, and 0 is not."),
    ({"size": 1.5}, "size must be a whole number of at least 1, and 1.5 is not."),
    ({"size": 10**9}, "2 x 1000000000 x 1000000000 pixels are more than 268435456: lower size"),
    ({"window": (-1, 1, 1, -1)}, "the window -1,1,1,-1 is inverted: x0 must be less than x1"),
    ({"window": (0, 0, 0, 1)}, "the window 0,0,0,1 is inverted"),
    ({"window": (-1, -1, 1, float("inf"))}, "the window -1,-1,1,inf is out of bounds: its numbers"),
    ({"window": (-1, float("nan"), 1, 1)}, "the window -1,nan,1,1 is out of bounds"),
    ({"window": (-1, -1, 1e9, 1)}, "the window -1,-1,1e+09,1 is out of bounds"),
    ({"window": (0, 0, 1e-6, 1)}, "the window 0,0,1e-06,1 is too narrow: its sides must be at"),
    ({"window": (0, 0, 1)}, "a window is four numbers x0,y0,x1,y1"),
    ({"window": "whole"}, "a window is four numbers x0,y0,x1,y1"),
    ({"size": 8, "condition": 3}, "this model takes no condition"),
]


@pytest.mark.slow
def test_wrong_sizes_and_windows_get_one_sentence(runs):
    sampler = zoo.load(runs(NAME))
    for words, sentence in WRONG:
        with pytest.raises(UserError) as caught:
            sampler.sample(2, 0, **words)
        assert str(caught.value).startswith(sentence), words
        assert str(caught.value).count("\n") == 0
    for words in ({"size": 8}, {"window": (0, 0, 1, 1)}):
        with pytest.raises(UserError, match="draws pictures of its data's own size: leave size"):
            zoo.load("vae_digits").sample(2, 0, **words)


def test_a_zoom_goes_evenly_to_its_window():
    assert places.zoomed(4.0) == (-0.25, -0.25, 0.25, 0.25)
    for window in ((0.25, -0.5, 0.5, -0.25), (-3.0, -1.0, -1.0, 1.0), (-2.0, -2.0, 2.0, 2.0)):
        np.testing.assert_allclose(places.between(window, 0.0), places.WHOLE, atol=1e-12)
        np.testing.assert_allclose(places.between(window, 1.0), window, atol=1e-12)
    wide = [np.diff(places.between((0.25, -0.5, 0.5, -0.25), t)[::2]) for t in (0, 0.5, 1)]
    np.testing.assert_allclose(wide[1] / wide[0], wide[2] / wide[1])


@pytest.mark.slow
def test_sizes_and_zooms_from_the_command_line(runs, command, tmp_path):
    from PIL import Image

    run = f"--run={runs(NAME)}"
    for words, out in (
        (["--size=90"], "one.png"),
        (["--size=20", "--num=4", "--seed=7", "--zoom=2"], "four.npy"),
        (["--size=70", "--window=0,0,.5,.5", "--frames=3"], "zoom.gif"),
    ):
        done = command("sample", run, *words, f"--out={tmp_path / out}")
        assert done.returncode == 0, done.stderr
    picture = Image.open(tmp_path / "one.png")
    assert picture.size == (90, 90)
    sampler = zoo.load(runs(NAME))
    drawn = sampler.sample(1, 0, size=90)[0, ..., 0]
    np.testing.assert_array_equal(np.asarray(picture)[..., 0], np.round(255 * drawn))
    expected = sampler.sample(4, 7, size=20, window=(-0.5, -0.5, 0.5, 0.5))
    np.testing.assert_allclose(np.load(tmp_path / "four.npy"), expected, atol=1e-6)
    animation = Image.open(tmp_path / "zoom.gif")
    assert (animation.n_frames, animation.size) == (3, (70, 70))
    animation.seek(2)
    last = sampler.sample(1, 0, size=70, window=(0, 0, 0.5, 0.5))[0, ..., 0]
    np.testing.assert_allclose(np.asarray(animation.convert("L")), 255 * last, atol=1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--size=0"], "--size=0: 0 is not an integer in the range [1, 16384]."),
        (["--size=1000000000"], "--size=1000000000: 1000000000 is not an integer in the range"),
        (["--window=0,0,0,0"], "the window 0,0,0,0 is inverted"),
        (["--window=a,b"], "a window is four numbers"),
        (["--zoom=0"], "a zoom must be 0.01 to 2000, and 0 is not."),
        (["--zoom=nan"], "a zoom must be 0.01 to 2000, and nan is not."),
        (["--zoom=2", "--window=0,0,1,1"], "give one of --window and --zoom, not both."),
        (["--frames=9"], "--frames goes from the whole picture to --zoom or --window: give one."),
        (["--frames=9", "--zoom=2", "--out=x.png"], "--out=x.png must end in .gif"),
        (["--zoom=2", "--out=x.gif"], "--out=x.gif must end in .png (a sheet), .npy"),
        (["--size=9", "--interpolate"], "--size, --window and --zoom draw samples: leave --interp"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_flags_get_one_sentence(words, sentence):
    from zoo import sample

    out = ["--out=x.gif"] if "--frames=9" in words else []
    with pytest.raises(UserError) as caught:
        sample.main([f"--run={NAME}", *out, *words])
    assert sentence in str(caught.value)
