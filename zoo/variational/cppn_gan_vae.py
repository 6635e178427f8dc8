"""Pattern-producing GAN and VAE (otoro, "Generating Large Images from Latent Vectors", 2016).

    L_VAE = -ELBO(x) / pixels     L_G = L_VAE - log D(x̃)     L_D = -½ log D(x) - ½ log(1 - D(x̃))

A pixel is a function of z and of its own place; x̃ is what becomes of x through z ~ q(z|x).  Encoder
and decoder descend L_VAE, then L_G, by an optimizer for each.  A rule keeps D and G balanced: in a
step G is updated until -log D(x̃) is low enough, and D only where neither is much ahead.  The means
of the global batch decide, so that replicas do the same.

One z gives pictures of any size and window: see `draw`, `tile` and docs/sampling.md.

Where this differs from the author's code, whose settings these are: one draw of x̃ decides whether D
is updated and is in its update, where the code draws another; D's moving statistics, which
evaluation uses, follow the updates of D that are taken (the code has none).  The code crops MNIST
to 26x26 at random; here a picture is what the data has, and ``--data.image_size=26`` resizes it.
A Gaussian decoder can be chosen, see `vae`.
"""

import dataclasses

import keras
import tensorflow as tf

from zoo import losses
from zoo.config import UserError, default, setting
from zoo.networks import cppn, dcgan
from zoo.places import WHOLE
from zoo.training import inputs, optimizers
from zoo.variational import vae


@dataclasses.dataclass(frozen=True)
class Config(optimizers.Settings):
    """The author's settings for MNIST."""

    batch_size: int = default(optimizers.Settings, "batch_size", 500)
    latent: int = setting(32, "size of z", low=1)
    hidden: tuple = setting((512, 512), "encoder's softplus layers", low=1)
    units: int = setting(128, "width of the decoder's layers", low=1)
    depth: int = setting(3, "the decoder's tanh layers", low=1)
    scale: float = setting(8.0, "what places, within ±1, and z are multiplied by", above=0)
    channels: int = setting(24, "of D's first layer, doubled with every halving", low=1)
    decoder: str = setting("bernoulli", "p(x|z)", choices=("bernoulli", "gaussian"))
    vae_steps: int = setting(4, "updates down L_VAE in a step", low=1)
    generator_steps: int = setting(4, "updates down L_G in a step, at most", low=1)
    generator_enough: float = setting(0.6, "they end where -log D(x̃) is below it", low=0)
    discriminator_above: float = setting(0.6, "D is updated where L_D is above it", low=0)
    generator_below: float = setting(0.75, "and -log D(x̃) below it", low=0)
    learning_rate: float = setting(1e-3, "step size down L_VAE", above=0)
    generator_learning_rate: float = setting(5e-3, "step size down L_G", above=0)
    discriminator_learning_rate: float = setting(1e-3, "step size of D", above=0)
    beta_1: float = default(optimizers.Settings, "beta_1", 0.65)

    def __post_init__(self):
        if self.decay != "none":
            raise UserError(
                "a rate falls with the number of updates, and this model skips some: leave "
                "--config.decay out."
            )


