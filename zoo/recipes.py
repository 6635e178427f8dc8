"""Named runs: model, data and settings, with the aim of each.

`about` says what a recipe reproduces or aims at, and where it differs; a paper's figure in it is
the paper's.  What a run of a recipe has measured, and its cost, are in the checkout's results/, in
NAME.json, which `zoo.evaluate --out` writes.  A recipe without that file has not been measured.
"""

import dataclasses

from zoo.config import UserError, nearest


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One published or recommended run.

    Attributes:
        about: what it reproduces or aims at, and where it differs.
        model, dataset: names.
        steps: training steps.
        config, data: settings over the model's and `DataOptions`' defaults.
        at_most, at_least: figure of `zoo.evaluate` -> the bound that a release has to keep.
        int8: whether its released export has a file of int8 products, which not every generator
            survives.
    """

    about: str
    model: str
    dataset: str
    steps: int
    config: dict = dataclasses.field(default_factory=dict)
    data: dict = dataclasses.field(default_factory=dict)
    at_most: dict = dataclasses.field(default_factory=dict)
    at_least: dict = dataclasses.field(default_factory=dict)
    int8: bool = True


_GAUSSIANS = {"batch_size": 256, "latent": 2, "hidden": (128, 128, 128, 128), "ema": 0.999}
# The protocol of the papers' likelihoods: each pixel drawn once, 50,000 pictures to train on.
_STATIC = {"binarize": "static", "holdout": 10_000}
# Averaged weights need no falling rate, so such a run can be continued to any length.
_PIXELRNN = {"optimizer": "adam", "learning_rate": 1e-3, "ema": 0.9995}


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


def _digits_pixelrnn(model, steps, bound, **config):
    return _digits(model, steps, "bits_per_dim", bound, ema=0.995, decay="linear", **config)


RECIPES = {
    "first": Recipe(
        about="what `make train` runs: digits from a GAN in a minute or two",
        model="gan",
        dataset="digits",
        steps=12_000,
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
    "cgan_mnist_paper": Recipe(
        about="the CGAN authors' momentum SGD for MNIST; 100 epochs, a number that the paper "
        "does not give",
        model="cgan",
        dataset="mnist",
        steps=50_000,
        data={"holdout": 10_000},
    ),
    "wgan_gp_gaussians25": Recipe(
        about="all 25 Gaussians, over 95 % of points within 3σ (the data: 98.9): the WGAN-GP "
        "authors' toy setting (λ 0.1), narrower, faster, with a falling rate and averaged weights",
        model="wgan_gp",
        dataset="gaussians25",
        steps=50_000,
        config={**_GAUSSIANS, "penalty": 0.1, "learning_rate": 1e-3, "decay": "linear"},
    ),
    "wgan_gp_cifar10_label": Recipe(
        about="WGAN-GP's conditional ResNet, the authors' settings (Inception score 8.42 in the "
        "paper): G's batch twice the critic's, a falling rate, pixels dequantized; with "
        "--condition=none the unconditional one (7.86); days on two cores",
        model="wgan_gp",
        dataset="cifar10",
        steps=100_000,
        config={
            "network": "resnet",
            "generator_batch": 2,
            "learning_rate": 2e-4,
            "decay": "linear",
        },
        data={"condition": "label", "range": "symmetric", "dequantize": True},
    ),
    "wgan_gaussians25": Recipe(
        about="the clipping loop with the same networks and steps: fewer points within 3σ than "
        "with the penalty; c and the rate are ten times the paper's, whose values make this "
        "critic's gradient vanish",
        model="wgan",
        dataset="gaussians25",
        steps=50_000,
        config={**_GAUSSIANS, "clip": 0.1, "learning_rate": 5e-4},
    ),
    "gan_gaussians25": Recipe(
        about="the adversarial loop at about the same size and steps: it misses modes",
        model="gan",
        dataset="gaussians25",
        steps=50_000,
        config={**_GAUSSIANS, "maxout": (128, 128), "input_dropout": 0.0, "dropout": 0.0},
    ),
    "swiss_roll_clipping": Recipe(
        about="WGAN-GP's Figure 1b by the clipping loop: 12 ReLU layers; try --config.clip=0.1, "
        "0.01, 0.001, then zoo.diagnose",
        model="wgan",
        dataset="swiss_roll",
        steps=2_000,
        config={"latent": 2, "hidden": (256,) * 12},
    ),
    "swiss_roll_penalty": Recipe(
        about="WGAN-GP's Figure 1b by the penalty loop, to compare with swiss_roll_clipping",
        model="wgan_gp",
        dataset="swiss_roll",
        steps=2_000,
        config={"latent": 2, "hidden": (256,) * 12},
    ),
    "pixelcnn_mnist": Recipe(
        about="PixelCNN on statically binarized MNIST, 50,000 pictures (the paper: 81.30 nats on "
        "the test set); hours",
        model="pixelcnn",
        dataset="mnist",
        steps=200_000,
        config=_PIXELRNN,
        data=_STATIC,
    ),
    "row_lstm_mnist": Recipe(
        about="Row LSTM on the same pictures (the paper's is said to reach 80.54 nats); hours",
        model="row_lstm",
        dataset="mnist",
        steps=200_000,
        config=_PIXELRNN,
        data=_STATIC,
    ),
    "diagonal_bilstm_mnist": Recipe(
        about="one layer of Diagonal BiLSTM on the same pictures (the paper: 80.75 nats); hours",
        model="diagonal_bilstm",
        dataset="mnist",
        steps=200_000,
        config=_PIXELRNN,
        data=_STATIC,
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
    "text_wgan_gp_surnames": Recipe(
        about="surnames by the language model of WGAN-GP, with its paper's settings and averaged "
        "weights; the aim, not measured yet: n-grams within 1.5 times the divergences of as many "
        "training names; many hours",
        model="text_wgan_gp",
        dataset="surnames",
        steps=20_000,
        config={"ema": 0.999},
    ),
    "text_wgan_gp_surnames_small": Recipe(
        about="the same with 48 channels, three updates of the critic in a step and a rate that "
        "falls; half an hour",
        model="text_wgan_gp",
        dataset="surnames",
        steps=1_500,
        config={
            "width": 192,
            "n_critic": 3,
            "learning_rate": 1e-3,
            "beta_1": 0.0,
            "decay": "linear",
            "ema": 0.99,
        },
    ),
    "cppn_gan_vae_mnist": Recipe(
        about="otoro's digits, trained at 26x26, to be drawn at any size; batches of 32, two "
        "updates of the VAE and one of G in a step where the code has 500, 4 and 4, and rates that "
        "suit these; pictures are resized, not cropped; hours",
        model="cppn_gan_vae",
        dataset="mnist",
        steps=20_000,
        config={
            "batch_size": 32,
            "vae_steps": 2,
            "generator_steps": 1,
            "learning_rate": 3e-3,
            "generator_learning_rate": 1e-3,
            "ema": 0.999,
        },
        data={"image_size": 26},
    ),
    "vae_mnist_iwae": Recipe(
        about="the VAE of the IWAE paper (1509.00519: 86.76 nats at k = 5000): 2x200 tanh, "
        "50 latents, binarized anew each epoch; a constant rate where the paper lowers it; hours",
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
        data={"binarize": "dynamic"},
    ),
    # Generators of some 130,000 weights: released presets and exports stay in version control.
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
        0.4,
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
        data=_STATIC,
        at_most={"nll": 90.0},
    ),
}


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
