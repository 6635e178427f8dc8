"""Generative adversarial networks (Goodfellow et al. 2014, arXiv:1406.2661).

    min_G max_D  E_x[log D(x)] + E_z[log(1 - D(G(z)))]                              (eq. 1)

Algorithm 1 alternates k steps up the discriminator's gradient with one step of the generator.

Where this differs from the paper: Adam by default instead of momentum SGD (the authors' schedule
is the recipe ``gan_mnist_paper``); Glorot weights; layers narrower on data smaller than MNIST
(`networks.mlp.scaled`); the generator has no noise in its hidden layers, as in the authors' code.
"""

import dataclasses

import tensorflow as tf

from zoo import losses
from zoo.adversarial import base
from zoo.config import UserError, setting
from zoo.networks import mlp
from zoo.training import optimizers


@dataclasses.dataclass(frozen=True)
class Loop(base.Settings):
    """Of every model that trains by this loop."""

    k: int = setting(
        1, "discriminator steps for one of the generator (Algorithm 1)", low=1, high=25
    )


@dataclasses.dataclass(frozen=True)
class Dense(Loop):
    """Section 5 of the paper and the authors' code for MNIST; z ~ N(0, I)."""

    hidden: tuple = setting((1200, 1200), "generator's ReLU layers, at MNIST's size", low=1)
    maxout: tuple = setting((240, 240), "discriminator's Maxout layers, at MNIST's size", low=1)
    pieces: int = setting(5, "linear pieces of a Maxout unit", low=1)
    input_dropout: float = setting(0.2, "dropout on the discriminator's input", low=0, high=0.99)
    dropout: float = setting(0.5, "dropout on its hidden layers", low=0, high=0.99)
    optimizer: str = setting(
        "adam", "of both networks; paper_sgd: the authors' schedule for MNIST",
        choices=(*optimizers.NAMES, "paper_sgd"),
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Config(base.NamedLoss, Dense):
    """The paper's networks and its two losses."""


class GAN(base.TwoNetworks):
    """The adversarial loop; variants override `networks` or `adversarial_loss`."""

    xla_pays = True  # dropout's noise

    def __init__(self, config, data_spec):
        super().__init__(config, data_spec)
        self.updates_per_step = config.k

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator)."""
        config, spec = self.config, self.data_spec
        generator = mlp.Generator(
            spec, self.latent, [mlp.scaled(u, spec) for u in config.hidden], initializers, dtype
        )
        discriminator = mlp.MaxoutDiscriminator(
            spec, [mlp.scaled(u, spec) for u in config.maxout], config.pieces,
            config.input_dropout, config.dropout, initializers, dtype,
        )  # fmt: skip
        return generator, discriminator

    @property
    def adversarial_loss(self):
        """Minimax (eq. 1), or -log D(G(z)) for the generator (end of section 3)."""
        return losses.ADVERSARIAL[self.config.loss]

    def train_step(self, data):
        """Algorithm 1: `k` steps of D, then one of G."""
        batch, loss = self.batch(data), self.adversarial_loss
        noise = self.noise(batch)
        training = {"noise": noise, "training": True}

        for x, y in batch.blocks(self.config.k):
            z = self.latents(noise)
            fakes = self.generator(z, y, **training)
            with tf.GradientTape() as tape:
                real = self.discriminator(x, y, **training)
                fake = self.discriminator(fakes, y, **training)
                d_loss = loss.discriminator(real, fake)
                d_mean = self.replica_mean(d_loss)
            self.minimize(self.discriminator_optimizer, tape, d_mean, self.discriminator)

        z = self.latents(noise)
        with tf.GradientTape() as tape:
            fakes = self.generator(z, y, **training)
            g_loss = loss.generator(self.discriminator(fakes, y, **training))
            g_mean = self.replica_mean(g_loss)
        self.minimize(self.generator_optimizer, tape, g_mean, self.generator)

        logs = {"d_loss": d_loss, "g_loss": g_loss} | loss.report(real, fake)
        return {name: tf.reduce_mean(value) for name, value in logs.items()}


def compiled(model, steps=None, decay=1.000004, rise=250 * 500, **compile_options):
    """Compiles a model as `base.compiled` does, and knows `paper_sgd` too: the rate's `decay`, and
    momentum that rises over 250 epochs of 50,000 pictures in batches of 100."""
    config = model.config
    if config.optimizer != "paper_sgd":
        return base.compiled(model, steps, **compile_options)
    if config.decay != "none":
        raise UserError("paper_sgd has a schedule of its own: leave --config.decay out.")
    model.compile(
        *(optimizers.AnnealedSGD(config.learning_rate, decay, 0.5, 0.7, rise) for _ in range(2)),
        **compile_options,
    )
    return model


def build(config, data_spec, **compile_options):
    """Returns a compiled `GAN`; call it inside the strategy's scope."""
    return compiled(GAN(config, data_spec), **compile_options)
