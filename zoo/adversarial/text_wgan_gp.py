"""The language model of WGAN-GP (Gulrajani et al. 2017, arXiv:1704.00028, section 5.5).

    L = E[D(x̃)] - E[D(x)] + λ E[(‖∇_x̂ D(x̂)‖₂ - 1)²]                                     (eq. 3)

A line of text x is one-hot, [L, S]: one of S symbols at each of L places, short lines padded with
blanks.  The generator draws no symbols: x̃ are the probabilities of its softmax, through which the
gradient flows, and the critic is given these.  The norm is over both axes of a line, places and
symbols.  A drawn line is read by the likeliest symbol of each place.

Where this differs from the paper: lines of names or of any text instead of 32 characters of the
Billion Word corpus, with fewer channels where they are shorter (`networks.text.scaled`); the
critic's output and its last block have no bias, which would cancel.
"""

import dataclasses

from zoo.adversarial import base, wasserstein, wgan_gp
from zoo.config import default, setting
from zoo.networks import text
from zoo.training import optimizers


@dataclasses.dataclass(frozen=True)
class Config(optimizers.Settings):
    """Of section 5.5 and the authors' code."""

    latent: int = default(wgan_gp.Config, "latent", 128)
    width: int = setting(512, "channels of both networks, for lines of 32 symbols", low=1)
    n_critic: int = default(wasserstein.Config, "n_critic", 10)
    penalty: float = default(wgan_gp.Config, "penalty", 10.0)
    generator_batch: int = default(wgan_gp.Config, "generator_batch", 1)
    learning_rate: float = default(optimizers.Settings, "learning_rate", 1e-4)
    beta_1: float = default(optimizers.Settings, "beta_1", 0.5)
    beta_2: float = default(optimizers.Settings, "beta_2", 0.9)


class TextWGANGP(wgan_gp.WGANGP):
    """The penalty loop on lines of text."""

    modalities = ("text",)
    conditional = "never"

    def networks(self, initializers, dtype):
        """Returns (generator, critic)."""
        config, spec = self.config, self.data_spec
        return (
            text.Generator(spec, self.latent, config.width, initializers, dtype),
            text.Critic(spec, config.width, initializers, dtype),
        )


def build(config, data_spec, **compile_options):
    """Returns a compiled `TextWGANGP`; call it inside the strategy's scope."""
    return base.compiled(TextWGANGP(config, data_spec), **compile_options)
