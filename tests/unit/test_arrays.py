"""`fit` and `evaluate` on a caller's own arrays: what is wrong with the first batch is said."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.config import UserError

SMALL = {
    "vae": {"hidden": (4,), "latent": 2},
    "cgan": {},
    "wgan": {},
    "dcgan": {"channels": 4},
    "pixelcnn": {"channels": 2, "blocks": 1, "ends": 2},
}


@pytest.fixture(scope="module")
def build():
    """model, options -> (the model, its data), made once."""
    made = {}

    def get(name, dataset="digits", **options):
        key = name, dataset, *options.items()
        if key not in made:
            data = zoo.load_data(name, dataset, **options)
            made[key] = zoo.build(name, dataset=data, **SMALL[name]), data
        return made[key]

    return get


class Sequence(keras.utils.PyDataset):
    def __init__(self, *arrays):
        super().__init__()
        self.arrays = arrays

    def __len__(self):
        return 1

    def __getitem__(self, _):
        return self.arrays


WAYS = {
    "array": lambda *arrays: arrays,
    "tensor": lambda *arrays: tuple(map(tf.constant, arrays)),
    "dataset": lambda *arrays: (tf.data.Dataset.from_tensors(arrays),),
    "generator": lambda *arrays: ((arrays for _ in range(1)),),
    "sequence": lambda *arrays: (Sequence(*arrays),),
}


def refusal(verb, *given, **words):
    with pytest.raises(UserError) as caught:
        verb(*given, verbose=0, **words)
    return str(caught.value)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("verb", ["fit", "evaluate"])
def test_pictures_in_0_to_255_are_refused_in_whatever_they_come(build, verb, way):
    model, data = build("vae")
    x = data.examples("train", 32)[0] * 255
    before = int(model.step.numpy())
    said = refusal(getattr(model, verb), *WAYS[way](x))
    assert said == "x lies in [0, 255] and this model trains on [0, 1]: pass x / 255."
    assert int(model.step.numpy()) == before


@pytest.mark.parametrize("way", WAYS)
def test_right_ones_train_and_none_of_a_generator_is_lost(build, way):
    model, data = build("vae")
    x = data.examples("train", 32)[0]
    before = int(model.step.numpy())
    model.fit(*WAYS[way](x), verbose=0)
    assert int(model.step.numpy()) == before + 1
    assert np.isfinite(model.evaluate(*WAYS[way](x), verbose=0, return_dict=True)["elbo"])


UNIT, SYMMETRIC = (f"and this model trains on {range_}:" for range_ in ("[0, 1]", "[-1, 1]"))


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("vae", lambda x: x * 2 - 1, f"x lies in [-1, 1] {UNIT} pass (x + 1) / 2."),
        ("vae", lambda x: x * 1000, f"x lies in [0, 1000] {UNIT} scale it into that range."),
        ("vae", lambda x: np.uint8(x * 255), "x lies in [0, 255]"),
        ("vae", lambda x: x[..., 0], "x is [32, 8, 8]: this model takes [N, 8, 8, 1]."),
        ("vae", lambda x: x.repeat(2, axis=1), "x is [32, 16, 8, 1]: this model takes"),
        ("vae", lambda x: np.where(x > 0.9, np.nan, x), "x contains NaN or infinity"),
        ("vae", lambda x: np.where(x > 0.9, -np.inf, x), "x contains NaN or infinity"),
        ("dcgan", lambda x: x, f"x lies in [0, 1] {SYMMETRIC} pass 2 * x - 1."),
        ("dcgan", lambda x: x * 255, f"x lies in [0, 255] {SYMMETRIC} pass x / 127.5 - 1."),
        ("pixelcnn", lambda x: x, f"x lies in [0, 1] {SYMMETRIC} pass 2 * x - 1."),
        ("pixelcnn", lambda x: (x * 2 - 1) * 0.97, "x lies between the 17 levels that this model "
         "draws: round its gray values to multiples of 1/16."),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_what_to_do(build, name, change, said):
    model, data = build(name)
    assert refusal(model.fit, change(data.examples("train", 32)[0])).startswith(said)


@pytest.mark.parametrize(("label", "verb"), [(10, "fit"), (-1, "fit"), (10, "evaluate")])
def test_labels_outside_of_the_classes_are_refused(build, label, verb):
    model, data = build("cgan", condition="label")
    x, _, labels = data.examples("train", 32)
    labels[5] = label
    said = f"label {label} is none of the 10 classes: give 0 to 9."
    assert refusal(getattr(model, verb), x, labels) == said


def test_a_vector_of_nan_is_refused(build):
    model, data = build("cgan", condition="image", target="name")
    x, y, _ = data.examples("train", 32)
    y[3, 3] = np.nan
    assert refusal(model.fit, x, y).startswith("y contains NaN or infinity")


def test_labels_of_an_unconditional_model_do_not_matter(build):
    model, data = build("vae")
    x = data.examples("train", 32)[0]
    model.fit(x, np.full(32, 99), verbose=0)


def test_validation_data_is_checked_too(build):
    model, data = build("vae")
    x = data.examples("train", 32)[0]
    said = refusal(model.fit, x, validation_data=(x * 255, None))
    assert said.startswith("x lies in [0, 255]")


def test_points_have_no_range_and_no_nan(build):
    model, _ = build("wgan", "gaussians8")
    k = model.updates_per_step
    x = np.full((4, k, 2), 40, np.float32)
    model.fit(x, batch_size=4, verbose=0)
    x[0, 0, 0] = np.nan
    assert refusal(model.fit, x, batch_size=4).startswith("x contains NaN")
    assert (
        refusal(model.fit, x[..., :1])
        == f"x is [4, {k}, 1]: this model takes [N, 2] or [N, {k}, 2]."
    )


@pytest.mark.parametrize("verb", ["fit", "evaluate"])
def test_streams_of_ours_are_not_looked_at(build, monkeypatch, verb):
    model, data = build("vae")
    monkeypatch.setattr("zoo.training.arrays._check_examples", lambda *_: pytest.fail("looked"))
    getattr(model, verb)(data.evaluation("test", 100), verbose=0)
