"""Tools of the latent space: by hand, of untrained models, of presets, from the command line."""

import re

import numpy as np
import pytest
from PIL import Image

import zoo
import zoo.sample
from tests import ROOT
from tests.contract import make
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.sampling import inversion, latent, modes, moments, sampler

PRIOR = (("symmetric", 2), ("categorical", 3), ("uniform", 1), ("dropout", 2), ("normal", 1))
MOVED = [True] * 2 + [False] * 3 + [True] + [False] * 2 + [True]


class Linear(sampler.Sampler):
    """x = z A, so that every direction is known."""

    pixelwise = any_size = encodes = False
    given, data_spec = None, DataSpec("line", (3,))

    def __init__(self, matrix, prior):
        self._matrix, self.prior = np.float32(matrix), prior

    def _generate(self, latents, given):
        return latents @ self._matrix


@pytest.fixture(scope="module")
def samplers(tmp_path_factory):
    """(model, settings) -> a sampler of a small one that was not trained."""
    folder, made = tmp_path_factory.mktemp("latent"), {}

    def of(name, **settings):
        key = f"{name}{settings}"
        if key not in made:
            data = zoo.load_data(name)
            made[key] = folder / str(len(made))
            make(name, data.spec, **settings).save_to_preset(made[key], data.conditions())
        return zoo.load(made[key])

    return of


# --- truncation ----------------------------------------------------------------------------------


def test_truncation_moves_what_has_a_mean_by_hand():
    z = np.float32([[-0.5, 1, 0, 1, 0, 0.9, 0.1, 0.9, 3]])
    np.testing.assert_allclose(
        moments.toward_mean(z, PRIOR, 0.5), [[-0.25, 0.5, 0, 1, 0, 0.7, 0.1, 0.9, 1.5]]
    )
    assert moments.columns(PRIOR)[0].tolist() == MOVED


def test_a_truncated_sampler_draws_from_truncated_latents():
    vae = zoo.load("vae_digits")
    less = vae.truncated(0.7)
    np.testing.assert_allclose(less.latents(9, 3), 0.7 * vae.latents(9, 3), rtol=1e-6)
    np.testing.assert_array_equal(less.sample(4, 3), vae.generate(less.latents(4, 3)))
    assert np.ptp(vae.truncated(0).sample(4, 3), axis=0).max() < 1e-6
    assert vae.truncation == 1  # the sampler itself stays
    np.testing.assert_array_equal(vae.truncated(1).sample(4, 3), vae.sample(4, 3))


@pytest.mark.parametrize(
    ("preset", "psi", "sentence"),
    [
        ("vae_digits", 2.1, "truncation is a number from 0 to 2, and 2.1 is not"),
        ("vae_digits", -0.1, "truncation is a number from 0 to 2"),
        ("vae_digits", float("nan"), "truncation is a number from 0 to 2"),
        ("vae_digits", "half", "truncation is a number from 0 to 2"),
        ("dcgan_digits", 1.5, "lie in a cube, which a truncation of 1.5 leaves: give 0 to 1"),
        ("pixelcnn_digits", 0.5, "draws pixel by pixel has no latents to truncate"),
    ],
)
def test_what_cannot_be_truncated(preset, psi, sentence):
    with pytest.raises(UserError, match=sentence):
        zoo.load(preset).truncated(psi)


# --- arithmetic ----------------------------------------------------------------------------------


def test_arithmetic_by_hand():
    one = Linear(np.zeros((9, 3)), PRIOR)
    z = one.latents(64, 5)
    found = one.arithmetic("4,1,2-3+0,7", seed=5)
    expected = z[[4, 1, 2]].mean(axis=0) - z[3] + z[[0, 7]].mean(axis=0)
    expected = np.where(MOVED, expected, z[4])  # a class and dropout's numbers have no mean
    np.testing.assert_allclose(found, expected[None], rtol=1e-6, atol=1e-6)
    assert found.shape == (1, 9)
    # Nothing but the places counts, so the choice may be among more.
    np.testing.assert_array_equal(found, one.arithmetic("4,1,2-3+0,7", num=1000, seed=5))


