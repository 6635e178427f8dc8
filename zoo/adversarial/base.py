"""What adversarial models share outside of the loop, which each loop's file has in full."""

import dataclasses

import tensorflow as tf

from zoo import losses
from zoo.config import UserError, default, setting
from zoo.networks.initializers import Initializers
from zoo.training import optimizers
from zoo.training.model import GenerativeModel


@dataclasses.dataclass(frozen=True)
class Settings(optimizers.Settings):
    """Of adversarial models."""

    batch_size: int = default(optimizers.Settings, "batch_size", 100)
    latent: int = setting(100, "size of z", low=1)
    learning_rate: float = default(optimizers.Settings, "learning_rate", 2e-4)
    beta_1: float = default(optimizers.Settings, "beta_1", 0.5)


@dataclasses.dataclass(frozen=True)
class NamedLoss:
    """Beside `Settings`, of models whose discriminator gives the logit of being real."""

    loss: str = setting(
        "non_saturating", "what the generator minimizes", choices=tuple(losses.ADVERSARIAL)
    )


class TwoNetworks(GenerativeModel):
    """A generator against a discriminator; a model gives `networks`, `adversarial_loss`, a loop.

    Attributes:
        generator: latents [B, z] -> examples in the data's range.
        discriminator: examples -> a logit or a value for each [B].
    """

    modalities = ("images", "points")
    metric_names = ("d_loss", "g_loss")

    def __init__(self, config, data_spec):
        super().__init__(config, data_spec)
        initializers = Initializers(config.seed)
        self.generator, self.discriminator = self.networks(initializers, self.hidden_dtype)
        self.built = True

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator), with hidden layers of the Keras policy `dtype`."""
        raise NotImplementedError

    @property
    def adversarial_loss(self):
        """The `losses.Adversarial` that both networks minimize."""
        raise NotImplementedError

    def compile(self, discriminator_optimizer, generator_optimizer, **kwargs):
        """See `GenerativeModel.compile`; both optimizers are built here."""
        super().compile(**kwargs)
        self.discriminator_optimizer = self.build_optimizer(
            discriminator_optimizer, self.discriminator.trainable_variables
        )
        self.generator_optimizer = self.build_optimizer(
            generator_optimizer, self.generator.trainable_variables
        )
        self.sampled_by(self.generator_optimizer, self.generator.weights)

    def optimizers(self):
        """One for each network."""
        return {
            "discriminator": (self.discriminator.trainable_variables, self.discriminator_optimizer),
            "generator": (self.generator.trainable_variables, self.generator_optimizer),
        }

    def test_step(self, data):
        """Both losses and what the loss reports, without dropout, per example [B]."""
        batch, loss = self.batch(data), self.adversarial_loss
        z = self.latents(self.evaluation_noise(batch))
        real = self.discriminator(batch.x, batch.y)
        fake = self.discriminator(self.generator(z, batch.y), batch.y)
        both = {"d_loss": loss.discriminator(real, fake), "g_loss": loss.generator(fake)}
        return both | loss.report(real, fake)

    def generate(self, latents, condition=None):
        """G(z) or G(z|y); with its moving averages where the run keeps them."""
        y = self.conditions(condition, tf.shape(latents)[0])
        with self.ema_scope():
            return self.data_spec.to_unit(self.generator(latents, y))

    def score(self, x):
        """The discriminator's logit, or the critic's value, of each example [B]."""
        return self.discriminator(x)


def check_network(network, data_spec):
    """Raises `UserError` where only an MLP draws this data and `network` names another."""
    if network != "mlp" and data_spec.modality != "images":
        raise UserError(
            f"the {network} networks draw pictures, and {data_spec.name!r} has none: pass "
            "--config.network=mlp."
        )


def compiled(model, steps=None, **compile_options):
    """Compiles a model with the optimizers that its config names, and returns it.

    Args:
        model: a `TwoNetworks`.
        steps: of the whole run, needed where the rate falls.
        **compile_options: see `GenerativeModel.compile`.
    """
    model.compile(
        optimizers.of(model.config, steps, updates=model.updates_per_step),
        optimizers.of(model.config, steps),
        **compile_options,
    )
    return model
