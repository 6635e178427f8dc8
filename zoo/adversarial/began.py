"""Boundary equilibrium GAN (Berthelot et al. 2017, arXiv:1703.10717).

    L_D = L(x) - k L(G(z_D))      L_G = L(G(z_G))      L(v) = |v - D(v)|, the mean over pixels
    k ← k + λ_k (γ L(x) - L(G(z_G))), kept in [0, 1]                                  (section 3.4)

D is an auto-encoder, and k keeps E[L(G(z))] at γ E[L(x)]: a small γ puts the pictures' quality
above their variety.  M = L(x) + |γ L(x) - L(G(z_G))| falls as training converges (section 3.4.1).

Where this differs from the paper: the paper halves the rate where M stalls, here it stands still or
falls by schedule (``--config.decay=linear``); no vanishing residuals and no skip connections, which
the paper adds for larger pictures; channels are fewer on pictures smaller than 64x64
(`networks.dcgan.scaled`); a generated picture is cut to the range of pictures when it is shown.
"""

import dataclasses

import tensorflow as tf

from zoo.adversarial import base
from zoo.config import default, setting
from zoo.networks import autoencoder
from zoo.networks.dcgan import scaled
from zoo.training import optimizers

DATA = {"range": "symmetric"}


@dataclasses.dataclass(frozen=True)
class Config(optimizers.Settings):
    """Section 4.1 of the paper."""

    batch_size: int = default(optimizers.Settings, "batch_size", 16)
    latent: int = setting(64, "size of z, uniform on [-1, 1], and of D's embedding", low=1)
    channels: int = setting(64, "n: of the decoders, and of the encoder's first layers", low=1)
    gamma: float = setting(0.5, "γ: E[L(G(z))] / E[L(x)], the diversity ratio", low=0, high=1)
    lambda_k: float = setting(1e-3, "λ_k: the rate of k", above=0)
    learning_rate: float = default(optimizers.Settings, "learning_rate", 1e-4)
    beta_1: float = default(optimizers.Settings, "beta_1", 0.5)


class BEGAN(base.TwoNetworks):
    """The equilibrium loop."""

    modalities = ("images",)
    metric_names = ("l_real", "l_fake")
    latent_kind = "symmetric"

    def __init__(self, config, data_spec):
        super().__init__(config, data_spec)
        # A weight, so that a resumed run goes on with it; equal on every replica.
        self.k = self.add_weight(
            name="k", shape=(), initializer="zeros", trainable=False,
            aggregation="only_first_replica",
        )  # fmt: skip

    def networks(self, initializers, dtype):
        """Returns (generator, auto-encoder)."""
        spec, latent = self.data_spec, self.latent
        channels = scaled(self.config.channels, spec)
        return (
            autoencoder.Decoder(spec, latent, channels, initializers, dtype),
            autoencoder.Autoencoder(spec, latent, channels, initializers, dtype),
        )

    def train_step(self, data):
        """One step of D, one of G, one of k."""
        batch = self.batch(data)
        noise = self.noise(batch)

        fakes = self.generator(self.latents(noise), training=True)  # of z_D
        with tf.GradientTape() as tape:
            real = self.error(batch.x)
            loss = self.replica_mean(real - self.k * self.error(fakes))
        self.minimize(self.discriminator_optimizer, tape, loss, self.discriminator)

        z = self.latents(noise)  # z_G
        with tf.GradientTape() as tape:
            fake = self.error(self.generator(z, training=True))
            loss = self.replica_mean(fake)
        self.minimize(self.generator_optimizer, tape, loss, self.generator)

        real, fake = self.global_mean(real), self.global_mean(fake)
        balance = self.config.gamma * real - fake
        self.k.assign(tf.clip_by_value(self.k + self.config.lambda_k * balance, 0.0, 1.0))
        return {
            "l_real": real, "l_fake": fake, "k": self.k + 0.0,
            "convergence": real + tf.abs(balance),  # M
        }  # fmt: skip

    def test_step(self, data):
        """L(x) and L(G(z)), per example [B]."""
        batch = self.batch(data)
        z = self.latents(self.evaluation_noise(batch))
        return {"l_real": self.error(batch.x), "l_fake": self.error(self.generator(z))}

    def error(self, x):
        """L(x) [B]: the mean of |x - D(x)| over all axes but the first."""
        return tf.reduce_mean(tf.abs(x - self.discriminator(x, training=True)), axis=[1, 2, 3])

    def generate(self, latents, condition=None):
        """G(z), cut to the range of pictures; with its averages where the run keeps them."""
        return tf.clip_by_value(super().generate(latents, condition), 0.0, 1.0)


def build(config, data_spec, **compile_options):
    """Returns a compiled `BEGAN`; call it inside the strategy's scope."""
    return base.compiled(BEGAN(config, data_spec), **compile_options)
