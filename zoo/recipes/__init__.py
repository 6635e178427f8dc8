"""Named runs: model, data and settings, with the aim of each.

`about` says what a recipe reproduces or aims at, and where it differs; a paper's figure in it is
the paper's.  What a run of a recipe has measured, and its cost, are in the checkout's results/, in
NAME.json, which `zoo.evaluate --out` writes.  A recipe without that file has not been measured.
"""

from zoo.config import UserError, nearest
from zoo.recipes import digits, emoji, mnist, papers
from zoo.recipes.recipe import Recipe

__all__ = ["RECIPES", "Recipe", "recipe", "released"]

# MNIST last: of several recipes of a model with a bound, `released` takes the last.
RECIPES = papers.RECIPES | emoji.RECIPES | digits.RECIPES | mnist.RECIPES


def released():
    """Returns the names of the recipes whose generators are released: of each model the last one
    that has a bound."""
    last = {one.model: name for name, one in RECIPES.items() if one.at_most or one.at_least}
    return list(last.values())


def recipe(name):
    """Returns a recipe; raises `UserError` naming the nearest for an unknown name."""
    if name not in RECIPES:
        raise UserError(f"unknown recipe {name!r}: {nearest(name, RECIPES)}.")
    return RECIPES[name]