class CPPNGANVAE(vae.VAE):
    """The loop of a VAE and a GAN that share a decoder, with the balancing rule."""

    metric_names = (*vae.VAE.metric_names, "d_loss", "g_loss")
    any_size = True

    def networks(self, initializers, dtype):
        """Returns (q(z|x), p(x|z)), and makes D beside them."""
        config, spec = self.config, self.data_spec
        build = {"initializers": initializers, "dtype": dtype}
        maps = 1 + (config.decoder == "gaussian")
        encoder = cppn.Encoder(spec, self.latent, config.hidden, **build)
        decoder = cppn.Decoder(
            spec, self.latent, config.units, config.depth, config.scale, maps, **build
        )
        self.discriminator = dcgan.Discriminator(
            spec, config.channels, "paper", halvings=3, **build
        )
        return encoder, decoder

    def compile(self, vae_optimizer, generator_optimizer, discriminator_optimizer, **kwargs):
        """See `VAE.compile`; the other two optimizers are built here."""
        super().compile(vae_optimizer, **kwargs)
        drawn, _ = super().optimizers()["elbo"]
        self.generator_optimizer = self.build_optimizer(generator_optimizer, drawn)
        self.discriminator_optimizer = self.build_optimizer(
            discriminator_optimizer, self.discriminator.trainable_variables
        )
        self.sampled_by(self.generator_optimizer, drawn)  # the last that moves them in a step

    def optimizers(self):
        """One for each loss; encoder and decoder have two."""
        drawn, vae_optimizer = super().optimizers()["elbo"]
        return {
            "vae": (drawn, vae_optimizer),
            "generator": (drawn, self.generator_optimizer),
            "discriminator": (self.discriminator.trainable_variables, self.discriminator_optimizer),
        }

    def train_step(self, data):
        """Updates down L_VAE, down L_G until it is enough, and down L_D where that is due."""
        batch, config = self.batch(data), self.config
        noise, adversarial = self.noise(batch), losses.NON_SATURATING

        for _ in range(config.vae_steps):
            with tf.GradientTape() as tape:
                _, reconstruction, kl = self.rebuilt(batch.x, noise)
                loss = self.replica_mean((kl - reconstruction) / self.pixels)
            self.minimize(self.elbo_optimizer, tape, loss, self.encoder, self.decoder)

        due, g_loss, g_steps = tf.constant(True), tf.constant(0.0), tf.constant(0.0)
        for _ in range(config.generator_steps):
            with tf.GradientTape() as tape, keras.StatelessScope():
                fakes, reconstruction, kl = self.rebuilt(batch.x, noise)
                told = adversarial.generator(self.discriminator(fakes, training=True))
                loss = self.replica_mean(told + (kl - reconstruction) / self.pixels)
            self.minimize(
                self.generator_optimizer, tape, loss, self.encoder, self.decoder, when=due
            )
            g_loss = tf.where(due, self.global_mean(told), g_loss)
            g_steps += tf.cast(due, tf.float32)
            due = g_loss >= config.generator_enough

        fakes, reconstruction, kl = self.rebuilt(batch.x, noise)
        with tf.GradientTape() as tape, keras.StatelessScope() as scope:
            real = self.discriminator(batch.x, training=True)
            fake = self.discriminator(fakes, training=True)
            told = 0.5 * adversarial.discriminator(real, fake)
            loss = self.replica_mean(told)
        d_loss = self.global_mean(told)
        due = tf.logical_and(d_loss > config.discriminator_above, g_loss < config.generator_below)
        self.minimize(self.discriminator_optimizer, tape, loss, self.discriminator, when=due)
        for statistic in self.discriminator.non_trainable_weights:  # which the scope kept back
            statistic.assign(tf.where(due, scope.get_current_value(statistic), statistic))

        terms = {"elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl}
        balance = {"d_loss": d_loss, "g_loss": g_loss, "g_steps": g_steps}
        balance["d_steps"] = tf.cast(due, tf.float32)
        return {name: tf.reduce_mean(value) for name, value in terms.items()} | balance

    def test_step(self, data):
        """The ELBO in nats and its two terms, L_D and -log D(x̃), per example [B]."""
        batch, adversarial = self.batch(data), losses.NON_SATURATING
        fakes, reconstruction, kl = self.rebuilt(batch.x, self.evaluation_noise(batch))
        real, fake = self.discriminator(batch.x), self.discriminator(fakes)
        terms = {"elbo": reconstruction - kl, "reconstruction": reconstruction, "kl": kl}
        d_loss = 0.5 * adversarial.discriminator(real, fake)
        return terms | {"d_loss": d_loss, "g_loss": adversarial.generator(fake)}

    def rebuilt(self, images, noise):
        """Returns (x̃, the mean of p(x|z) for one z ~ q(z|x); log p(x|z); KL(q(z|x) || p(z))), the
        last two [B], in nats."""
        mean, log_variance = tf.split(self.encoder(images), 2, axis=-1)
        z = mean + tf.exp(0.5 * log_variance) * noise.normal((self.config.latent,))
        parameters = self.decoder(z)
        fakes = self.data_spec.from_unit(self.mean_picture(parameters))
        kl = losses.gaussian_kl(mean, log_variance)
        return fakes, self.log_likelihood(images, parameters), kl

    @property
    def pixels(self):
        """What an ELBO is divided by to be weighed against D."""
        height, width, _ = self.data_spec.shape
        return height * width

    def sample(self, num, seed=0, condition=None, size=None, window=WHOLE):
        """See `GenerativeModel.sample`; given a size, and with it a window, see `draw`."""
        latents = self.sampling_latents(num, seed)
        return self.generate(latents) if size is None else self.draw(latents, size, window)

    def draw(self, latents, size, window=WHOLE):
        """Draws pictures of any size, in [0, 1]; averaged weights.

        Args:
            latents: float32 [B, z].
            size: pixels of the longer side, an integer or an int32 scalar.
            window: (x0, y0, x1, y1), the places of the first and of the last pixel; a trained
                picture is (-1, -1, 1, 1).
        """
        with self.ema_scope():
            return self.mean_picture(self.decoder.draw(latents, size, window))

    def tile(self, latents, windows):
        """Draws a part of each picture, [B, TILE, TILE, C] in [0, 1], from latents [B, z] and
        windows [B, 4], as of `draw`; averaged weights."""
        with self.ema_scope():
            return self.mean_picture(self.decoder.tile(latents, windows))

    def signatures(self):
        """Those of the VAE; `sample` takes a size, where it can, and `tile` draws a part."""

        def sample(num, seed, size):
            return {"images": self.sample(num, seed, size=size)}

        def tile(latents, window):
            return {"images": self.tile(latents, window)}

        return {
            **super().signatures(),
            "sample": (sample, [inputs.NUM, inputs.SEED, inputs.SIZE]),
            "tile": (tile, [inputs.latents(self), inputs.WINDOW]),
        }


def build(config, data_spec, steps=None, **compile_options):
    """Returns a compiled `CPPNGANVAE`; call it inside the strategy's scope."""
    model = CPPNGANVAE(config, data_spec)
    rates = ("learning_rate", "generator_learning_rate", "discriminator_learning_rate")
    model.compile(
        *(
            optimizers.of(dataclasses.replace(config, learning_rate=getattr(config, rate)))
            for rate in rates
        ),
        **compile_options,
    )
    return model