def test_noise_around_a_sum_is_a_quarter_of_the_cube():
    one = Linear(np.zeros((9, 3)), PRIOR)
    z = one.latents(1)
    away = latent.around(one, z, seed=1) - z
    assert away.shape == (8, 9)
    widths = [0.25, 0.25, 0, 0, 0, 0.125, 0, 0, 0.25 * 3**0.5]
    assert (np.abs(away) <= np.float32(widths) + 1e-6).all()
    assert (np.abs(away).max(axis=0) >= 0.5 * np.float32(widths)).all()
    np.testing.assert_array_equal(latent.around(one, z, 1), latent.around(one, z, 1))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("1,2,3", "arithmetic adds groups of places, such as 1,2,3-4,5,6+7,8,9, and '1,2,3'"),
        ("", "adds groups of places"),
        ("1,2-", "adds groups of places"),
        ("1-²", "adds groups of places"),
        ("1-" + 5000 * "1", "adds groups of places"),
        ("-1+2", "adds groups of places"),
        (None, "adds groups of places"),
        ("1-64", "64 is not one of the 64 latents of this seed: give 0 to 63, or a larger --num"),
    ],
)
def test_what_cannot_be_added(words, sentence):
    with pytest.raises(UserError, match=re.escape(sentence)):
        Linear(np.zeros((9, 3)), PRIOR).arithmetic(words)


# --- directions ----------------------------------------------------------------------------------


def test_directions_of_a_linear_map_by_hand():
    """A rotation of diag(3, 1) on a normal latent: the axes, and 9 to 1 of the squared change."""
    turned = np.array([[0.6, 0.8], [-0.8, 0.6]])
    one = Linear(turned @ [[3, 0, 0], [0, 1, 0]], (("normal", 2),))
    found, shares = one.directions(2)
    # The sign is that which makes the largest number of each positive.
    np.testing.assert_allclose(found, [[-0.6, 0.8], [0.8, 0.6]], atol=1e-4)
    np.testing.assert_allclose(shares, [0.9, 0.1], atol=1e-5)


def test_directions_are_in_deviations_of_the_prior_and_leave_classes():
    slopes = np.array([1, 5, 9, 9, 9, 20, 9, 9, 2])  # one color for each number of z, mixed by 0
    one = Linear(np.diag(slopes), PRIOR)
    found, shares = one.directions(4)
    # U(-1, 1) has the deviation 1/√3, U(0, 1) 1/√12: 5/√3 < 20/√12, and 2 · 1 is between.
    places = [5, 1, 8, 0]
    sizes = np.array([12**-0.5, 3**-0.5, 1, 3**-0.5])
    expected = np.zeros((4, 9))
    expected[np.arange(4), places] = sizes
    np.testing.assert_allclose(found, expected, atol=1e-4)
    squared = (slopes[places] * sizes) ** 2
    np.testing.assert_allclose(shares, squared / squared.sum(), rtol=1e-3)
    with pytest.raises(UserError, match="have 4 directions, and 5 are asked for: give 1 to 4"):
        one.directions(5)
    with pytest.raises(UserError, match="4 directions"):
        one.directions(0)


def test_a_walk_varies_one_component_and_no_other():
    one = Linear(np.zeros((9, 3)), PRIOR)
    z, unit = one.latents(1, 3), np.zeros((2, 9), np.float32)
    unit[0, 8], unit[1, 5] = 1.0, 12**-0.5
    path = latent.along(one, z, unit).reshape(2, 9, 9)
    np.testing.assert_allclose(path[0, :, 8], np.linspace(-2, 2, 9), atol=1e-6)
    np.testing.assert_allclose(np.delete(path[0] - z, 8, axis=1), 0, atol=1e-6)
    line = np.clip(0.5 + np.linspace(-2, 2, 9) * 12**-0.5, 0, 1)  # no further than the cube
    np.testing.assert_allclose(path[1, :, 5], line, atol=1e-6)


