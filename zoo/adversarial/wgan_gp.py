"""Improved training of Wasserstein GANs (Gulrajani et al. 2017, arXiv:1704.00028).

    L = E[D(x̃)] - E[D(x)] + λ E[(‖∇_x̂ D(x̂)‖₂ - 1)²]                                     (eq. 3)

x̂ lies at a uniformly drawn place on the line between a real x and a generated x̃ of its own, and the
norm is of each sample's gradient over all axes of the picture.  The critic has no BatchNorm, which
would tie the samples of a batch together; LayerNorm is permitted.

``--condition=label --config.network=resnet`` is the conditional model of section 5.4: BatchNorm in
G has a gain and a shift for each class, and D has a class head.  Its cross-entropy of real pictures
is in D's loss, that of generated ones, times 0.1, in G's.  Generated pictures are of the real ones'
classes in D's step and of drawn ones in G's, as in the authors' code.  The recipe
``wgan_gp_cifar10_label`` has their other settings.

Where this differs from the paper: the critic's output has no bias, which would cancel; a tiny
constant stands under the root, whose gradient at 0 is otherwise infinite; dense layers and channels
are narrower on small pictures (`networks.mlp.scaled`, `dcgan.scaled`, `resnet.scaled`).
"""

import dataclasses

import tensorflow as tf

from zoo import losses, priors
from zoo.adversarial import architectures, base, wasserstein
from zoo.config import UserError, default, setting
from zoo.networks import conditional_resnet, resnet
from zoo.training import optimizers

G_CLASS = 0.1  # weight of the class in G's loss; in D's it is 1


@dataclasses.dataclass(frozen=True)
class Config(wasserstein.Config):
    """Algorithm 1 of the paper; the networks of its toy experiments, its DCGANs, its ResNets."""

    latent: int = setting(128, "size of z ~ N(0, I)", low=1)
    network: str = architectures.network("mlp", "resnet", default="mlp")
    hidden: tuple = setting((512, 512, 512), "ReLU layers of each MLP, at MNIST's size", low=1)
    resnet_channels: int = setting(128, "of the residual networks at 32x32", low=1)
    critic_norm: str = setting(
        "none", "of the convolutional critics; no BatchNorm", choices=("none", "layer", "batch")
    )
    penalty: float = setting(10.0, "λ: weight of the gradient penalty", low=0)
    generator_batch: int = setting(
        1, "generated examples in a step of G for one in a step of D", low=1, high=16
    )
    optimizer: str = default(optimizers.Settings, "optimizer", "adam")
    learning_rate: float = default(optimizers.Settings, "learning_rate", 1e-4)


class WGANGP(wasserstein.Wasserstein):
    """The penalty loop."""

    conditional = "optional"
    condition_kinds = ("label",)

    @property
    def metric_names(self):
        """Given a label, also what the class head loses on real and on generated pictures."""
        heads = ("class_real", "class_fake") if self.data_spec.condition_size else ()
        return wasserstein.Wasserstein.metric_names + heads

    def networks(self, initializers, dtype):
        """Returns (generator, critic)."""
        config, spec = self.config, self.data_spec
        if config.critic_norm == "batch":
            raise UserError(
                "BatchNorm ties the samples of a batch together and the penalty is on each "
                "sample's own gradient: pass --config.critic_norm=layer or none."
            )
        takes_label = config.network == "resnet" and config.generator_norm == "batch"
        if spec.condition == "label" and not takes_label:
            raise UserError(
                "a label enters by BatchNorm in the residual generator: pass "
                "--config.network=resnet --config.generator_norm=batch, or leave --condition out."
            )
        build = {"initializers": initializers, "dtype": dtype}
        if config.network != "resnet":
            return super().networks(**build)
        architectures.check(config, spec)
        width = config.resnet_channels
        if spec.condition_size:
            return (
                conditional_resnet.Generator(spec, self.latent, width, **build),
                conditional_resnet.Critic(spec, width, config.critic_norm, **build),
            )
        return (
            resnet.Generator(spec, self.latent, width, config.generator_norm, **build),
            resnet.Critic(spec, width, config.critic_norm, **build),
        )

    def train_step(self, data):
        """Algorithm 1: `n_critic` steps of the critic, penalized, then one of the generator."""
        batch = self.batch(data)
        noise = self.noise(batch)

        for x, y in batch.blocks(self.config.n_critic):
            fakes = self.generator(self.latents(noise), y, training=True)
            with tf.GradientTape() as tape:
                real, class_real = self.judge(x, y, training=True)
                fake = self.score(fakes, training=True)
                at = self.between(x, fakes, noise)
                penalty = losses.gradient_penalty(lambda x: self.score(x, training=True), at)
                d_loss = fake - real + self.config.penalty * penalty + class_real
                loss = self.replica_mean(d_loss)
            self.minimize(self.discriminator_optimizer, tape, loss, self.critic)

        noise = self.generator_noise(noise)
        z, y = self.latents(noise), self.classes(noise)
        with tf.GradientTape() as tape:
            value, class_fake = self.judge(self.generator(z, y, training=True), y, training=True)
            g_loss = -value + G_CLASS * class_fake
            loss = self.replica_mean(g_loss)
        self.minimize(self.generator_optimizer, tape, loss, self.generator)

        logs = {
            "wasserstein": real - fake,  # E[D(x)] - E[D(x̃)], of the last x
            "g_loss": g_loss,
            "penalty": penalty,
        }
        if y is not None:
            logs |= {"class_real": class_real, "class_fake": class_fake}
        return {name: tf.reduce_mean(value) for name, value in logs.items()}

    def test_step(self, data):
        """The estimate and G's loss, and those of the class head, per example [B]."""
        batch = self.batch(data)
        if batch.y is None:
            return super().test_step(data)
        z = self.latents(self.evaluation_noise(batch))
        real, class_real = self.judge(batch.x, batch.y)
        fake, class_fake = self.judge(self.generator(z, batch.y), batch.y)
        return {
            "wasserstein": real - fake,
            "g_loss": -fake + G_CLASS * class_fake,
            "class_real": class_real,
            "class_fake": class_fake,
        }

    def between(self, real, fake, noise):
        """x̂ = α x + (1 - α) x̃, α ~ U(0, 1) for each sample."""
        alpha = noise.uniform((1,) * (real.shape.rank - 1))
        return alpha * real + (1.0 - alpha) * fake

    def judge(self, x, y, training=False):
        """Returns (D(x) [B]; -log P(y | x) [B] by the class head, or 0 without a label)."""
        if y is None:
            return self.score(x, training), 0.0
        value, logits = self.critic(x, training=training)
        return value, losses.class_cross_entropy(y, logits)

    def score(self, x, training=False):
        """D(x) [B]."""
        found = self.critic(x, training=training)
        return found[0] if self.data_spec.condition_size else found

    def generator_noise(self, noise):
        """Returns the `Noise` of `generator_batch` times the examples, for G's step."""
        times = self.config.generator_batch
        return noise if times == 1 else noise.at(tf.range(times))

    def classes(self, noise):
        """Returns classes for G's step, one-hot [B, K], all equally likely; None without labels."""
        count = self.data_spec.condition_size
        return priors.draw(noise, (("categorical", count),)) if count else None


def build(config, data_spec, **compile_options):
    """Returns a compiled `WGANGP`; call it inside the strategy's scope."""
    return base.compiled(WGANGP(config, data_spec), **compile_options)
