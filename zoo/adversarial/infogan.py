"""InfoGAN (Chen et al. 2016, arXiv:1606.03657).

    min_{G,Q} max_D  V(D, G) - λ L_I(G, Q)                                                (eq. 6)
    L_I(G, Q) = H(c) + E_{c, x ~ G(z, c)}[log Q(c|x)]  ≤  I(c; G(z, c))                   (eq. 5)

Latents are noise z and codes c: classes, and numbers uniform on [-1, 1].  Q reads the codes off a
generated picture, by D's trunk and a head of its own; no label is used.  Q's share of the trunk
learns with D, so the information term stands in both losses.

Where this differs from the paper: D and G are fed anew drawn latents in turn, and G takes -log D by
default, both as in the authors' code; a continuous code is Gaussian to Q with a deviation of 1, as
their code has it for MNIST; pictures in [-1, 1], as DCGAN's, where their code has [0, 1] (early
generated pictures are all alike then, and BatchNorm's variance drowns in rounding); sizes follow
the data (`networks.infogan`).
"""

import dataclasses
import math

import tensorflow as tf

from zoo import losses
from zoo.adversarial import base
from zoo.config import UserError, default, setting
from zoo.networks import infogan
from zoo.training import optimizers

DATA = {"range": "symmetric"}


@dataclasses.dataclass(frozen=True)
class Config(base.NamedLoss, base.Settings):
    """Appendix C.1 of the paper, for MNIST; z is uniform on [-1, 1]."""

    batch_size: int = default(base.Settings, "batch_size", 128)
    latent: int = setting(62, "size of z, the noise beside the codes", low=1)
    categorical: tuple = setting((10,), "classes of each categorical code", low=2)
    continuous: int = setting(2, "number of codes uniform on [-1, 1]", low=0)
    information: float = setting(1.0, "λ: weight of L_I in both losses", low=0)
    channels: int = setting(64, "next to the picture, doubled with every halving", low=1)
    hidden: int = setting(1024, "units of D's and G's dense layer at MNIST's size", low=1)
    hidden_q: int = setting(128, "units of Q's at MNIST's size", low=1)
    learning_rate: float = setting(2e-4, "step size of D and Q", above=0)
    generator_learning_rate: float = setting(1e-3, "step size of G", above=0)

    def __post_init__(self):
        if not self.categorical and not self.continuous:
            raise UserError("an InfoGAN needs a code: set categorical=10, continuous=2 or both.")


class InfoGAN(base.TwoNetworks):
    """The loop of information maximization."""

    modalities = ("images",)
    metric_names = ("d_loss", "g_loss", "information_categorical", "information_continuous")

    @property
    def prior(self):
        """z, then each categorical code, then the continuous ones."""
        classes = [("categorical", count) for count in self.config.categorical]
        numbers = [("symmetric", self.config.continuous)] if self.config.continuous else []
        return (("symmetric", self.config.latent), *classes, *numbers)

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator with Q)."""
        config, spec = self.config, self.data_spec
        build = {"initializers": initializers, "dtype": dtype}
        return (
            infogan.Generator(spec, self.latent, config.channels, config.hidden, **build),
            infogan.Discriminator(
                spec, config.channels, config.hidden, config.hidden_q, self.latent - config.latent,
                **build,
            ),
        )  # fmt: skip

    def train_step(self, data):
        """One step of D and Q, one of G, each with L_I in its loss."""
        batch, loss = self.batch(data), losses.ADVERSARIAL[self.config.loss]
        noise, weight = self.noise(batch), self.config.information

        z = self.latents(noise)
        fakes = self.generator(z, training=True)
        with tf.GradientTape() as tape:
            real, _ = self.discriminator(batch.x, training=True)
            fake, features = self.discriminator(fakes, training=True)
            information = self.information(z, features, training=True)
            d_loss = loss.discriminator(real, fake) - weight * sum(information)
            d_mean = self.replica_mean(d_loss)
        self.minimize(self.discriminator_optimizer, tape, d_mean, self.discriminator)

        z = self.latents(noise)
        with tf.GradientTape() as tape:
            fakes = self.generator(z, training=True)
            source, features = self.discriminator(fakes, training=True)
            information = self.information(z, features, training=True)
            g_loss = loss.generator(source) - weight * sum(information)
            g_mean = self.replica_mean(g_loss)
        self.minimize(self.generator_optimizer, tape, g_mean, self.generator)

        logs = dict(zip(self.metric_names, (d_loss, g_loss, *information), strict=True))
        return {k: tf.reduce_mean(v) for k, v in (logs | loss.report(real, fake)).items()}

    def test_step(self, data):
        """Both losses and the two parts of L_I, per example [B]."""
        batch, loss = self.batch(data), losses.ADVERSARIAL[self.config.loss]
        z = self.latents(self.evaluation_noise(batch))
        real, _ = self.discriminator(batch.x)
        fake, features = self.discriminator(self.generator(z))
        information = self.information(z, features)
        both = self.config.information * sum(information)
        found = loss.discriminator(real, fake) - both, loss.generator(fake) - both, *information
        return dict(zip(self.metric_names, found, strict=True))

    def information(self, latents, features, training=False):
        """L_I in nats, (of categorical codes [B], of continuous ones [B]).

        Args:
            latents: float32 [B, z], from which pictures were drawn.
            features: float32 [B, n], of D's trunk for these pictures.
        """
        guesses = self.discriminator.recognize(features, training=training)
        categorical = continuous = tf.zeros_like(guesses[:, 0])
        widths = [width for _, width in self.prior]
        _, *codes = tf.split(latents, widths, axis=-1)
        parts = zip(self.prior[1:], codes, tf.split(guesses, widths[1:], axis=-1), strict=True)
        for (kind, width), code, guess in parts:
            if kind == "categorical":
                categorical += math.log(width) - losses.class_cross_entropy(code, guess)
            else:
                of_unit = losses.gaussian_log_likelihood(code, guess, tf.zeros_like(guess))
                continuous += width * math.log(2.0) + of_unit
        return categorical, continuous

    def recognize(self, images):
        """Returns what Q takes pictures for, a list with an entry for each part of the codes.

        Args:
            images: float32 [B, H, W, C] in [0, 1], real or generated.

        Returns:
            float32 [B, classes], probabilities, for each categorical code; float32 [B, continuous],
            means, for the continuous ones together.
        """
        _, features = self.discriminator(self.data_spec.from_unit(images))
        guesses = self.discriminator.recognize(features)
        parts = tf.split(guesses, [width for _, width in self.prior[1:]], axis=-1)
        kinds = [kind for kind, _ in self.prior[1:]]
        return [
            tf.nn.softmax(part) if kind == "categorical" else part
            for kind, part in zip(kinds, parts, strict=True)
        ]

    def score(self, x):
        """The discriminator's logit [B]."""
        return self.discriminator(x)[0]


def build(config, data_spec, steps=None, **compile_options):
    """Returns a compiled `InfoGAN`; call it inside the strategy's scope."""
    model = InfoGAN(config, data_spec)
    generators = dataclasses.replace(config, learning_rate=config.generator_learning_rate)
    model.compile(optimizers.of(config, steps), optimizers.of(generators, steps), **compile_options)
    return model
