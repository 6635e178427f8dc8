"""Improved training of Wasserstein GANs (Gulrajani et al. 2017, arXiv:1704.00028).

    L = E[D(x̃)] - E[D(x)] + λ E[(‖∇_x̂ D(x̂)‖₂ - 1)²]                                     (eq. 3)

x̂ lies at a uniformly drawn place on the line between a real x and a generated x̃ of its own, and the
norm is of each sample's gradient over all axes of the picture.  The critic has no BatchNorm, which
would tie the samples of a batch together; LayerNorm is permitted.

Where this differs from the paper: the critic's output has no bias, which would cancel; a tiny
constant stands under the root, whose gradient at 0 is otherwise infinite; dense layers and channels
are narrower on small pictures (`networks.mlp.scaled`, `dcgan.scaled`, `resnet.scaled`).
"""

import dataclasses

import tensorflow as tf

from zoo import losses
from zoo.adversarial import base, wasserstein
from zoo.config import UserError, default, setting
from zoo.networks import dcgan, resnet
from zoo.training import optimizers


@dataclasses.dataclass(frozen=True)
class Config(wasserstein.Config):
    """Algorithm 1 of the paper; the networks of its toy experiments, its DCGAN, its ResNet."""

    latent: int = setting(128, "size of z ~ N(0, I)", low=1)
    network: str = setting("mlp", "of both networks", choices=("mlp", "dcgan", "resnet"))
    hidden: tuple = setting((512, 512, 512), "ReLU layers of both MLPs, at MNIST's size", low=1)
    resnet_channels: int = setting(128, "of the residual networks at 32x32", low=1)
    critic_norm: str = setting(
        "none", "of the convolutional critics; no BatchNorm", choices=("none", "layer", "batch")
    )
    penalty: float = setting(10.0, "λ: weight of the gradient penalty", low=0)
    optimizer: str = default(optimizers.Settings, "optimizer", "adam")
    learning_rate: float = default(optimizers.Settings, "learning_rate", 1e-4)


class WGANGP(wasserstein.Wasserstein):
    """The penalty loop."""

    def networks(self, initializers, dtype):
        """Returns (generator, critic)."""
        config, spec = self.config, self.data_spec
        base.check_network(config.network, spec)
        if config.critic_norm == "batch":
            raise UserError(
                "BatchNorm ties the samples of a batch together and the penalty is on each "
                "sample's own gradient: pass --config.critic_norm=layer or none."
            )
        build = {"initializers": initializers, "dtype": dtype}
        if config.network == "mlp":
            return self.dense_networks(**build)
        if config.network == "resnet":
            width = config.resnet_channels
            return (
                resnet.Generator(spec, self.latent, width, config.generator_norm, **build),
                resnet.Critic(spec, width, config.critic_norm, **build),
            )
        norm = {"batch": "paper", "none": "none"}[config.generator_norm]
        return (
            dcgan.Generator(spec, self.latent, config.channels, norm, **build),
            dcgan.Discriminator(spec, config.channels, config.critic_norm, use_bias=False, **build),
        )

    def train_step(self, data):
        """Algorithm 1: `n_critic` steps of the critic, penalized, then one of the generator."""
        batch = self.batch(data)
        noise = self.noise(batch)

        for x, _ in batch.blocks(self.config.n_critic):
            fakes = self.generator(self.latents(noise), training=True)
            with tf.GradientTape() as tape:
                real = self.critic(x, training=True)
                fake = self.critic(fakes, training=True)
                at = self.between(x, fakes, noise)
                penalty = losses.gradient_penalty(lambda x: self.critic(x, training=True), at)
                loss = self.replica_mean(fake - real + self.config.penalty * penalty)
            self.minimize(self.discriminator_optimizer, tape, loss, self.critic)

        with tf.GradientTape() as tape:
            g_loss = -self.critic(self.generator(self.latents(noise), training=True), training=True)
            loss = self.replica_mean(g_loss)
        self.minimize(self.generator_optimizer, tape, loss, self.generator)

        return {
            "wasserstein": tf.reduce_mean(real - fake),  # E[D(x)] - E[D(x̃)], of the last x
            "g_loss": tf.reduce_mean(g_loss),
            "penalty": tf.reduce_mean(penalty),
        }

    def between(self, real, fake, noise):
        """x̂ = α x + (1 - α) x̃, α ~ U(0, 1) for each sample."""
        alpha = noise.uniform((1,) * (real.shape.rank - 1))
        return alpha * real + (1.0 - alpha) * fake


def build(config, data_spec, **compile_options):
    """Returns a compiled `WGANGP`; call it inside the strategy's scope."""
    return base.compiled(WGANGP(config, data_spec), **compile_options)
