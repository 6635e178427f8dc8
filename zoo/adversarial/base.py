"""Two players and what they do outside of the loop, which each loop's file has in full."""

import tensorflow as tf

from zoo.networks.initializers import Initializers
from zoo.training import optimizers
from zoo.training.model import GenerativeModel


class TwoPlayers(GenerativeModel):
    """A generator against a discriminator, or critic; a model gives `networks` and a loop.

    Attributes:
        generator: latents [B, z] -> examples in the data's range.
        discriminator: examples -> a logit or a value for each [B].
    """

    modalities = ("images", "points")

    def __init__(self, config, data_spec):
        super().__init__(config, data_spec)
        initial = Initializers(config.seed, config.precision)
        self.generator, self.discriminator = self.networks(initial)
        self.built = True

    def networks(self, initial):
        """Returns (generator, discriminator)."""
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
        """The two players of the game."""
        return {
            "discriminator": (self.discriminator.trainable_variables, self.discriminator_optimizer),
            "generator": (self.generator.trainable_variables, self.generator_optimizer),
        }

    def generate(self, latents, condition=None):
        """G(z) or G(z|y); with its moving averages where the run keeps them."""
        y = self.conditions(condition, tf.shape(latents)[0])
        with self.ema_scope():
            return self.data_spec.to_unit(self.generator(latents, y))

    def score(self, x):
        """The discriminator's logit, or the critic's value, of each example [B]."""
        return self.discriminator(x)


def compiled(model, steps=None, **compile_options):
    """Compiles a model with the optimizers that its config names, and returns it.

    Args:
        model: a `TwoPlayers`.
        steps: of the whole run, needed where the rate falls.
        **compile_options: see `GenerativeModel.compile`.
    """
    model.compile(
        optimizers.of(model.config, steps, updates=model.updates_per_step),
        optimizers.of(model.config, steps),
        **compile_options,
    )
    return model
