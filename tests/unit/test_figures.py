"""Which figures a run permits, and that each figure of pictures moves as its paper says."""

import dataclasses

import numpy as np
import pytest

import zoo
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.metrics import evaluation, figures, pictures

DIGITS = DataSpec("digits", (8, 8, 1), classes=10)
LABELED = dataclasses.replace(DIGITS, condition="label", condition_shape=(10,))
SPELLED = dataclasses.replace(LABELED, shape=(5, 27))
FACES = DataSpec("faces", (8, 8, 3))
RING, CLOUD = (DataSpec(name, (2,)) for name in ("gaussians8", "cloud"))


@pytest.mark.parametrize(
    ("spec", "num", "pixelwise", "permitted"),
    [
        (DIGITS, 6, False, figures.PICTURES),
        # A ball reaches to the 5th other example.
        (DIGITS, 5, False, ("frechet", "kernel", "score")),
        (LABELED, 6, False, (*figures.PICTURES, "accuracy")),
        (LABELED, 20, False, (*figures.PICTURES, "accuracy", "spread")),
        (LABELED, 1279, False, (*figures.PICTURES, "accuracy", "spread")),
        (LABELED, 1300, False, (*figures.PICTURES, "accuracy", "spread", "frechet_per_class")),
        (DIGITS, 6, True, (*figures.PICTURES, "nll", "bits_per_dim")),
        (FACES, 6, True, ("nll", "bits_per_dim")),
        (SPELLED, 6, False, ("right",)),
        (RING, 6, False, ("modes", "good", "kl")),
        (DataSpec("swiss_roll", (2,)), 6, False, ("near",)),
    ],
)
def test_all_that_is_permitted_is_the_default(spec, num, pixelwise, permitted):
    assert figures.chosen(spec, num, pixelwise) == permitted
    assert figures.chosen(spec, num, pixelwise, [permitted[-1]]) == permitted[-1:]
    assert set(permitted) <= set(figures.ALL)


@pytest.mark.parametrize(
    ("spec", "num", "names", "said"),
    [
        (DIGITS, 6, ["coverages"], "unknown figure 'coverages': did you mean 'coverage'"),
        (DIGITS, 6, ["nll"], "'nll' needs a model that draws pixel by pixel"),
        (DIGITS, 6, ["accuracy"], "'accuracy' needs a model that is given a class"),
        (DIGITS, 5, ["recall"], "'recall' needs more than 5 examples on each side"),
        (DIGITS, 900, ["spread"], "'spread' needs a model that is given a class"),
        (LABELED, 19, ["spread"], "'spread' needs 2 pictures of each class"),
        (LABELED, 297, ["frechet_per_class"], "130 pictures of each class .* 297 of 10 classes"),
        (DIGITS, 6, ["bound"], "'bound' needs a model that bounds a likelihood, such as vae"),
        (RING, 6, ["parzen"], "'parzen' is no figure of the data 'gaussians8'"),
        (DIGITS, 6, ["modes"], "'modes' is no figure of the data 'digits'.*frechet, kernel"),
        (FACES, 6, ["frechet"], "'frechet' needs pictures with labels of at least 2 classes"),
        (RING, 6, ["good", "goo"], "unknown figure 'goo': did you mean 'good'"),
        (RING, 6, ["near"], "'near' is no figure of the data 'gaussians8'.*modes, good, kl"),
        (FACES, 6, None, "there is no figure for 'faces': pictures need labels"),
        (CLOUD, 6, None, "there is no figure for 'cloud': .* gaussians8, gaussians25, swiss_roll"),
    ],
)
def test_what_is_not_permitted_is_refused(spec, num, names, said):
    with pytest.raises(UserError, match=said):
        figures.chosen(spec, num, pixelwise=False, names=names)


def test_a_bound_is_a_default_and_a_parzen_window_is_not():
    assert figures.chosen(DIGITS, 6, False, bounded=True) == (*figures.PICTURES, "bound")
    assert figures.chosen(DIGITS, 6, False, ["parzen", "frechet"]) == ("frechet", "parzen")
    assert figures.chosen(FACES, 6, False, ["parzen"]) == ("parzen",)  # it needs no labels
    assert figures.chosen(FACES, 6, False, bounded=True) == ("bound",)


