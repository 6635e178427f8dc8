"""Recipes of the embedded 8x8 digits: seconds to minutes, and no download."""

from zoo.recipes.recipe import Recipe


def _digits(model, steps, figure, bound, least=None, **config):
    """The recipe of a model's released generator: minutes on two cores."""
    return Recipe(
        about=f"the released {model} in exports/: 8x8 digits, a small network",
        model=model,
        dataset="digits",
        steps=steps,
        config=config,
        at_most={figure: bound},
        at_least=least or {},
    )


def _measured(model, steps, **config):
    """The recipe of a small run on the embedded digits, a few minutes, that is not released."""
    return Recipe(
        about=f"a small {model} of 8x8 digits, a few minutes on one core; not released",
        model=model,
        dataset="digits",
        steps=steps,
        config={"ema": 0.999, "decay": "linear", **config},
    )


def _digits_pixelrnn(model, steps, bound, **config):
    return _digits(model, steps, "bits_per_dim", bound, ema=0.995, decay="linear", **config)


RECIPES = {
    "first": Recipe(
        about="what `make train` runs: digits from a GAN in less than a minute",
        model="gan",
        dataset="digits",
        steps=6_000,
        config={"batch_size": 50, "learning_rate": 2e-3, "ema": 0.999, "decay": "linear"},
    ),
    "gan_digits": _digits(
        "gan", 30_000, "frechet", 0.1, hidden=(600, 600), learning_rate=5e-4, ema=0.999
    ),
    "cgan_digits": _digits(
        "cgan",
        8_000,
        "frechet",
        0.06,
        {"accuracy": 0.9, "spread": 0.5},
        hidden_z=100,
        hidden_y=100,
        hidden_joint=600,
        ema=0.999,
    ),
    "dcgan_digits": _digits("dcgan", 6_000, "frechet", 0.1, ema=0.999),
    "wgan_digits": _digits("wgan", 15_000, "frechet", 0.1, learning_rate=3e-4, ema=0.999),
    "wgan_gp_digits": _digits("wgan_gp", 15_000, "frechet", 0.1, learning_rate=5e-4, ema=0.999),
    "vae_digits": _digits(
        "vae", 20_000, "frechet", 0.3, optimizer="adam", learning_rate=1e-3, ema=0.999
    ),
    "pixelcnn_digits": _digits_pixelrnn("pixelcnn", 2_500, 1.88, blocks=3),
    "row_lstm_digits": _digits_pixelrnn("row_lstm", 3_000, 1.88, blocks=2),
    "diagonal_bilstm_digits": _digits_pixelrnn("diagonal_bilstm", 3_000, 1.88),
    "multi_scale_digits": _digits_pixelrnn(
        "multi_scale", 4_000, 2.1, network="pixelcnn", channels=24, blocks=3
    ),
    "acgan_digits": _measured(
        "acgan", 4_000, batch_size=64, d_channels=8, dropout=0.2, learning_rate=5e-4
    ),
    # With γ at 0.9 it draws fewer and fewer kinds of digits, from some thousand steps on.
    "began_digits": _measured(
        "began",
        3_000,
        batch_size=32,
        channels=16,
        latent=16,
        gamma=1.0,
        lambda_k=0.01,
        learning_rate=3e-4,
    ),
    "cvae_digits": _measured(
        "cvae", 10_000, batch_size=100, latent=32, optimizer="adam", learning_rate=1e-3
    ),
    "dragan_digits": _measured("dragan", 12_000, hidden=(256,), batch_size=64, learning_rate=1e-3),
    "ebgan_digits": _measured("ebgan", 6_000, batch_size=64, hidden=(400, 400), d_hidden=(512,)),
    "infogan_digits": _measured(
        "infogan",
        6_000,
        batch_size=64,
        channels=32,
        learning_rate=4e-4,
        generator_learning_rate=2e-3,
    ),
    "lsgan_digits": _measured("lsgan", 12_000, batch_size=64),
    "sngan_digits": _measured("sngan", 6_000, batch_size=64, d_channels=128, learning_rate=1e-3),
}
