"""Auto-encoding variational Bayes (Kingma and Welling 2013, arXiv:1312.6114).

    ELBO(x) = E_q(z|x)[log p(x|z)] - KL(q(z|x) || N(0, I))                        (eq. 7, 10)

One sample of z per picture through z = mean + deviation * noise, and the KL term in closed form.

Where this differs from the paper: no prior on the weights (its N(0, I), a small weight decay);
Glorot weights for its N(0, 0.01); layers narrower on data smaller than MNIST
(`networks.mlp.scaled`).  A Gaussian decoder's variance is at least that of the data's own
rounding, (1 / (levels - 1))**2 / 12, or a pixel that never changes would drive the bound to
infinity.  On gray pictures the Bernoulli decoder takes gray values as probabilities, as the paper
did: a loss, but no likelihood; binarize the data for one.
"""

import dataclasses
import math

import keras
import tensorflow as tf

from zoo import losses
from zoo.config import UserError, default, setting
from zoo.networks import conv, mlp
from zoo.networks.initializers import Initializers
from zoo.training import inputs, optimizers
from zoo.training.model import GenerativeModel
from zoo.variational import bound


@dataclasses.dataclass(frozen=True)
class Config(optimizers.Settings):
    """Section 5 of the paper, for MNIST."""

    batch_size: int = default(optimizers.Settings, "batch_size", 100)
    latent: int = setting(20, "size of z", low=1)
    network: str = setting("mlp", "encoder and decoder", choices=("mlp", "conv"))
    hidden: tuple = setting(
        (500,), "tanh layers of the encoder at MNIST's size, the decoder's mirrored", low=1
    )
    channels: int = setting(32, "first-stage channels of the conv networks", low=1)
    decoder: str = setting("bernoulli", "p(x|z)", choices=("bernoulli", "gaussian"))
    optimizer: str = default(optimizers.Settings, "optimizer", "adagrad")
    learning_rate: float = setting(0.02, "the paper chose among 0.01, 0.02, 0.1", above=0)


