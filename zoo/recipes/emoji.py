"""Recipes in color, of pictures that anybody can fetch: see `tools/emoji.py`."""

from zoo.recipes.recipe import Recipe


def _emoji(model, steps, **config):
    return Recipe(
        about=f"a small {model} of Google's emoji, 32x32 in color, less than an hour on one core; "
        "python -m tools.emoji makes the folder `emoji`",
        model=model,
        dataset="folder:emoji",
        steps=steps,
        config={"batch_size": 64, "latent": 64, "ema": 0.999, "decay": "linear", **config},
        data={"image_size": 32},
    )


RECIPES = {
    "dcgan_emoji": _emoji(
        "dcgan",
        16_000,
        channels=24,
        learning_rate=5e-4,
    ),
    "wgan_gp_emoji": _emoji(
        "wgan_gp",
        5_000,
        network="dcgan",
        channels=64,
        n_critic=2,
        learning_rate=1e-3,
    ),
}
