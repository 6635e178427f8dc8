"""Recipes after the settings of papers and of their authors' code: minutes to days."""

from zoo.recipes.recipe import STATIC, Recipe

_GAUSSIANS = {"batch_size": 256, "latent": 2, "hidden": (128, 128, 128, 128), "ema": 0.999}
# Averaged weights need no falling rate, so such a run can be continued to any length.
_PIXELRNN = {"optimizer": "adam", "learning_rate": 1e-3, "ema": 0.9995}

RECIPES = {
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
        data=STATIC,
    ),
    "row_lstm_mnist": Recipe(
        about="Row LSTM on the same pictures (the paper's is said to reach 80.54 nats); hours",
        model="row_lstm",
        dataset="mnist",
        steps=200_000,
        config=_PIXELRNN,
        data=STATIC,
    ),
    "diagonal_bilstm_mnist": Recipe(
        about="one layer of Diagonal BiLSTM on the same pictures (the paper: 80.75 nats); hours",
        model="diagonal_bilstm",
        dataset="mnist",
        steps=200_000,
        config=_PIXELRNN,
        data=STATIC,
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
}
