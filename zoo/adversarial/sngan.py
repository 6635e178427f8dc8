"""Spectrally normalized GAN (Miyato et al. 2018, arXiv:1802.05957).

    L_D = E[(1 - D(x))₊] + E[(1 + D(G(z)))₊]      L_G = -E[D(G(z))]                   (eqs. 16, 17)

Every kernel W of D is divided by its largest singular value, so that D is a Lipschitz function.
The singular value is that of one power iteration from the last one's vector u, which is done once
in each update of D (Algorithm 1), and not where G steps through D or where D is evaluated.

The defaults are for the networks without residual blocks (setting C of Table 1).  Those of the
ResNet are ``--config.network=resnet --config.n_dis=5 --config.beta_1=0 --config.beta_2=0.9
--config.decay=linear``.

Where this differs from the paper: G without residual blocks is DCGAN's (`networks.dcgan`), whose
kernels are 5x5; both networks are narrower on pictures smaller than 32x32 (`networks.spectral`).
"""

import dataclasses

import tensorflow as tf

from zoo import losses
from zoo.adversarial import base
from zoo.config import default, setting
from zoo.networks import dcgan, resnet, spectral
from zoo.networks.spectral_norm import power_iteration

DATA = {"range": "symmetric"}


@dataclasses.dataclass(frozen=True)
class Config(base.Settings):
    """Section 4 of the paper and its appendix B; z ~ N(0, I)."""

    batch_size: int = default(base.Settings, "batch_size", 64)
    latent: int = default(base.Settings, "latent", 128)
    network: str = setting("dcgan", "of both networks", choices=("dcgan", "resnet"))
    channels: int = setting(128, "of the DCGAN generator next to a 64x64 picture", low=1)
    d_channels: int = setting(64, "of its discriminator's first layers, at 32x32", low=1)
    resnet_channels: int = setting(
        128, "of the residual discriminator at 32x32; the generator has twice as many", low=1
    )
    n_dis: int = setting(1, "discriminator steps for one of the generator", low=1, high=25)


class SNGAN(base.TwoNetworks):
    """The adversarial loop with a hinge loss and power iterations."""

    modalities = ("images",)
    adversarial_loss = losses.HINGE

    def __init__(self, config, data_spec):
        super().__init__(config, data_spec)
        self.updates_per_step = config.n_dis

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator)."""
        config, spec = self.config, self.data_spec
        build = {"initializers": initializers, "dtype": dtype}
        if config.network == "resnet":
            width = config.resnet_channels
            return (
                resnet.Generator(spec, self.latent, 2 * width, "batch", **build),
                spectral.ResidualDiscriminator(spec, width, **build),
            )
        return (
            dcgan.Generator(spec, self.latent, config.channels, "paper", **build),
            spectral.Discriminator(spec, config.d_channels, **build),
        )

    def train_step(self, data):
        """`n_dis` steps of D, each after a power iteration, then one of G."""
        batch, loss = self.batch(data), self.adversarial_loss
        noise = self.noise(batch)

        for x, _ in batch.blocks(self.config.n_dis):
            fakes = self.generator(self.latents(noise), training=True)
            power_iteration(self.discriminator)
            with tf.GradientTape() as tape:
                real = self.discriminator(x, training=True)
                fake = self.discriminator(fakes, training=True)
                d_loss = loss.discriminator(real, fake)
                d_mean = self.replica_mean(d_loss)
            self.minimize(self.discriminator_optimizer, tape, d_mean, self.discriminator)

        z = self.latents(noise)
        with tf.GradientTape() as tape:
            fakes = self.generator(z, training=True)
            g_loss = loss.generator(self.discriminator(fakes, training=True))
            g_mean = self.replica_mean(g_loss)
        self.minimize(self.generator_optimizer, tape, g_mean, self.generator)

        logs = {"d_loss": d_loss, "g_loss": g_loss} | loss.report(real, fake)
        return {name: tf.reduce_mean(value) for name, value in logs.items()}


def build(config, data_spec, **compile_options):
    """Returns a compiled `SNGAN`; call it inside the strategy's scope."""
    return base.compiled(SNGAN(config, data_spec), **compile_options)
