"""Conditional variational auto-encoder (Sohn et al. 2015, NIPS, "Learning structured output …").

    log p(x|y) ≥ E_q(z|x,y)[log p(x|z, y)] - KL(q(z|x, y) || p(z|y))                     (eq. 4)

x is drawn given y (the paper's letters are the other way round).  The prior of z is learned: a
network gives its mean and variance for each y.  ``--config.prior=standard`` makes it N(0, I), which
is the model M2 of Kingma et al. 2014 (1406.5298) given its labels.

``--condition=quadrants --data.visible=1`` (or 2, 3) is the paper's own task: the rest of a picture
from one, two or three of its quadrants.  p(x|z, y) is then of the hidden pixels only.  A
deterministic network p(x|y), the paper's baseline, learns beside: its log-likelihood is `baseline`,
and p(z|y) is given its guess too (the recurrent connection of section 4.1).

A sample's latents are standard normal, and z = mean(y) + deviation(y) * latents: one seed draws one
picture for each y.

Where this differs from the paper: the baseline learns at the same time, not before; dense
networks, of two ReLU layers each; Glorot weights; layers narrower on data smaller than MNIST
(`networks.mlp.scaled`); no Gaussian stochastic network beside it (the hybrid objective of section
4.2).  For decoders see `vae`.
"""

import dataclasses

import numpy as np
import tensorflow as tf

from zoo import losses
from zoo.config import default, setting
from zoo.networks import cvae, mlp
from zoo.training import optimizers
from zoo.variational import bound, vae

DATA = {"condition": "label"}


@dataclasses.dataclass(frozen=True)
class Config(optimizers.Settings):
    """For MNIST, as in Pyro's account of the paper's experiment."""

    batch_size: int = default(optimizers.Settings, "batch_size", 128)
    latent: int = setting(200, "size of z", low=1)
    hidden: tuple = setting((500, 500), "ReLU layers of each network at MNIST's size", low=1)
    prior: str = setting(
        "learned", "p(z|y): a network of y, or N(0, I) for each y", choices=("learned", "standard")
    )
    decoder: str = setting("bernoulli", "p(x|z, y)", choices=("bernoulli", "gaussian"))


