"""Short runs on the embedded data, with the figures before and after (item 9 of the contract).

`test_contract.py` holds each to its margin, and `bench/distribution.py` compares precisions.
Each function takes settings to add and returns name -> (figures before, figures after).
"""

import numpy as np

import zoo
from tests.contract import make, run_steps
from tests.digits_classifier import judge
from zoo.metrics import evaluation, likelihood

PLANE = {"batch_size": 128, "latent": 2, "hidden": (64, 64, 64), "n_critic": 5, "ema": 0.99}
PICTURES = {"batch_size": 64, "hidden": (256, 256), "n_critic": 3}


def gan(**extra):
    """The share of pictures that a judge is sure of, and how many digits are among them."""
    settings = {"hidden": (256, 256), "maxout": (64, 64), "learning_rate": 1e-3, "ema": 0.999}
    settings |= {"batch_size": 100, **extra}
    digits = zoo.load_data("gan")
    model = make("gan", digits.spec, jit_compile=True, steps_per_execution=25, **settings)
    found = []
    for steps in (0, 4000):
        run_steps(model, digits, steps) if steps else None
        sure, counts = judge(model.sample(500, 1).numpy())
        found.append({"sure": sure, "classes": int((counts > 0).sum())})
    return {"digits": tuple(found)}


def vae(**extra):
    """The held-out ELBO; before, that of a Bernoulli for each pixel, independent of the others: the
    bound of a decoder that ignores its latents."""
    digits = zoo.load_data("vae")
    train, test = (digits.examples(split)[0] for split in ("train", "test"))
    rate = train.mean(axis=0).clip(1e-4, 1 - 1e-4)
    independent = (test * np.log(rate) + (1 - test) * np.log(1 - rate)).sum(axis=(1, 2, 3)).mean()
    model = make("vae", digits.spec, batch_size=100, steps_per_execution=25, **extra)
    run_steps(model, digits, 1500)
    elbo = model.evaluate(digits.evaluation("test", 100), verbose=0, return_dict=True)["elbo"]
    return {"digits": ({"elbo": float(independent)}, {"elbo": elbo})}


def wgan(**extra):
    """Modes and good points; the Fréchet distance."""
    return {
        "gaussians8": _judged(
            "wgan", "gaussians8", 3000, **PLANE, learning_rate=5e-4, clip=0.1, **extra
        ),
        "digits": _judged(
            "wgan", "digits", 2000, **PICTURES, learning_rate=2e-4, clip=0.05, **extra
        ),
    }


def wgan_gp(**extra):
    """The same."""
    plane = {**PLANE, "penalty": 0.1, "learning_rate": 1e-3, **extra}
    pictures = {**PICTURES, "learning_rate": 5e-4, "ema": 0.99, **extra}
    return {
        "gaussians8": _judged("wgan_gp", "gaussians8", 2000, **plane),
        "digits": _judged("wgan_gp", "digits", 1000, **pictures),
    }


def cgan(**extra):
    """The Fréchet distance, and the share of pictures that are of the digit that was asked for."""
    settings = {"batch_size": 100, "learning_rate": 5e-4, "ema": 0.99, "dropout": 0.2, **extra}
    return {"digits": _judged("cgan", "digits", 2000, **settings)}


def dcgan(**extra):
    """The Fréchet distance."""
    return {"digits": _judged("dcgan", "digits", 400, batch_size=64, ema=0.99, **extra)}


def pixelwise(name, **extra):
    """Held-out bits per dimension; before, those of independent pixels."""
    data = zoo.load_data(name)
    train, test = (data.examples(split)[0] for split in ("train", "test"))
    alone = likelihood.independent(train, test, data.spec.levels)
    settings = {"channels": 16, "blocks": 2, "ends": 32, "batch_size": 32, "learning_rate": 3e-3}
    model = make(name, data.spec, ema=0.98, **settings, **extra)
    run_steps(model, data, 400)
    before, after = (
        {"bits_per_dim": likelihood.summary(nats, data.spec)["bits_per_dim"][0]}
        for nats in (alone, -model.log_prob(test).numpy())
    )
    return {"digits": (before, after)}


def _judged(name, dataset, steps, **settings):
    """The figures of 1,000 samples before and after a short run."""
    data = zoo.load_data(name, dataset)
    judges, given = evaluation.judge(data, "test"), data.conditions()
    model = make(name, data.spec, jit_compile="auto", steps_per_execution=25, **settings)
    found = []
    for count in (0, steps):
        run_steps(model, data, count) if count else None
        x = model.sample(1000, 1, given).numpy()
        found.append(judges.of(x, None if given is None else given[np.arange(1000) % len(given)]))
    return tuple(found)
