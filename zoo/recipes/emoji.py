"""A recipe in color, of pictures that anybody can fetch: see `tools/emoji.py`."""

from zoo.recipes.recipe import Recipe

RECIPES = {
    "dcgan_emoji": Recipe(
        about="a small dcgan of Google's emoji in 32x32 and color, less than an hour on one core; "
        "python -m tools.emoji makes the folder `emoji`",
        model="dcgan",
        dataset="folder:emoji",
        steps=16_000,
        config={
            "batch_size": 64,
            "learning_rate": 5e-4,
            "latent": 64,
            "channels": 24,
            "ema": 0.999,
            "decay": "linear",
        },
        data={"image_size": 32},
    ),
}
