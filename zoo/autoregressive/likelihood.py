"""The likelihood loop and the plain sampler of the PixelRNN family (1601.06759).

    log p(x) = Σ_i log p(x_i | x_1, …, x_(i-1))                                              (eq. 1)

pixels in raster order, and of each pixel R, then G given R, then B given both (eq. 2).  A factor is
a softmax over a color's levels, or the logit of one of two.  The likelihood is exact, in nats;
bits per dimension are nats / (H W C log 2).

Where this differs from the paper, in all of the family: skip connections to the end are an option
(``--config.skip``), in the paper all networks have them; Glorot weights; the forget gates' biases
begin at 1; the residual blocks of PixelCNN apply ReLU before each convolution.  The gradient is
that of nats per dimension, so that a learning rate does not depend on the size of the pictures.
"""

import dataclasses
import math

import tensorflow as tf

from zoo import losses
from zoo.autoregressive import cached, pixelwise
from zoo.config import UserError, default, setting
from zoo.networks.initializers import Initializers
from zoo.networks.masked import PixelNetwork
from zoo.training import optimizers

DATA = {"range": "symmetric"}  # so that zeros around a picture are no level of it


@dataclasses.dataclass(frozen=True)
class Config(optimizers.Settings):
    """Section 5 of the paper."""

    batch_size: int = default(optimizers.Settings, "batch_size", 16)
    channels: int = setting(
        0, "h: a block's input has 2h features; 0: 128 in color, 32 in gray", low=0
    )
    blocks: int = setting(
        0, "residual blocks; 0: PixelCNN 15 in color and 7 in gray, Row LSTM 12 and 3, "
        "Diagonal BiLSTM 12 and 1", low=0,
    )  # fmt: skip
    ends: int = setting(
        0, "features of the two layers before the last; 0: 1024 in color, 32 in gray", low=0
    )
    skip: bool = setting(False, "every block leads to the end too, by a 1x1 convolution")
    optimizer: str = default(optimizers.Settings, "optimizer", "rmsprop")


class Likelihood(pixelwise.Pixelwise):
    """The likelihood loop; a model gives `block` and its `steps`.

    Attributes:
        block: the class of a layer of its `networks`.
        likelihood_of: what `log_prob` is the probability of.
    """

    metric_names = ("nll", "bits_per_dim")
    likelihood_of = "the picture"
    block = None
    color, gray = (128, 12), None  # (h, blocks) on pictures in color, and in gray

    def __init__(self, config, data_spec):
        super().__init__(config, data_spec)
        if data_spec.dequantized:
            raise UserError(
                "a PixelRNN draws levels, and dequantized pictures have none: leave "
                "--data.dequantize out."
            )
        self.networks = self.made_networks(Initializers(config.seed))
        self.built = True

    def made_networks(self, initializers):
        """Returns `networks`."""
        return [self.network(initializers)]

    def network(self, initializers, condition=0):
        """Returns one `PixelNetwork` of the configured size."""
        config, in_color = self.config, self.data_spec.shape[-1] > 1
        channels, blocks = self.color if in_color else self.gray
        return PixelNetwork(
            self.data_spec, self.block, config.channels or channels, config.blocks or blocks,
            config.ends or (1024 if in_color else 32), config.skip, condition, initializers,
            self.config.precision,
        )  # fmt: skip

    def compile(self, optimizer, **kwargs):
        """See `GenerativeModel.compile`; the optimizer is built here."""
        super().compile(**kwargs)
        self.likelihood_optimizer = self.build_optimizer(optimizer, self.trainable_variables)
        self.sampled_by(self.likelihood_optimizer, self.trainable_variables)

    def optimizers(self):
        """All weights climb one likelihood."""
        return {"likelihood": (self.trainable_variables, self.likelihood_optimizer)}

    def train_step(self, data):
        """One step down the gradient of -log p(x)."""
        batch = self.batch(data)
        with tf.GradientTape() as tape:
            nll = self.nll(batch.x)
            loss = self.replica_mean(nll / self.data_spec.values)
        self.minimize(self.likelihood_optimizer, tape, loss, self)
        return {name: tf.reduce_mean(value) for name, value in self.units(nll).items()}

    def test_step(self, data):
        """-log p(x) in nats and in bits per dimension, per example [B]."""
        return self.units(self.nll(self.batch(data).x))

    def units(self, nll):
        """Nats [B] -> the same in nats and in bits per dimension."""
        return {"nll": nll, "bits_per_dim": nll / (self.data_spec.values * math.log(2.0))}

    def nll(self, x):
        """-log p(x) [B] in nats, of pictures float32 [B, H, W, C] in the model's range, each pixel
        taken for the nearest level."""
        return tf.add_n([tf.reduce_sum(nats, axis=[1, 2, 3]) for nats in self.nats(x)])

    def nats(self, x):
        """What each value adds to `nll`: [B, h, w, C] of each network's picture."""
        x = self.value(self.level(x))
        pictures = [x[:, ::stride, ::stride] for stride in self.strides]
        return [
            losses.level_cross_entropy(self.logits(number, pictures), self.level(picture))
            for number, picture in enumerate(pictures)
        ]

    def logits(self, number, pictures):
        """Network `number`'s logits [B, h, w, C, K] of each pixel of its picture, given those
        before it and the picture of the network before."""
        condition = self.condition(pictures[number - 1]) if number else None
        return self.networks[number](pictures[number], condition)

    def log_prob(self, images):
        """log p(x) [B] in nats of pictures in [0, 1], each pixel taken for the nearest level."""
        with self.ema_scope():
            return -self.nll(self.data_spec.from_unit(images))

    # --- the plain sampler ---------------------------------------------------------------------

    def draw_pixel(self, number, pictures, position, task, temperature=1.0):
        """The plain sampler: one pixel of one picture, by a full pass of the network for each of
        its colors.

        Args:
            number: which network's.
            pictures: one for each network up to `number`, in the model's range; of the last of
                them, the pixels before `position` are drawn.
            position: which pixel in raster order, an int32 scalar.
            task: of this network, see `tasks`.

        Returns:
            The last of `pictures` with that pixel.
        """
        *before, x = pictures
        height, width, colors = self.shape(number)
        here = tf.reshape(tf.range(height * width) == position, [1, height, width, 1])
        uniforms, given, erased = (
            tf.gather(tf.reshape(part, [-1, height * width, colors]), position, axis=1)
            for part in task
        )
        for color in range(colors):
            logits = self.logits(number, [*before, x])
            logits = tf.reshape(logits, [-1, height * width, *logits.shape[3:]])
            level = cached.choose(
                tf.gather(logits, position, axis=1)[:, color], uniforms[:, color], temperature
            )
            value = tf.where(erased[:, color], self.value(level), given[:, color])
            place = tf.logical_and(here, tf.range(colors) == color)
            x = tf.where(place, value[:, None, None, None], x)
        return x


def compiled(model, steps=None, **compile_options):
    """Compiles a model with the optimizer that its config names, for a run of so many steps, and
    returns it."""
    model.compile(optimizers.of(model.config, steps), **compile_options)
    return model
