"""Recipes of small generators of MNIST, of some 130,000 weights: their presets and exports stay in
version control."""

from zoo.recipes.recipe import STATIC, Recipe


def _mnist(model, steps, bound, least=None, int8=True, **config):
    """The recipe of a small generator of MNIST, to be released."""
    return Recipe(
        about=f"a small {model} of MNIST, minutes: relative Fréchet distance of 10,000 samples at "
        f"most {bound}",
        model=model,
        dataset="mnist",
        steps=steps,
        config={"ema": 0.999, "decay": "linear", **config},
        at_most={"frechet": bound},
        at_least=least or {},
        int8=int8,
    )


RECIPES = {
    "gan_mnist": _mnist(
        "gan",
        60_000,
        0.4,
        hidden=(128, 128),
        maxout=(100, 100),
        pieces=3,
        latent=50,
        learning_rate=5e-4,
    ),
    "cgan_mnist": _mnist(
        "cgan",
        50_000,
        0.12,
        {"accuracy": 0.85, "spread": 0.8},
        int8=False,
        optimizer="adam",
        hidden_z=64,
        hidden_y=64,
        hidden_joint=160,
        maxout_x=80,
        maxout_y=20,
        maxout_joint=80,
        latent=50,
        learning_rate=5e-4,
    ),
    "dcgan_mnist": _mnist(
        "dcgan", 20_000, 0.12, batch_size=64, learning_rate=5e-4, latent=32, channels=32
    ),
    "wgan_mnist": _mnist("wgan", 40_000, 0.5, hidden=(160, 160), latent=50, learning_rate=3e-4),
    "wgan_gp_mnist": _mnist(
        "wgan_gp",
        4_000,
        0.12,
        network="dcgan",
        batch_size=64,
        latent=32,
        channels=64,
        n_critic=2,
        learning_rate=1e-3,
    ),
    "vae_mnist": _mnist(
        "vae",
        28_000,
        0.4,
        network="conv",
        channels=20,
        latent=16,
        optimizer="adam",
        learning_rate=2e-3,
    ),
    "pixelcnn_mnist_short": Recipe(
        about="pixelcnn_mnist in half an hour on one core, with a rate that falls to 0, to be "
        "released: at most 90 nats on the held-out pictures",
        model="pixelcnn",
        dataset="mnist",
        steps=14_500,
        config={"optimizer": "adam", "learning_rate": 3e-3, "decay": "linear"},
        data=STATIC,
        at_most={"nll": 90.0},
    ),
}
