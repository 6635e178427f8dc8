"""`names`, `build`, `load`, and the time that the light commands take."""

import subprocess
import sys
import time

import numpy as np
import pytest

import zoo
from tests.selection import EXPORTED, FAMILIES, fast_first
from zoo.config import UserError


def test_build_gives_a_compiled_model_that_fits(digits):
    model = zoo.build("gan", dataset="digits", latent=16, seed=3)
    assert model.config.latent == 16
    model.fit(digits.train(100), steps_per_epoch=3, verbose=0, shuffle=False)
    assert model.sample(2).shape == (2, 8, 8, 1)
    assert model(np.zeros((5, 16), np.float32)).shape == (5, 8, 8, 1)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: zoo.build("gann"), "unknown model 'gann': did you mean 'gan'?"),
        (lambda: zoo.build("gan", dataset="digit"), "unknown dataset 'digit': did you mean"),
        (lambda: zoo.build("vae", decay="linear"), "decay=linear takes the rate to 0"),
        (
            lambda: zoo.build("gan", optimizer="paper_sgd", decay="linear"),
            "paper_sgd has a schedule",
        ),
        (lambda: zoo.build("gan", latnt=3), "unknown setting 'latnt': did you mean 'latent'?"),
        (lambda: zoo.build("gan", latent="x"), "latent must be a whole number, and 'x' is not."),
        (
            lambda: zoo.load("/nowhere"),
            "'/nowhere' is neither a run directory nor an export",
        ),
    ],
)
def test_wrong_calls_get_one_sentence(call, sentence):
    with pytest.raises(UserError) as caught:
        call()
    assert str(caught.value).startswith(sentence)


# A condition of 10, for a model that takes none and for one that takes one of ten digits.
REFUSED = ("this model takes no condition", "label 10 is not one of the 10 classes: give 0 to 9")


@pytest.mark.parametrize("model", fast_first(EXPORTED, FAMILIES))
def test_load_samples_a_run(model, runs):
    sampler = zoo.load(runs(model))
    images = sampler.sample(5, seed=7)
    assert images.shape == (5, *sampler.data_spec.shape)
    np.testing.assert_allclose(images[:2], sampler.sample(2, seed=7), atol=1e-6)
    np.testing.assert_allclose(sampler.model.sample(5, 7, sampler.given), images, atol=1e-6)
    for call, sentence in (
        (lambda: sampler.sample(0), "num must be a positive whole number"),
        (lambda: sampler.sample(2, seed=2**31), "seed must be a whole number of 32 bits"),
        (lambda: sampler.sample(2, condition=10), REFUSED[sampler.given is not None]),
        (lambda: sampler.generate(np.zeros((2, 3))), "latents must be [B, "),
    ):
        with pytest.raises(UserError) as caught:
            call()
        assert str(caught.value).startswith(sentence)


@pytest.mark.parametrize(
    "words", [["-c", "import zoo"], ["-m", "zoo.list"], ["-m", "zoo.train", "--help"]]
)
def test_light_commands_import_no_tensorflow(words):
    # The point is the time, under a second; what decides it is checked here without a clock.
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *words], capture_output=True, text=True, check=False
    )
    print(f"{words}: {time.monotonic() - begun:.2f} s")
    assert done.returncode == 0, done.stderr
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "zoo" in imported
    assert not imported & {"tensorflow", "keras", "matplotlib", "sklearn", "numpy"}
