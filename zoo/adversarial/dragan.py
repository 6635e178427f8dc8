"""DRAGAN, deep regret analytic GAN (Kodali et al. 2017, arXiv:1705.07215).

    L_D = -E[log D(x)] - E[log(1 - D(G(z)))] + λ E[(‖∇D(x̂)‖₂ - 1)²]      L_G = -E[log D(G(z))]
    x̂ = x + α (x_p - x),   x_p = x + ½ std(x) δ,   α ~ U(0, 1) for each sample, δ ~ U(0, 1)

The penalty is on D around the real data only, where WGAN-GP's is between real and generated
examples (section 2.3).  ∇ is of D's logit; std is one number, that of all values of the global
batch.

Where this differs from the paper: noise, networks and settings are those of the authors' code for
MNIST, whose perturbation only raises values (``--config.perturbation=symmetric`` has δ ~ U(-1, 1)).
"""

import dataclasses

import tensorflow as tf

from zoo import losses, priors
from zoo.adversarial import base
from zoo.config import default, setting
from zoo.networks import dcgan, mlp
from zoo.training import optimizers


@dataclasses.dataclass(frozen=True)
class Config(optimizers.Settings):
    """The authors' code; z is uniform on [-1, 1]."""

    batch_size: int = default(optimizers.Settings, "batch_size", 128)
    latent: int = setting(100, "size of z", low=1)
    network: str = setting("mlp", "of both networks", choices=("mlp", "dcgan"))
    hidden: tuple = setting((128,), "ReLU layers of both MLPs", low=1)
    channels: int = setting(128, "of the DCGAN networks next to a 64x64 picture", low=1)
    penalty: float = setting(10.0, "λ: weight of the gradient penalty", low=0)
    perturbation: str = setting(
        "uniform", "δ: U(0, 1), or symmetric for U(-1, 1)", choices=("uniform", "symmetric")
    )
    learning_rate: float = default(optimizers.Settings, "learning_rate", 1e-4)
    beta_1: float = default(optimizers.Settings, "beta_1", 0.5)
    beta_2: float = default(optimizers.Settings, "beta_2", 0.9)


class DRAGAN(base.TwoNetworks):
    """The adversarial loop with a penalty around the data."""

    latent_kind = "symmetric"
    adversarial_loss = losses.NON_SATURATING

    def __init__(self, config, data_spec):
        base.check_network(config.network, data_spec)
        super().__init__(config, data_spec)

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator); no BatchNorm in D, whose penalty is on each sample's
        own gradient."""
        config, spec = self.config, self.data_spec
        build = {"initializers": initializers, "dtype": dtype}
        if config.network == "mlp":
            return (
                mlp.Generator(spec, self.latent, config.hidden, weights="he_uniform", **build),
                mlp.Critic(spec, config.hidden, use_bias=True, **build),
            )
        return (
            dcgan.Generator(spec, self.latent, config.channels, "paper", **build),
            dcgan.Discriminator(spec, config.channels, "none", **build),
        )

    def train_step(self, data):
        """One step of D, penalized, then one of G."""
        batch, loss = self.batch(data), self.adversarial_loss
        noise = self.noise(batch)

        fakes = self.generator(self.latents(noise), training=True)
        at = self.around(batch.x, noise)
        with tf.GradientTape() as tape:
            real = self.discriminator(batch.x, training=True)
            fake = self.discriminator(fakes, training=True)
            penalty = losses.gradient_penalty(lambda x: self.discriminator(x, training=True), at)
            d_loss = loss.discriminator(real, fake)
            d_mean = self.replica_mean(d_loss + self.config.penalty * penalty)
        self.minimize(self.discriminator_optimizer, tape, d_mean, self.discriminator)

        z = self.latents(noise)
        with tf.GradientTape() as tape:
            fakes = self.generator(z, training=True)
            g_loss = loss.generator(self.discriminator(fakes, training=True))
            g_mean = self.replica_mean(g_loss)
        self.minimize(self.generator_optimizer, tape, g_mean, self.generator)

        logs = {"d_loss": d_loss, "g_loss": g_loss, "penalty": penalty} | loss.report(real, fake)
        return {name: tf.reduce_mean(value) for name, value in logs.items()}

    def around(self, x, noise):
        """x̂ [B, …]: on the way from x to a perturbed x_p, at a place of each sample's own."""
        delta = priors.KINDS[self.config.perturbation](noise, self.data_spec.values)
        delta = tf.reshape(delta, [-1, *self.data_spec.shape])
        alpha = noise.uniform((1,) * (x.shape.rank - 1))
        return x + alpha * (0.5 * self.deviation(x) * delta)

    def deviation(self, x):
        """The standard deviation of all values of the global batch, a scalar."""
        mean = tf.reduce_mean(self.global_mean(x))
        return tf.sqrt(tf.reduce_mean(self.global_mean((x - mean) ** 2)))


def build(config, data_spec, **compile_options):
    """Returns a compiled `DRAGAN`; call it inside the strategy's scope."""
    return base.compiled(DRAGAN(config, data_spec), **compile_options)
