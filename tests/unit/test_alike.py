"""Runs that are evaluated together differ in their training seed alone."""

import copy
import pathlib
import types

import pytest

from zoo.config import UserError
from zoo.runs import alike

FACTS = {
    "model": "vae",
    "config": {"seed": 0, "latent": 20},
    "data": {"binarize": "static"},
    "data_spec": {"name": "digits"},
    "steps": 100,
    "stretches": [{"from_step": 0}],
}


def run(name, seed, **changes):
    facts = copy.deepcopy(FACTS)
    facts["config"]["seed"] = seed
    for key, value in changes.items():
        part, _, inner = key.partition("__")
        if inner:
            facts[part][inner] = value
        else:
            facts[part] = value
    return types.SimpleNamespace(path=pathlib.Path(name), facts=facts)


def test_seeds_and_stretches_may_differ():
    alike.check([run("a", 0), run("b", 1, stretches=[]), run("c", 2)])


def test_an_option_newer_than_a_run_has_its_default():
    alike.check([run("a", 0), run("b", 1, data__visible=0, data_spec__visible=0)])
    alike.check([run("a", 0), run("b", 1, config__hidden=[500])])
    with pytest.raises(UserError, match=r"data.visible=0 and 'b' has data.visible=1"):
        alike.check([run("a", 0), run("b", 1, data__visible=1)])


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (run("b", 0), "'a' and 'b' were both trained with seed 0"),
        (run("b", 0, model="gan"), "'a' has model=vae and 'b' has model=gan"),
        (run("b", 1, config__latent=10), "config.latent=20 and 'b' has config.latent=10"),
        (run("b", 1, data__binarize="none"), "data.binarize=static .* data.binarize=none"),
        (run("b", 1, steps=200), "steps=100 and 'b' has steps=200: .* in their seed alone"),
        (run("b", 1, trained_steps=50), "trained_steps=None and 'b' has trained_steps=50"),
        (run("b", 1, jit=True), "jit=None and 'b' has jit=True"),
    ],
)
def test_anything_else_is_named(other, said):
    with pytest.raises(UserError, match=said):
        alike.check([run("a", 0), run("c", 5), other])
