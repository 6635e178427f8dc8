"""Energy-based GAN (Zhao et al. 2016, arXiv:1609.03126).

    L_D = D(x) + [m - D(G(z))]₊      L_G = D(G(z)) + λ PT      D(x) = ‖Dec(Enc(x)) - x‖
    PT = Σ_{i≠j} cos²(s_i, s_j) / (N (N - 1)),   s_i = Enc(G(z_i))           (sections 2.1 and 2.4)

D is an auto-encoder whose error is an energy: low on the data, and m or more elsewhere, as far as
G is there.  The pulling-away term PT keeps generated examples apart; its N are those of the global
batch.  λ = 0 is the paper's EBGAN, without it.

Where this differs from the paper: it does not say how z is distributed, how large a batch is and
Adam's β₁ for MNIST: N(0, I), 100 and 0.5 here.  m is for MNIST, where an energy is the norm of 784
errors; it is m √(values / 784) on other data, which is as large an error per pixel.
"""

import dataclasses
import math

import tensorflow as tf

from zoo import losses
from zoo.adversarial import base
from zoo.config import UserError, default, setting
from zoo.networks import dense_autoencoder
from zoo.networks.mlp import scaled

DATA = {"range": "symmetric"}


@dataclasses.dataclass(frozen=True)
class Config(base.Settings):
    """Section 4.1 of the paper, with the networks of its Figure 9."""

    hidden: tuple = setting((1600,) * 4, "generator's ReLU layers, at MNIST's size", low=1)
    d_hidden: tuple = setting(
        (1024,), "encoder's ReLU layers, at MNIST's size; the decoder mirrors them", low=1
    )
    margin: float = setting(10.0, "m, at MNIST's size", above=0)
    pull_away: float = setting(0.1, "λ: weight of the pulling-away term", low=0)
    learning_rate: float = default(base.Settings, "learning_rate", 1e-3)


class EBGAN(base.TwoNetworks):
    """The energy-based loop."""

    modalities = ("images",)
    metric_names = ("energy_real", "energy_fake")

    def __init__(self, config, data_spec):
        if not config.d_hidden:
            raise UserError("an auto-encoder needs a hidden layer: pass --config.d_hidden=1024.")
        super().__init__(config, data_spec)
        self.margin = config.margin * math.sqrt(data_spec.values / 784)

    def networks(self, initializers, dtype):
        """Returns (generator, auto-encoder)."""
        config, spec = self.config, self.data_spec
        widths, d_widths = (
            [scaled(units, spec) for units in layers] for layers in (config.hidden, config.d_hidden)
        )
        return (
            dense_autoencoder.Generator(spec, self.latent, widths, initializers, dtype),
            dense_autoencoder.Autoencoder(spec, d_widths, initializers, dtype),
        )

    @property
    def adversarial_loss(self):
        """The hinge loss of section 2.1."""
        return losses.energy(self.margin)

    def train_step(self, data):
        """One step of D, one of G with the pulling-away term."""
        batch, loss = self.batch(data), self.adversarial_loss
        noise = self.noise(batch)

        fakes = self.generator(self.latents(noise), training=True)
        with tf.GradientTape() as tape:
            real, _ = self.energy(batch.x)
            fake, _ = self.energy(fakes)
            d_mean = self.replica_mean(loss.discriminator(real, fake))
        self.minimize(self.discriminator_optimizer, tape, d_mean, self.discriminator)

        z = self.latents(noise)
        with tf.GradientTape() as tape:
            energy, codes = self.energy(self.generator(z, training=True))
            pull_away = self.pull_away(codes)
            g_loss = loss.generator(energy) + self.config.pull_away * pull_away
            g_mean = self.replica_mean(g_loss)
        self.minimize(self.generator_optimizer, tape, g_mean, self.generator)

        logs = loss.report(real, fake) | {"pull_away": pull_away}
        return {name: tf.reduce_mean(value) for name, value in logs.items()}

    def test_step(self, data):
        """D(x) and D(G(z)), per example [B]."""
        batch = self.batch(data)
        z = self.latents(self.evaluation_noise(batch))
        real, fake = self.score(batch.x), self.score(self.generator(z))
        return self.adversarial_loss.report(real, fake)

    def energy(self, x):
        """Returns (‖Dec(Enc(x)) - x‖ [B], over all axes but the first; Enc(x) [B, d])."""
        decoded, codes = self.discriminator(x)
        errors = decoded - x
        return tf.sqrt(tf.reduce_sum(errors**2, axis=[1, 2, 3]) + losses.TINY), codes

    def score(self, x):
        """The energy of each example [B]."""
        return self.energy(x)[0]

    def pull_away(self, codes):
        """PT, a scalar, of this replica's codes [B, d] among those of the global batch.

        With unit vectors as rows of S, Σ_{i,j} cos²(s_i, s_j) = ‖S Sᵀ‖² = ‖Sᵀ S‖², and Sᵀ S, d x d,
        is a sum over examples and so over replicas.  Every replica has the same PT, and its
        gradient passes through the sum to the codes of all.
        """
        unit = tf.math.l2_normalize(codes, axis=1, epsilon=losses.TINY)
        gram = self.global_sum(tf.matmul(unit, unit, transpose_a=True))
        itself = self.global_sum(tf.reduce_sum(tf.reduce_sum(unit**2, axis=1) ** 2))  # i = j
        count = tf.cast(self.replicas * tf.shape(codes)[0], tf.float32)
        pairs = tf.maximum(count * (count - 1.0), 1.0)
        return (tf.reduce_sum(gram**2) - itself) / pairs


def build(config, data_spec, **compile_options):
    """Returns a compiled `EBGAN`; call it inside the strategy's scope."""
    return base.compiled(EBGAN(config, data_spec), **compile_options)
