"""Recipes are complete and valid; the one of `make train` draws digits."""

import pytest

import zoo
from zoo import recipes, registry
from zoo.config import UserError, override
from zoo.data.spec import DataOptions
from zoo.metrics import evaluation


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_settings_are_valid(name):
    recipe = recipes.recipe(name)
    override(registry.module(recipe.model).Config(), recipe.config)
    override(DataOptions(), recipe.data)
    assert recipe.about


def test_unknown_recipe():
    with pytest.raises(UserError, match="did you mean 'first'"):
        recipes.recipe("frist")


@pytest.mark.slow
@pytest.mark.minutes
def test_make_train_draws_digits(command, digits, tmp_path):
    run = tmp_path / "first"
    done = command("train", "--recipe=first", f"--run={run}")
    assert done.returncode == 0, done.stderr
    judge = evaluation.judge(digits, "test", 297)
    found = judge.of(zoo.load(run).sample(297, seed=0), None)
    print({name: (round(value, 4), round(judge.real[name], 4)) for name, value in found.items()})
    assert found["frechet"] < 0.2
    assert found["precision"] > 0.6
    assert found["coverage"] > 0.4
    assert found["score"] > 8