def test_directions_of_a_preset_change_more_than_others():
    vae = zoo.load("vae_digits")
    found, shares = vae.directions(20)
    z = vae.latents(50, 9)
    change = [np.mean((vae.generate(z + 0.1 * u) - vae.generate(z)) ** 2) for u in found]
    assert change[0] > 5 * change[-1]
    assert np.argmax(change) == 0
    np.testing.assert_allclose(shares.sum(), 1, rtol=1e-6)
    np.testing.assert_allclose(found @ found.T, np.eye(20), atol=1e-5)


# --- inversion -----------------------------------------------------------------------------------


def test_the_gradient_finds_the_pictures_of_a_generator_again(samplers):
    gan = samplers("gan", latent=4, hidden=(32,))
    pictures = gan.sample(3, seed=11)
    found = gan.invert(pictures)
    assert inversion.errors(gan.generate(found), pictures).max() < 1e-3
    np.testing.assert_allclose(found, gan.latents(3, 11), atol=0.1)
    again = zoo.load(gan.run.path).invert(pictures)
    assert found.tobytes() == again.tobytes()


def test_the_best_start_is_kept(samplers, monkeypatch):
    gan = samplers("gan", latent=4, hidden=(32,))
    pictures = gan.sample(2, seed=11)
    monkeypatch.setattr(inversion, "STEPS", 1)
    monkeypatch.setattr(inversion, "STARTS", 3)
    few = inversion.errors(gan.generate(gan.invert(pictures)), pictures)
    starts = gan.latents(inversion.STARTS)
    alone = []
    for start in range(inversion.STARTS):
        monkeypatch.setattr(gan, "latents", lambda num, seed, s=start: starts[s : s + 1].copy())
        alone.append(inversion.errors(gan.generate(gan.invert(pictures)), pictures))
    np.testing.assert_allclose(few, np.min(alone, axis=0), rtol=1e-5)


def test_a_uniform_latent_stays_in_its_cube(samplers, monkeypatch):
    dcgan = samplers("dcgan", latent=3)
    monkeypatch.setattr(inversion, "STEPS", 60)
    found = dcgan.invert(np.ones((8, 8, 1)))  # which it cannot draw
    assert np.abs(found).max() == 1


def test_every_class_of_a_code_is_tried(samplers):
    descent = inversion._Descent(samplers("infogan"), seed=0)
    codes = descent._starts[:, 62:72]
    np.testing.assert_array_equal(codes, np.eye(10))
    assert (descent._moves[62:72] == 0).all()
    assert (descent._high[0, :62] == 1).all()


def test_an_encoder_inverts_where_there_is_one(samplers, digits):
    vae = zoo.load("vae_digits")
    pictures = digits.examples("test", 5)[0]
    found = vae.invert(pictures)
    np.testing.assert_allclose(found, vae.model.encode(pictures)[0], atol=1e-5)
    eight_bit = np.round(pictures[0] * 255).astype(np.uint8)
    np.testing.assert_allclose(vae.invert(eight_bit), found[:1], atol=0.02)
    cvae = samplers("cvae")
    labels = [3, 1, 4, 1, 5]
    found = cvae.invert(pictures, labels)
    np.testing.assert_allclose(found, cvae.model.encode(pictures, np.int32(labels))[0], atol=1e-5)


@pytest.mark.parametrize("name", ["vae", "gan"])
def test_an_export_has_the_tools_that_it_can_have(name):
    preset, export = zoo.load(f"{name}_mnist"), zoo.load(ROOT / "exports" / name)
    pictures = preset.sample(2, seed=4)
    for call in (
        lambda one: one.directions(2)[1],
        lambda one: one.arithmetic("0-1+2"),
        lambda one: one.truncated(0.5).sample(2),
    ):
        np.testing.assert_allclose(call(export), call(preset), rtol=1e-3, atol=1e-5)
    if name == "vae":
        np.testing.assert_allclose(export.invert(pictures), preset.invert(pictures), atol=1e-4)
        return
    with pytest.raises(UserError, match="no encoder, and no model to take gradients of"):
        export.invert(pictures)


