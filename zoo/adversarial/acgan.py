"""Auxiliary classifier GAN (Odena et al. 2016, arXiv:1610.09585).

    L_S = E[log P(S = real | x)] + E[log P(S = fake | G(z, c))]                            (eq. 2)
    L_C = E[log P(C = c | x)] + E[log P(C = c | G(z, c))]                                  (eq. 3)

D is maximized over L_S + L_C and G over L_C - L_S: D has two heads, the source S and the class C,
and is not told the class.  Classes c of generated pictures are drawn anew, all equally likely.

Where this differs from the paper: G's part of L_S is -log P(S = real) by default, and the paper's
with ``--config.loss=minimax``; no noise on D's activations; the layers are those for 32x32 (its
appendix A, CIFAR-10), fewer and narrower on smaller pictures.
"""

import dataclasses

import keras
import tensorflow as tf

from zoo import losses, priors
from zoo.adversarial import base
from zoo.config import setting
from zoo.networks import dcgan
from zoo.networks.mlp import drop, flat
from zoo.networks.network import Network, sequential

DATA = {"range": "symmetric", "condition": "label"}


@dataclasses.dataclass(frozen=True)
class Config(base.NamedLoss, base.Settings):
    """Appendix A of the paper; z ~ N(0, I)."""

    channels: int = setting(192, "of G next to a 64x64 picture, doubled with every halving", low=1)
    d_channels: int = setting(16, "of D's first layer, doubled with every other layer", low=1)
    dropout: float = setting(0.5, "on D's layers", low=0, high=0.99)


class Discriminator(Network):
    """Picture [B, H, W, C] -> (source logit [B], class logits [B, K])."""

    def __init__(self, data_spec, channels, dropout, initializers, dtype):
        super().__init__()
        self._dropout, self.blocks = dropout, []
        shape = (None, *data_spec.shape)
        for i in range(2 * dcgan.stages(data_spec)):
            normal = i > 0
            conv = keras.layers.Conv2D(
                channels * 2**i, 3, 1 if i % 2 else 2, "same", data_format="channels_last",
                use_bias=not normal, dtype=dtype,
                kernel_initializer=initializers.normal(0.02),
            )  # fmt: skip
            norm = [dcgan.batch_norm(initializers, dtype)] if normal else []
            self.blocks.append(sequential(shape[1:], conv, *norm))
            shape = self.blocks[-1].compute_output_shape(shape)
        self.source, self.classes = (
            keras.layers.Dense(units, kernel_initializer=initializers.normal(0.02), dtype="float32")
            for units in (1, data_spec.classes)
        )
        for head in (self.source, self.classes):
            head.build((None, shape[1] * shape[2] * shape[3]))
        self.built = True

    def call(self, x, condition=None, noise=None, training=False):
        """Returns (source [B], classes [B, K]); with a `noise`, with dropout."""
        features = self.joined(x, condition)
        for block in self.blocks:
            # Dropout and LeakyReLU give the same in either order; in this one TensorFlow's graph
            # optimizer does not fail on the first convolution's gradient.
            features = drop(block(features, training=training), self._dropout, noise)
            features = tf.nn.leaky_relu(features, 0.2)
        features = flat(features)
        return self.source(features)[:, 0], self.classes(features)


class ACGAN(base.TwoNetworks):
    """The auxiliary classifier's loop."""

    modalities = ("images",)
    conditional = "always"
    condition_kinds = ("label",)
    metric_names = ("d_loss", "g_loss", "class_real", "class_fake")

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator)."""
        config, spec = self.config, self.data_spec
        build = {"initializers": initializers, "dtype": dtype}
        return (
            dcgan.Generator(
                spec, self.latent, config.channels, "paper", condition_size=spec.classes, **build
            ),
            Discriminator(spec, config.d_channels, config.dropout, **build),
        )

    def train_step(self, data):
        """One step of D up L_S + L_C, one of G up L_C - L_S."""
        batch, loss = self.batch(data), losses.ADVERSARIAL[self.config.loss]
        noise = self.noise(batch)
        training = {"noise": noise, "training": True}

        c = self.classes(noise)
        fakes = self.generator(self.latents(noise), c, **training)
        with tf.GradientTape() as tape:
            real, real_class = self.discriminator(batch.x, **training)
            fake, fake_class = self.discriminator(fakes, **training)
            class_real = losses.class_cross_entropy(batch.y, real_class)
            class_fake = losses.class_cross_entropy(c, fake_class)
            d_loss = loss.discriminator(real, fake) + class_real + class_fake
            d_mean = self.replica_mean(d_loss)
        self.minimize(self.discriminator_optimizer, tape, d_mean, self.discriminator)

        z, c = self.latents(noise), self.classes(noise)
        with tf.GradientTape() as tape:
            fakes = self.generator(z, c, **training)
            source, fake_class = self.discriminator(fakes, **training)
            g_loss = loss.generator(source) + losses.class_cross_entropy(c, fake_class)
            g_mean = self.replica_mean(g_loss)
        self.minimize(self.generator_optimizer, tape, g_mean, self.generator)

        logs = {"d_loss": d_loss, "g_loss": g_loss} | loss.report(real, fake)
        logs |= {"class_real": class_real, "class_fake": class_fake}
        return {name: tf.reduce_mean(value) for name, value in logs.items()}

    def test_step(self, data):
        """The losses without dropout, and the parts of L_C, per example [B]."""
        batch, loss = self.batch(data), losses.ADVERSARIAL[self.config.loss]
        noise = self.evaluation_noise(batch)
        z, c = self.latents(noise), self.classes(noise)
        real, real_class = self.discriminator(batch.x)
        fake, fake_class = self.discriminator(self.generator(z, c))
        class_real = losses.class_cross_entropy(batch.y, real_class)
        class_fake = losses.class_cross_entropy(c, fake_class)
        return {
            "d_loss": loss.discriminator(real, fake) + class_real + class_fake,
            "g_loss": loss.generator(fake) + class_fake,
            "class_real": class_real,
            "class_fake": class_fake,
        }

    def classes(self, noise):
        """Returns classes for generated pictures, one-hot [B, K], all equally likely."""
        return priors.draw(noise, (("categorical", self.data_spec.classes),))

    def score(self, x):
        """The source's logit [B]."""
        return self.discriminator(x)[0]


def build(config, data_spec, **compile_options):
    """Returns a compiled `ACGAN`; call it inside the strategy's scope."""
    return base.compiled(ACGAN(config, data_spec), **compile_options)
