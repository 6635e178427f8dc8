"""WGAN-GP's language model: its blocks and its penalty by hand, its widths, its lines."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import learning
from tests.contract import ModelCase, eagerly, make, run_steps
from zoo import registry, sample
from zoo.config import UserError, override
from zoo.data import text as lines
from zoo.data.spec import DataSpec
from zoo.metrics import evaluation
from zoo.networks import text
from zoo.networks.initializers import Initializers
from zoo.runs import presets
from zoo.viz import sheet

NAME = "text_wgan_gp"


def short_run(**extra):
    """Divergences of n-grams."""
    settings = {
        "width": 96,
        "n_critic": 3,
        "learning_rate": 1e-3,
        "beta_1": 0.0,
        "ema": 0.9,
        **extra,
    }
    return {"surnames": learning.judged(NAME, "surnames", 200, **settings)}


def learns():
    # Held-out names are at 0.23 and 0.63, 1,000 on each side.
    before, after = short_run()["surnames"]
    assert after["js_3"] < before["js_3"] - 0.03
    assert after["js_4"] < before["js_4"] - 0.03


CASE = ModelCase(small={"n_critic": 2, "width": 64}, learns=learns)


@pytest.fixture(scope="module")
def data():
    return zoo.load_data(NAME)


def test_a_block_by_hand():
    block = text.Block((3, 2), Initializers(0), "float32")
    first, second = (layer for layer in block.residual.layers if layer.weights)
    # Of five neighbors the first takes the next symbol's first channel, the second is twice it.
    kernel = np.zeros((5, 2, 2), np.float32)
    kernel[3, 0, 0] = 1
    first.kernel.assign(kernel)
    second.kernel.assign(2 * np.eye(2)[None] * np.eye(5)[2][:, None, None])
    x = np.float32([[[1, 9], [-2, 9], [4, 9]]])
    expected = x + 0.3 * 2 * np.float32([[[0, 0], [4, 0], [0, 0]]])
    np.testing.assert_allclose(block(x), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize(("length", "channels"), [(32, 512), (64, 512), (31, 256), (12, 128)])
def test_widths_go_by_the_length(length, channels):
    config = registry.module(NAME).Config()
    spec = DataSpec("lines:x", (length, 5), symbols=" abcd")
    assert text.scaled(config.width, spec) == channels


def test_networks_of_the_paper(data):
    model = make(NAME, data.spec, width=512)
    assert model.latent == 128
    for network in (model.generator, model.critic):
        kernels = [w.shape for w in network.trainable_variables if w.path.endswith("kernel")]
        assert kernels.count((5, 128, 128)) == 10
    assert (1, 27, 128) in [w.shape for w in model.critic.trainable_variables]
    assert (1, 128, 27) in [w.shape for w in model.generator.trainable_variables]
    x = model.sample(3, 1).numpy()
    np.testing.assert_allclose(x.sum(axis=-1), np.ones((3, 12)), rtol=0, atol=1e-5)


def test_settings_of_the_paper():
    config = registry.module(NAME).Config()
    assert (config.latent, config.n_critic, config.penalty, config.batch_size) == (128, 10, 10, 64)
    assert (config.learning_rate, config.beta_1, config.beta_2) == (1e-4, 0.5, 0.9)


def linear(model):
    """Takes the blocks out of the critic; returns its gradient, the same at every line [L, S]."""
    for block in model.critic.blocks:
        for weight in block.trainable_variables:
            weight.assign(tf.zeros_like(weight))
    symbols, places = model.critic.embed.kernel.numpy()[0], model.critic.output_layer.kernel.numpy()
    length = model.data_spec.shape[0]
    return np.einsum("sd,ld->ls", symbols, places.reshape(length, -1))


def test_the_norm_is_over_places_and_symbols(data):
    """Of one axis it would be another penalty."""
    model = eagerly(make(NAME, data.spec, n_critic=1))
    gradient = linear(model)
    first = next(iter(data.train(model.config.batch_size)))
    penalty = float(run_steps(model, data, 1)["penalty"][0])
    assert first["x"].shape[1:] == gradient.shape
    np.testing.assert_allclose(penalty, (np.linalg.norm(gradient) - 1) ** 2, rtol=0, atol=1e-5)
    for axis in (0, 1):  # what ports do
        other = np.mean((np.linalg.norm(gradient, axis=axis) - 1) ** 2)
        assert abs(penalty - other) > 0.05


def test_the_critic_is_given_probabilities(data):
    """The generator's gradient flows through its softmax: no symbol is drawn in training."""
    model = make(NAME, data.spec)
    z = model.sampling_latents(4, 1)
    with tf.GradientTape() as tape:
        value = model.critic(model.generator(z, training=True))
    weights = model.generator.trainable_variables
    assert all(np.abs(g).max() > 0 for g in tape.gradient(value, weights))


def test_a_seed_draws_the_same_lines(data):
    model, again = (make(NAME, data.spec, seed=4) for _ in range(2))
    drawn = [lines.decode(m.sample(20, 7), data.spec.alphabet) for m in (model, again)]
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 10
    assert lines.decode(model.sample(5, 7), data.spec.alphabet) == drawn[0][:5]