def test_what_a_conditional_model_needs(samplers):
    cgan, picture = zoo.load("cgan_digits"), np.zeros((2, 8, 8, 1))
    for call in (cgan.directions, lambda: cgan.invert(picture)):
        with pytest.raises(UserError, match="this model is conditional: say what"):
            call()
    with pytest.raises(UserError, match="under one condition: give one, not several"):
        cgan.directions(2, condition=[1, 2])
    with pytest.raises(UserError, match="3 conditions for 2 pictures: give one, or as many"):
        cgan.invert(picture, [1, 2, 3])
    with pytest.raises(UserError, match="takes no condition"):
        zoo.load("vae_digits").directions(2, condition=3)


@pytest.mark.parametrize(
    ("preset", "pictures", "sentence"),
    [
        ("vae_digits", np.zeros((7, 8, 1)), "draws gray pictures of 8x8"),
        ("wgan_digits", np.zeros((7, 8, 1)), "draws gray pictures of 8x8"),
        ("wgan_digits", np.full((8, 8, 1), 1.5), r"values lie in \[0, 1\]"),
        ("wgan_digits", np.full((8, 8, 1), np.nan), r"values lie in \[0, 1\]"),
        ("pixelcnn_digits", np.zeros((8, 8, 1)), "has no latents to find a picture's"),
    ],
)
def test_pictures_that_cannot_be_inverted(preset, pictures, sentence):
    with pytest.raises(UserError, match=sentence):
        zoo.load(preset).invert(pictures)


def test_points_are_not_inverted():
    one = Linear(np.zeros((9, 2)), PRIOR)
    with pytest.raises(UserError, match="only pictures are inverted, and this model draws points"):
        one.invert(np.zeros((1, 2)))


# --- the command ---------------------------------------------------------------------------------


def side(path):
    return Image.open(path).size