class VAE(GenerativeModel):
    """The ELBO loop."""

    metric_names = ("elbo", "reconstruction", "kl")

    def __init__(self, config, data_spec):
        super().__init__(config, data_spec)
        if config.decoder == "bernoulli" and data_spec.range != "unit":
            raise UserError(
                "a Bernoulli decoder needs pictures in [0, 1]: pass --data.range=unit or "
                "--config.decoder=gaussian."
            )
        self.encoder, self.decoder = self.networks(Initializers(config.seed), self.hidden_dtype)
        self.built = True

    def networks(self, initializers, dtype):
        """Returns (x -> mean and log variance of q(z|x), z -> parameters of p(x|z))."""
        config, spec = self.config, self.data_spec
        maps = 2 if config.decoder == "gaussian" else 1
        build = {"initializers": initializers, "dtype": dtype}
        if config.network == "conv":
            return (
                conv.encoder(spec, config.channels, 2 * self.latent, **build),
                conv.decoder(spec, self.latent, config.channels, maps=maps, **build),
            )
        widths = [mlp.scaled(units, spec) for units in config.hidden]
        return (
            mlp.encoder(spec, widths, "tanh", 2 * self.latent, **build),
            mlp.decoder(spec, self.latent, widths[::-1], "tanh", maps=maps, **build),
        )

    def compile(self, optimizer, **kwargs):
        """See `GenerativeModel.compile`; the optimizer is built here."""
        super().compile(**kwargs)
        variables = self.encoder.trainable_variables + self.decoder.trainable_variables
        self.elbo_optimizer = self.build_optimizer(optimizer, variables)
        self.sampled_by(self.elbo_optimizer, variables)

    def optimizers(self):
        """Encoder and decoder climb the same bound together."""
        variables = self.encoder.trainable_variables + self.decoder.trainable_variables
        return {"elbo": (variables, self.elbo_optimizer)}

    def train_step(self, data):
        """One step up the gradient of the ELBO's estimate (Algorithm 1 with L = 1)."""
        batch = self.batch(data)
        noise = self.noise(batch)
        with tf.GradientTape() as tape:
            reconstruction, kl = self.terms(batch.x, noise)
            loss = self.replica_mean(kl - reconstruction)
        self.minimize(self.elbo_optimizer, tape, loss, self.encoder, self.decoder)
        return {
            "elbo": tf.reduce_mean(reconstruction - kl),
            "reconstruction": tf.reduce_mean(reconstruction),
            "kl": tf.reduce_mean(kl),
        }

    def test_step(self, data):
        """The ELBO in nats and its two terms, per example [B]."""
        batch = self.batch(data)
        reconstruction, kl = self.terms(batch.x, self.evaluation_noise(batch))
        return {"elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl}

    def terms(self, images, noise):
        """Returns (log p(x|z) for one z ~ q(z|x), KL(q(z|x) || p(z))), each [B], in nats."""
        mean, log_variance = tf.split(self.encoder(images), 2, axis=-1)
        z = mean + tf.exp(0.5 * log_variance) * noise.normal((self.config.latent,))
        return self.log_likelihood(images, self.decoder(z)), losses.gaussian_kl(mean, log_variance)

    def log_likelihood(self, images, parameters):
        """log p(x|z) [B] from the decoder's output."""
        if self.config.decoder == "bernoulli":
            return losses.bernoulli_log_likelihood(images, parameters)
        mean, log_variance = self._gaussian(parameters)
        return losses.gaussian_log_likelihood(images, mean, log_variance)

    @property
    def bounds_likelihood(self):
        """Whether p(x|z) is a likelihood: gray values as a Bernoulli's probabilities give none."""
        return self.config.decoder == "gaussian" or self.data_spec.levels == 2

    def importance_weighted_bound(self, images, k, noise):
        """log 1/k Σ p(x, z_i) / q(z_i|x) [B] in nats, see `zoo.variational.bound`.

        Args:
            images: float32 [B, H, W, C] in the model's range.
            k: number of importance samples, an integer of at least 1.
            noise: the `zoo.noise.Noise` of the batch.
        """
        mean, log_variance = tf.split(self.encoder(images), 2, axis=-1)
        given = (images, mean, log_variance)
        return bound.importance_weighted(self.log_weight, given, k, noise)

    def log_weight(self, noise, images, mean, log_variance):
        """log p(x, z) - log q(z|x) [B] for one z ~ q(z|x) = N(mean, variance), [B, z] each."""
        z = mean + tf.exp(0.5 * log_variance) * noise.normal((self.config.latent,))
        return (
            self.log_likelihood(images, self.decoder(z))
            + losses.gaussian_log_likelihood(z, 0.0, tf.zeros_like(z))
            - losses.gaussian_log_likelihood(z, mean, log_variance)
        )

    def encode(self, images):
        """Pictures in [0, 1] -> (mean, log variance) of q(z|x), each [B, z]; averaged weights."""
        with self.ema_scope():
            return tf.split(self.encoder(self.data_spec.from_unit(images)), 2, axis=-1)

    def generate(self, latents, condition=None):
        """The mean of p(x|z), in [0, 1]; averaged weights."""
        with self.ema_scope():
            return self.mean_picture(self.decoder(latents))

    def mean_picture(self, parameters):
        """The mean of p(x|z), in [0, 1], from the decoder's output."""
        if self.config.decoder == "bernoulli":
            return tf.sigmoid(parameters)
        return self.data_spec.to_unit(self._gaussian(parameters)[0])

    def reconstruct(self, images, *condition):
        """Pictures in [0, 1] -> the decoder's mean at the encoder's mean."""
        return self.generate(self.encode(images, *condition)[0], *condition)

    def signatures(self):
        """`generate`, `sample`, and the VAE's `encode`, `decode`, `reconstruct`."""
        given = inputs.conditions(self.data_spec)

        def drawn(rows, seed):
            return self.sample(rows, seed, *(one.example(rows, seed) for one in given)).numpy()

        # Its own pictures, not noise: int8 activations take their ranges from them.
        about = "pictures, rows first, channels last"
        images = inputs.unit("images", self.data_spec.shape, about, example=drawn)

        def encode(images, *condition):
            mean, log_variance = self.encode(images, *condition)
            return {"mean": mean, "log_variance": log_variance}

        def reconstruct(images, *condition):
            return {"images": self.reconstruct(images, *condition)}

        common = super().signatures()
        return {
            **common,
            "encode": (encode, [images, *given]),
            "decode": common["generate"],
            "reconstruct": (reconstruct, [images, *given]),
        }

    def _gaussian(self, parameters):
        """(mean in the data's range, log variance bounded below by the data's rounding)."""
        mean, log_variance = tf.split(parameters, 2, axis=-1)
        mean = keras.activations.get(self.data_spec.output_activation)(mean)
        width = {"unit": 1.0, "symmetric": 2.0}[self.data_spec.range]
        floor = math.log((width / (self.data_spec.levels - 1)) ** 2 / 12)
        return mean, floor + tf.nn.softplus(log_variance - floor)


def build(config, data_spec, steps=None, **compile_options):
    """Returns a compiled `VAE` for a run of so many steps; call it inside the strategy's scope."""
    model = VAE(config, data_spec)
    model.compile(optimizers.of(config, steps), **compile_options)
    return model
