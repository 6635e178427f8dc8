"""Deep convolutional GANs (Radford et al. 2015, arXiv:1511.06434).

The adversarial loop of 1406.2661 with the non-saturating loss, and networks under five rules that
made it stable: strided convolutions for pooling, BatchNorm in both networks but on G's output and
D's input, no hidden dense layers, ReLU in G with tanh at its end, LeakyReLU in D (section 3).

Where this differs from the paper: D ends in one logit, which a two-way softmax equals; fewer and
narrower layers on pictures smaller than 64x64 (`networks.dcgan`).  What the paper advises against
runs by setting: ``norm=all`` puts BatchNorm on every layer, ``pooling=global`` ends D in a global
mean.
"""

import dataclasses

from zoo.adversarial import base, gan
from zoo.config import default, setting
from zoo.networks import dcgan
from zoo.training import optimizers

DATA = {"range": "symmetric"}  # "scaling to the range of the tanh activation function [-1, 1]"


@dataclasses.dataclass(frozen=True)
class Config(optimizers.Settings):
    """Section 4 of the paper."""

    batch_size: int = default(optimizers.Settings, "batch_size", 128)
    latent: int = setting(100, "size of z, uniform on [-1, 1]", low=1)
    channels: int = setting(128, "next to a 64x64 picture, doubled with every halving", low=1)
    norm: str = setting(
        "paper", "BatchNorm on all layers but G's output and D's input, on all, or on none",
        choices=dcgan.NORMS,
    )  # fmt: skip
    pooling: str = setting(
        "none", "D's end: straight to the output, or after a global mean",
        choices=("none", "global"),
    )  # fmt: skip
    k: int = setting(1, "discriminator steps for one of the generator", low=1, high=25)
    loss: str = setting(
        "non_saturating", "what the generator minimizes", choices=("non_saturating", "minimax")
    )
    learning_rate: float = default(optimizers.Settings, "learning_rate", 2e-4)
    beta_1: float = default(optimizers.Settings, "beta_1", 0.5)


class DCGAN(gan.GAN):
    """The adversarial loop over convolutional networks."""

    modalities = ("images",)
    prior = "symmetric"
    xla_pays = False

    def networks(self, initial):
        """Returns (generator, discriminator)."""
        config, spec = self.config, self.data_spec
        return (
            dcgan.Generator(spec, config.latent, config.channels, config.norm, initial),
            dcgan.Discriminator(spec, config.channels, config.norm, initial, config.pooling),
        )


def build(config, data_spec, **compile_options):
    """Returns a compiled `DCGAN`; call it inside the strategy's scope."""
    return base.compiled(DCGAN(config, data_spec), **compile_options)