def test_sheets_and_arrays_from_the_command_line(digits, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", digits.examples("test", 10)[0])
    Image.fromarray(np.uint8(255 * digits.examples("test", 1)[0][0, ..., 0])).save("x.png")
    preset = zoo.load("vae_digits")
    for words, array, said in (
        (["--invert=x.npy"], preset.invert(np.load("x.npy")), "by the encoder: root mean square"),
        (["--arithmetic=1,2-3+4"], preset.arithmetic("1,2-3+4"), "mean of 2 - mean of 1 + mean of"),
        (["--directions=3"], preset.directions(3)[0], "shares of all change, in %: "),
        (["--truncation=0.5", "--num=3"], preset.truncated(0.5).sample(3), "3 pictures"),
    ):
        zoo.sample.main(["--run=vae_digits", *words, "--out=a.npy"])
        assert said in capsys.readouterr().out
        np.testing.assert_allclose(np.load("a.npy"), array, atol=1e-5)
    for words in (["--arithmetic=1,2-3+4"], ["--directions=3"]):
        zoo.sample.main(["--run=vae_digits", *words, "--out=a.png"])
        assert side("a.png")[0] > 400
    zoo.sample.main(["--run=vae_digits", "--invert=x.png", "--out=one.png"])
    assert side("one.png")[1] > 1.9 * side("one.png")[0]  # the picture above its reconstruction


def test_the_sheet_of_a_sum():
    preset = zoo.load("vae_digits")
    asked = modes.Asked(num=64, seed=2, mode="arithmetic", value="1,2,3-4,5,6+7,8,9")
    shown = modes.drawn(preset, asked)
    cells = shown.x.reshape(4, 7, 8, 8, 1)
    x = preset.sample(10, 2)
    np.testing.assert_allclose(cells[:3, 0], x[1:4], atol=1e-5)
    np.testing.assert_allclose(cells[:3, 2], x[7:], atol=1e-5)
    mean = preset.generate(preset.latents(10, 2)[4:7].mean(axis=0, keepdims=True))
    np.testing.assert_allclose(cells[3, 1], mean[0], atol=1e-5)
    np.testing.assert_allclose(cells[1, 5], preset.generate(shown.array)[0], atol=1e-5)
    assert (cells[:, 3] == 1).all()
    assert (cells[3, 4:] == 1).all()


def test_a_condition_on_the_command_line(tmp_path):
    out = tmp_path / "x.npy"
    words = ["--run=cgan_digits", "--directions=2", f"--out={out}"]
    zoo.sample.main([*words, "--label=3"])
    found = np.load(out)
    assert found.shape == (2, zoo.load("cgan_digits").latent)
    assert not found[:, 100:].any()  # dropout's numbers
    with pytest.raises(UserError, match="this model is conditional"):
        zoo.sample.main(words)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--directions=2 --interpolate", "give one of --interpolate and --directions, not both"),
        ("--invert=no.png", "'no.png' cannot be read"),
        ("--invert=small.npy", "draws gray pictures of 8x8"),
        ("--invert=good.npy --num=3", "--num has no meaning with --invert: leave it out"),
        ("--invert=good.npy --truncation=0.5", "--truncation has no meaning with --invert"),
        ("--directions=3 --num=4", "--num has no meaning with --directions"),
        ("--directions=21", "have 20 directions, and 21 are asked for"),
        ("--directions=0", "--directions=0"),
        ("--arithmetic=1,2", "adds groups of places"),
        ("--arithmetic=1-9 --num=8", "9 is not one of the 8 latents"),
        ("--truncation=3", "--truncation=3"),
        ("--directions=2 --out=x.txt", "--directions makes a sheet or an array"),
        ("--directions=2 --size=20", "--size, --window and --zoom draw samples"),
        ("--run=pixelcnn_digits --directions=2", "no latents to find directions among"),
        ("--run=pixelcnn_digits --truncation=0.5", "no latents to truncate"),
        ("--run=pixelcnn_digits --arithmetic=1-2", "no latents to add"),
    ],
)
def test_bad_calls_get_one_sentence(words, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("small.npy", np.zeros((7, 8, 1)))
    np.save("good.npy", np.zeros((8, 8, 1)))
    before = sorted(tmp_path.iterdir())
    words = words.split()
    if not words[0].startswith("--run"):
        words = ["--run=vae_digits", *words]
    with pytest.raises(UserError, match=re.escape(sentence)) as caught:
        zoo.sample.main(words)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.slow
def test_the_pictures_of_the_page_are_drawn_by_the_commands_beside_them(tmp_path):
    """All but the inversion, which needs MNIST."""
    page = (ROOT / "docs" / "sampling.md").read_text()
    commands = re.findall(r"^    python -m zoo\.sample (.*) --out=(docs/\w+\.png)$", page, re.M)
    drawn = {out: words.split() for words, out in commands if "--invert" not in words}
    assert len(drawn) == 3
    for out, words in drawn.items():
        zoo.sample.main([*words, f"--out={tmp_path / 'x.png'}"])
        one, other = (
            np.asarray(Image.open(path), int) for path in (tmp_path / "x.png", ROOT / out)
        )
        assert np.abs(one - other).mean() < 1, out  # of 255, on any machine


@pytest.mark.slow
def test_a_preset_of_mnist_draws_its_own_samples_again():
    preset = zoo.load("dcgan_mnist")
    pictures = preset.sample(8, seed=123)
    found = preset.invert(pictures)
    errors = inversion.errors(preset.generate(found), pictures)
    assert errors.max() < 0.04  # at the starts 0.3
    assert np.median(errors) < 0.02
    assert found.tobytes() == preset.invert(pictures).tobytes()
    _, shares = preset.directions(32)
    assert shares[:8].sum() > 0.8  # of 32, where all would be alike 0.25
