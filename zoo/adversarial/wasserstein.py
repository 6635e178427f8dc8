"""What the clipping and the penalty loop share: a critic, a generator, the estimate they report.

The estimate of the Wasserstein distance is E[f(real)] - E[f(fake)], up to the critic's Lipschitz
constant: positive while the critic tells real from fake, and falling as the generator gets better
(Arjovsky et al. 2017, arXiv:1701.07875, section 4.2).
"""

import dataclasses

import tensorflow as tf

from zoo import losses
from zoo.adversarial import architectures, base
from zoo.config import default, setting
from zoo.training import optimizers


@dataclasses.dataclass(frozen=True)
class Config(architectures.Settings, optimizers.Settings):
    """The settings of both loops."""

    latent: int = setting(100, "size of z ~ N(0, I)", low=1)
    network: str = architectures.network("mlp", default="mlp")
    hidden: tuple = setting(
        (512, 512, 512, 512), "ReLU layers of both MLPs, at MNIST's size", low=1
    )
    generator_norm: str = setting(
        "batch", "of the convolutional generators", choices=("batch", "none")
    )
    critic_norm: str = setting("batch", "of the convolutional critic", choices=("batch", "none"))
    n_critic: int = setting(5, "critic steps for one of the generator", low=1, high=25)
    optimizer: str = default(optimizers.Settings, "optimizer", "rmsprop")
    learning_rate: float = default(optimizers.Settings, "learning_rate", 5e-5)
    beta_1: float = default(optimizers.Settings, "beta_1", 0.0)
    beta_2: float = default(optimizers.Settings, "beta_2", 0.9)


class Wasserstein(base.TwoNetworks):
    """A critic and a generator; the loops, `wgan` and `wgan_gp`, give `train_step`."""

    metric_names = ("wasserstein", "g_loss")
    adversarial_loss = losses.WASSERSTEIN

    def __init__(self, config, data_spec):
        super().__init__(config, data_spec)
        self.updates_per_step = config.n_critic

    @property
    def critic(self):
        """The discriminator, by the paper's name."""
        return self.discriminator

    def networks(self, initializers, dtype):
        """Returns (generator, critic)."""
        config = self.config
        norms = [{"batch": "paper"}.get(n, n) for n in (config.generator_norm, config.critic_norm)]
        return architectures.networks(
            config, self.data_spec, self.latent, norms, use_bias=False,
            initializers=initializers, dtype=dtype,
        )  # fmt: skip

    def diagnose(self, batch):
        """Figure 1 of the WGAN-GP paper: how far the critic's gradient carries, and its weights.

        Returns the mean over real and generated examples of ‖∂f(x)/∂h‖, h the activations of each
        layer of the critic for that example, first to last; and the critic's kernels.
        """
        fakes = self.generator(self.latents(self.evaluation_noise(batch)), batch.y)
        with tf.GradientTape() as tape:
            real, fake = (self.critic.activations(x) for x in (batch.x, fakes))
            values = tf.reduce_sum(real[-1]) + tf.reduce_sum(fake[-1])
        # Examples do not mix here: each one's part of the sum has its own gradient.
        gradients = tape.gradient(values, [*zip(real[:-1], fake[:-1], strict=True)])
        weight = batch.weight / tf.reduce_sum(batch.weight)
        norms = {
            f"gradient_norm/{i}": sum(
                tf.reduce_sum(weight * tf.norm(_rows(g), axis=1))
                for g in pair
            ) / 2
            for i, pair in enumerate(gradients, start=1)
        }  # fmt: skip
        kernels = [w for w in self.critic.trainable_variables if w.path.endswith("kernel")]
        return norms, {"critic_weights": tf.concat([tf.reshape(w, [-1]) for w in kernels], axis=0)}


def _rows(gradient):
    """[B, …] of any precision -> float32 [B, n]."""
    return tf.cast(tf.reshape(gradient, [tf.shape(gradient)[0], -1]), tf.float32)