@pytest.mark.parametrize(
    ("model", "dataset", "sentence"),
    [
        ("wgan_gp", "surnames", "WGANGP draws images or points, and not text: choose another"),
        ("dcgan", "surnames", "DCGAN draws images, and not text: choose another"),
        ("vae", "surnames", "VAE draws images, and not text: choose another"),
        ("pixelcnn", "surnames", "PixelCNN draws images, and not text: choose another"),
        (NAME, "digits", "TextWGANGP draws text, and not images: choose another"),
        (NAME, "gaussians8", "TextWGANGP draws text, and not points: choose another"),
    ],
)
def test_wrong_pairs_are_refused(model, dataset, sentence):
    with pytest.raises(UserError, match=sentence):
        zoo.build(model, dataset)


def test_settings_of_other_networks_are_refused():
    for key in ("network", "critic_norm", "hidden", "channels"):
        with pytest.raises(UserError, match=f"unknown setting '{key}'"):
            override(registry.module(NAME).Config(), {key: "mlp"})


@pytest.mark.slow
def test_names_of_digits_train_it_too():
    data = zoo.load_data(NAME, "digits", target="name")
    model = eagerly(make(NAME, data.spec, n_critic=1))
    run_steps(model, data, 1)
    assert model.sample(2).shape == (2, 5, 16)
    assert set(data.lines("test")) == set(data.spec.names)


def test_the_judge_of_lines(data):
    judge = evaluation.judge(data, "test", 500)
    assert judge.held_out == "test"
    assert judge.real["overlap"] == 0
    train, test = (data.examples(split, 500)[0] for split in ("train", "test"))
    assert judge.of(train, None)["overlap"] == 1
    copies = evaluation.judge(data, "test", 8_855).of(data.examples("test")[0], None)
    assert copies == {"js_1": 0, "js_2": 0, "js_3": 0, "js_4": 0, "overlap": 0}
    assert 0 < judge.of(test, None)["js_4"] < 1.1 * judge.real["js_4"]


def test_sheets_of_lines_have_one_size(data):
    """Or they would make no animation."""
    x = data.examples("test", 64)[0]
    blank = np.broadcast_to(np.eye(27)[0], x.shape)
    written, empty = (sheet.sheet(data.spec, lines) for lines in (x, blank))
    assert written.shape == empty.shape
    assert 600 < written.shape[1] <= 640
    assert written.min() < 50
    assert empty.min() == 255
    long = DataSpec("lines:x", (200, 3), symbols=" ab")
    assert sheet.sheet(long, np.ones((5, 200, 3))).shape[1] == 640


@pytest.mark.slow
def test_lines_from_a_run_and_everywhere_from_its_export(runs, exports, tmp_path, capsys):
    from ai_edge_litert.interpreter import Interpreter

    drawn = []
    for path in (runs(NAME), exports(NAME)):
        sample.main([f"--run={path}", "--num=16", "--seed=7"])
        drawn.append(capsys.readouterr().out.splitlines())
    assert drawn[0] == drawn[1]
    assert len(set(drawn[0])) > 10
    sample.main([f"--run={runs(NAME)}", "--num=16", "--seed=7", f"--out={tmp_path / 'x.txt'}"])
    assert (tmp_path / "x.txt").read_text().splitlines() == drawn[0]
    assert capsys.readouterr().out == f"16 lines in {tmp_path / 'x.txt'}\n"
    version = exports(NAME) / "1"
    words = {"num": tf.constant(16), "seed": tf.constant(7)}
    served = tf.saved_model.load(str(version)).signatures["sample_lines"](**words)
    assert [line.decode() for line in served["lines"].numpy()] == drawn[0]
    symbols = zoo.load(exports(NAME)).data_spec.alphabet
    device = Interpreter(str(version / "model_batch16.tflite")).get_signature_runner("sample")
    codes = device(seed=np.int32([7]))["codes"]
    assert codes.dtype == np.int32
    assert lines.read(codes, symbols) == drawn[0]
    assert repr(symbols) in (version / "assets.extra" / "card.md").read_text()


def test_pictures_are_no_lines(tmp_path):
    with pytest.raises(UserError, match=r"x\.txt is for lines of text: name a \.png or a \.npy"):
        sample.main(["--run=vae_digits", f"--out={tmp_path / 'x.txt'}"])


@pytest.mark.slow
def test_a_preset_of_text_goes_on_with_its_symbols_alone(data, tmp_path):
    model = make(NAME, data.spec)
    model.save_to_preset(tmp_path / "names")
    preset = presets.Preset.read(tmp_path / "names")
    assert preset.data_spec == data.spec
    preset.check_data(data.spec)
    shorter = dataclasses.replace(data.spec, shape=(8, 27))
    other = dataclasses.replace(data.spec, symbols=data.spec.symbols.lower())
    for spec, sentence in ((shorter, "pass --data.length=12"), (other, "name data of these symb")):
        with pytest.raises(UserError, match=sentence):
            preset.check_data(spec)
