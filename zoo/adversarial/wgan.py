"""Wasserstein GAN (Arjovsky et al. 2017, arXiv:1701.07875).

    min_θ max_w  E_x[f_w(x)] - E_z[f_w(g_θ(z))],   every weight of the critic f in [-c, c]   (eq. 3)

No logarithm and no sigmoid: the critic's value is any number, and the difference of its means
estimates the Wasserstein distance up to a scale.  Algorithm 1 takes n_critic steps of the critic,
clipping after each, for one of the generator.

Where this differs from the paper: the critic's first weights are clipped too, as the authors' code
does before its first step; its output has no bias, which would cancel; RMSProp's decay is Keras'
0.9 where the authors' framework has 0.99; the DCGAN networks are those of 1511.06434 with its 5x5
kernels; dense layers are narrower on data smaller than MNIST (`networks.mlp.scaled`).
"""

import dataclasses

import tensorflow as tf

from zoo.adversarial import base, wasserstein
from zoo.config import setting

MANY = 100  # critic steps for one of the generator at first and now and then, in the authors' code


@dataclasses.dataclass(frozen=True)
class Config(wasserstein.Config):
    """Algorithm 1 of the paper and section 4."""

    clip: float = setting(0.01, "c: the critic's weights stay in [-c, c]", above=0)
    extra_critic_steps: bool = setting(
        False, f"the authors' {MANY} critic steps for each of the first 25 generator steps and "
        "every 500th; a step is then n_critic critic steps, and the generator's where it is due"
    )  # fmt: skip


class WGAN(wasserstein.Wasserstein):
    """The clipping loop."""

    def compile(self, *optimizers, **kwargs):
        """See `Wasserstein.compile`; the critic's first weights are clipped here."""
        super().compile(*optimizers, **kwargs)
        self.clip_critic()

    def train_step(self, data):
        """Algorithm 1: `n_critic` steps of the critic, clipped, then one of the generator."""
        batch = self.batch(data)
        noise = self.noise(batch)

        for x, _ in batch.blocks(self.config.n_critic):
            fakes = self.generator(self.latents(noise), training=True)
            with tf.GradientTape() as tape:
                real = self.critic(x, training=True)
                fake = self.critic(fakes, training=True)
                loss = self.replica_mean(fake - real)
            self.minimize(self.discriminator_optimizer, tape, loss, self.critic)
            self.clip_critic()

        with tf.GradientTape() as tape:
            g_loss = -self.critic(self.generator(self.latents(noise), training=True), training=True)
            loss = self.replica_mean(g_loss)
        due = self.generator_is_due() if self.config.extra_critic_steps else None
        self.minimize(self.generator_optimizer, tape, loss, self.generator, when=due)

        return {
            "wasserstein": tf.reduce_mean(real - fake),  # E[f(real)] - E[f(fake)], of the last x
            "g_loss": tf.reduce_mean(g_loss),
        }

    def clip_critic(self):
        """w ← clip(w, -c, c): every trainable weight, BatchNorm's scales too, no statistics."""
        for weight in self.critic.trainable_variables:
            weight.assign(tf.clip_by_value(weight, -self.config.clip, self.config.clip))

    def generator_is_due(self):
        """Whether the generator moves in this step: `extra_critic_steps` in the authors' code.

        Their generator steps 0 to 24, 500, 1000, … follow 100 critic steps and the others
        n_critic; here such a one takes `long` steps of n_critic, and the generator moves in the
        last of them.
        """
        long = -(-MANY // self.config.n_critic)
        step, first = self.step, 25 * long
        late = step - first - (500 - 25)  # from the step at which generator step 500 begins
        place = tf.where(late < 0, long - 1, late % (long + 499))
        place = tf.where(step < first, step % long, place)
        return place >= long - 1


def build(config, data_spec, **compile_options):
    """Returns a compiled `WGAN`; call it inside the strategy's scope."""
    return base.compiled(WGAN(config, data_spec), **compile_options)