class CVAE(vae.VAE):
    """The conditional ELBO's loop."""

    conditional = "always"
    condition_kinds = ("label", "name", "quadrants")

    @property
    def metric_names(self):
        """Those of the VAE; of quadrants also the baseline's."""
        return vae.VAE.metric_names + (("baseline",) if self._quadrants else ())

    def networks(self, initializers, dtype):
        """Returns (q(z|x, y), p(z|y) and p(x|z, y))."""
        config, spec = self.config, self.data_spec
        widths = [mlp.scaled(units, spec) for units in config.hidden]
        maps, learned = 1 + (config.decoder == "gaussian"), config.prior == "learned"
        return (
            cvae.Encoder(spec, self.latent, widths, initializers, dtype),
            cvae.Decoder(
                spec, self.latent, widths, maps, learned, self._quadrants, initializers, dtype
            ),
        )

    def train_step(self, data):
        """One step up the gradient of the bound's estimate, with one z ~ q(z|x, y)."""
        batch = self.batch(data)
        noise = self.noise(batch)
        with tf.GradientTape() as tape:
            reconstruction, kl = self.terms(batch.x, noise, batch.y)
            found = {"elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl}
            found |= self.of_baseline(batch.x, batch.y)
            loss = self.replica_mean(-found["elbo"] - found.get("baseline", 0.0))
        self.minimize(self.elbo_optimizer, tape, loss, self.encoder, self.decoder)
        return {name: tf.reduce_mean(value) for name, value in found.items()}

    def test_step(self, data):
        """The bound in nats and its two terms, and the baseline's likelihood, per example [B]."""
        batch = self.batch(data)
        reconstruction, kl = self.terms(batch.x, self.evaluation_noise(batch), batch.y)
        found = {"elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl}
        return found | self.of_baseline(batch.x, batch.y)

    def of_baseline(self, images, y):
        """Returns {"baseline": log p(x|y) [B] of the deterministic network}, {} without one."""
        if self.decoder.baseline is None:
            return {}
        return {"baseline": self.log_likelihood(images, self.decoder.baseline(y))}

    def log_likelihood(self, images, parameters):
        """log p(x|z, y) [B] from the decoder's output; with quadrants, of the hidden pixels."""
        if not self._quadrants:
            return super().log_likelihood(images, parameters)
        hidden = np.flatnonzero(self.data_spec.visible_pixels() == 0)
        pixels = (
            tf.gather(tf.reshape(x, [-1, x.shape[1] * x.shape[2], 1, x.shape[3]]), hidden, axis=1)
            for x in (images, parameters)
        )
        return super().log_likelihood(*pixels)

    def terms(self, images, noise, y):
        """Returns (log p(x|z, y) for one z ~ q(z|x, y), KL(q(z|x, y) || p(z|y))), each [B], in
        nats; `y` is float32 [B, d]."""
        z, posterior, prior = self._drawn_z(images, noise, y)
        reconstruction = self.log_likelihood(images, self.decoder(z, y))
        return reconstruction, losses.gaussian_kl_between(*posterior, *prior)

    def log_weight(self, noise, images, y, *gaussians):
        """log p(x, z|y) - log q(z|x, y) [B] in nats, for one z ~ q(z|x, y).

        `gaussians` are mean and log variance of q(z|x, y), then of p(z|y), each [B, z].
        """
        posterior, prior = gaussians[:2], gaussians[2:]
        z = self._drawn(noise, *posterior)
        return (
            self.log_likelihood(images, self.decoder(z, y))
            + losses.gaussian_log_likelihood(z, *prior)
            - losses.gaussian_log_likelihood(z, *posterior)
        )

    def importance_weighted_bound(self, images, k, noise, y):
        """log 1/k Σ p(x, z_i|y) / q(z_i|x, y) [B], which grows with k towards log p(x|y); see
        `VAE.importance_weighted_bound`.

        Args:
            images: float32 [B, H, W, C] in the model's range.
            k: number of importance samples, an integer of at least 1.
            noise: the `zoo.noise.Noise` of the batch.
            y: float32 [B, d].
        """
        posterior = tf.split(self.encoder(images, y), 2, axis=-1)
        given = (images, y, *posterior, *self.decoder.prior(y))
        return bound.importance_weighted(self.log_weight, given, k, noise)

    def encode(self, images, condition=None):
        """Pictures in [0, 1] -> (mean, log variance) of q(z|x, y), each [B, z]; averaged weights.

        Both are told in the latents that `generate` takes, in which p(z|y) is N(0, I).
        """
        y = self.conditions(condition, tf.shape(images)[0])
        with self.ema_scope():
            both = self.encoder(self.data_spec.from_unit(images), y)
            prior_mean, prior_log_variance = self.decoder.prior(y)
        mean, log_variance = tf.split(both, 2, axis=-1)
        scale = tf.exp(-0.5 * prior_log_variance)
        return (mean - prior_mean) * scale, log_variance - prior_log_variance

    def generate(self, latents, condition=None):
        """The mean of p(x|z, y), in [0, 1], for the z of p(z|y) that standard normal latents stand
        for; averaged weights.  Quadrants that are given stay as they are."""
        y = self.conditions(condition, tf.shape(latents)[0])
        with self.ema_scope():
            mean, log_variance = self.decoder.prior(y)
            parameters = self.decoder(mean + tf.exp(0.5 * log_variance) * latents, y)
        return self._completed(self.mean_picture(parameters), y)

    def guess(self, condition):
        """The baseline's mean picture, in [0, 1], of given quadrants; averaged weights."""
        y = self.conditions(condition, len(condition))
        with self.ema_scope():
            parameters = self.decoder.baseline(y)
        return self._completed(self.mean_picture(parameters), y)

    def _completed(self, picture, y):
        """The picture with the pixels that are given, where quadrants are."""
        if not self._quadrants:
            return picture
        visible = self.data_spec.visible_pixels()
        return visible * tf.reshape(y, [-1, *self.data_spec.shape]) + (1.0 - visible) * picture

    @property
    def _quadrants(self):
        return self.data_spec.condition == "quadrants"

    def _drawn_z(self, images, noise, y):
        """Returns one z ~ q(z|x, y), and (mean, log variance) of q(z|x, y) and of p(z|y)."""
        posterior = tf.split(self.encoder(images, y), 2, axis=-1)
        return self._drawn(noise, *posterior), posterior, self.decoder.prior(y)

    def _drawn(self, noise, mean, log_variance):
        return mean + tf.exp(0.5 * log_variance) * noise.normal((self.config.latent,))


def build(config, data_spec, steps=None, **compile_options):
    """Returns a compiled `CVAE` for a run of so many steps; call it inside the strategy's scope."""
    model = CVAE(config, data_spec)
    model.compile(optimizers.of(config, steps), **compile_options)
    return model