def test_the_judge_takes_what_is_asked_for(digits, monkeypatch):
    def not_asked(*_):
        raise AssertionError("was not asked for")

    monkeypatch.setattr(pictures.prdc, "prdc", not_asked)
    monkeypatch.setattr(pictures.frechet, "relative", not_asked)
    monkeypatch.setattr(pictures.score, "classifier_score", not_asked)
    judge = evaluation.judge(digits, "test", 50, ["kernel"])
    assert set(judge.real) == set(judge.counts) == {"kernel"}
    assert set(judge.of(digits.examples("train", 50)[0], None)) == {"kernel"}
    plane = evaluation.judge(zoo.load_data("wgan", "gaussians8"), "test", 50, ["kl"])
    assert set(plane.real) == set(plane.counts) == {"kl"}
    assert figures.quick(LABELED, 50) == ("frechet", "score", "accuracy")
    assert figures.quick(RING, 50) == ("modes", "good", "kl")


@pytest.fixture(scope="module")
def table(digits):
    """kind of pictures -> its figures, of 297 pictures; the floor is that of 297 others.

    Of a missing class and of a repeated picture they are means over the 10 classes.
    """
    judge = evaluation.judge(digits, "test", 297)
    images, _, labels = digits.examples("train")
    random, real = np.random.RandomState(1), images[:297]
    padded = np.pad(real, ((0, 0), (1, 1), (1, 1), (0, 0)))
    blurred = sum(padded[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)) / 9
    found = {
        "floor": judge.real,
        "real": judge.of(real, None),
        "noise": judge.of(random.rand(297, 8, 8, 1).astype(np.float32), None),
        "blurred": judge.of(blurred, None),
    }
    missing, repeated = [], []
    for label in range(10):
        others = np.flatnonzero(labels != label)
        missing.append(judge.of(images[random.choice(others, 297, replace=False)], None))
        repeated.append(judge.of(np.repeat(images[labels == label][:1], 297, axis=0), None))
    for kind, each in (("one class missing", missing), ("one picture repeated", repeated)):
        found[kind] = {name: np.mean([one[name] for one in each]) for name in judge.real}
    print("\n" + " " * 22 + "".join(f"{name:>11}" for name in judge.real))
    for kind, row in found.items():
        print(f"{kind:22}" + "".join(f"{row[name]:11.4f}" for name in row))
    return found


def test_each_figure_of_pictures_moves_as_its_paper_says(table):
    floor, real, noise, blurred = (table[k] for k in ("floor", "real", "noise", "blurred"))
    missing, repeated = table["one class missing"], table["one picture repeated"]

    # Real pictures are what the floor says.
    for name in figures.NEIGHBORS:
        assert abs(real[name] - floor[name]) < 0.06
        assert real[name] > 0.9
    assert real["coverage"] == pytest.approx(1 - 1 / 2**5, abs=0.04)
    assert abs(real["kernel"]) < missing["kernel"]  # it is unbiased, and may be below 0
    assert real["score"] == pytest.approx(floor["score"], abs=0.3)

    # Both distances see everything, and more of what is worse.
    for name in ("frechet", "kernel"):
        assert 1.5 * max(real[name], floor[name]) < missing[name]
        assert 4 * missing[name] < min(noise[name], blurred[name])
        assert 1.1 * max(noise[name], blurred[name]) < repeated[name]

    # A missing class is recall and coverage, and leaves what is drawn as good as it was.
    for name in ("recall", "coverage"):
        assert real[name] - 0.15 < missing[name] < real[name] - 0.03
    for name in ("precision", "density"):
        assert abs(missing[name] - real[name]) < 0.08

    # One good picture again and again: precise, and nothing is covered.
    assert repeated["precision"] > 0.85
    assert repeated["density"] > 0.5
    assert repeated["recall"] < 0.01
    assert repeated["coverage"] < 0.05

    # Noise is bad by all four, and so is what is blurred.
    for bad in (noise, blurred):
        assert max(bad[name] for name in figures.NEIGHBORS) < 0.25
        assert bad["density"] < 0.05

    # The score counts classes: nearly 10, 9 and 1.  It is low where none is sure.
    assert real["score"] > 9.5
    assert 8.5 < missing["score"] < 9.2
    assert repeated["score"] == pytest.approx(1, abs=1e-6)
    assert noise["score"] < blurred["score"] < 6


def test_each_figure_is_told_of_as_it_is_done():
    features = np.random.RandomState(0).randn(2, 40, 5)
    told = []

    def tell(done, total):
        told.append((done, total))

    names = ("frechet", "precision", "coverage")
    judge = pictures.Judge(None, features[0], features[1], 40, names, tell)
    assert told == [(1, 3), (3, 3)]
    assert list(judge.of_features(features[1], tell)) == list(names)
    assert told == 2 * [(1, 3), (3, 3)]
