"""Named runs: model, data and settings, with what each reproduces and costs.

`about` says what a recipe reproduces and where it differs; a paper's figure in it is the paper's.
"""

import dataclasses

from zoo.config import UserError, nearest


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One published or recommended run.

    Attributes:
        about: what it reproduces, and where it differs.
        model, dataset: names.
        steps: training steps.
        config, data: settings over the model's and `DataOptions`' defaults.
    """

    about: str
    model: str
    dataset: str
    steps: int
    config: dict = dataclasses.field(default_factory=dict)
    data: dict = dataclasses.field(default_factory=dict)


RECIPES = {
    "first": Recipe(
        about="what `make train` runs: digits from a GAN in about two minutes",
        model="gan",
        dataset="digits",
        steps=30_000,
        config={"learning_rate": 5e-4, "ema": 0.999},
    ),
    "gan_mnist_paper": Recipe(
        about="the GAN authors' momentum SGD for MNIST, 250 epochs of 50,000 pictures; our initial "
        "weights where their code draws within 0.05 and 0.005",
        model="gan",
        dataset="mnist",
        steps=125_000,
        config={"optimizer": "paper_sgd", "learning_rate": 0.1},
        data={"holdout": 10_000},
    ),
    "vae_mnist_iwae": Recipe(
        about="the VAE of the IWAE paper (1509.00519: 86.76 nats at k = 5000): 2x200 tanh, "
        "50 latents, binarised anew each epoch; one rate where the paper lowers it; hours",
        model="vae",
        dataset="mnist",
        steps=1_000_000,
        config={
            "batch_size": 20,
            "hidden": (200, 200),
            "latent": 50,
            "optimizer": "adam",
            "learning_rate": 1e-3,
        },
        data={"binarise": "dynamic"},
    ),
}


def recipe(name):
    """Returns a recipe; raises `UserError` naming the nearest for an unknown name."""
    if name not in RECIPES:
        raise UserError(f"unknown recipe {name!r}: {nearest(name, RECIPES)}.")
    return RECIPES[name]
