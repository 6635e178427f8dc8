"""Recipes are complete and valid; the one of `make train` draws digits."""

import pytest

import zoo
from tests.digits_classifier import judge
from zoo import recipes, registry
from zoo.config import UserError, override
from zoo.data.spec import DataOptions


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
def test_make_train_draws_digits(command, tmp_path):
    run = tmp_path / "first"
    done = command("train", "--recipe=first", f"--run={run}")
    assert done.returncode == 0, done.stderr
    share, counts = judge(zoo.load(run).sample(1000, seed=0))
    print(f"sure of {share:.3f} of 1,000 pictures; of each digit {counts.tolist()}")
    assert share > 0.8
    assert (counts > 0).all()
