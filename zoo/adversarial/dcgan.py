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

DATA = {"range": "symmetric"}  # "scaling to the range of the tanh activation function [-1, 1]"


@dataclasses.dataclass(frozen=True)
class Config(base.NamedLoss, gan.Loop):
    """Section 4 of the paper; z is uniform on [-1, 1]."""

    batch_size: int = default(gan.Loop, "batch_size", 128)
    channels: int = setting(128, "next to a 64x64 picture, doubled with every halving", low=1)
    norm: str = setting(
        "paper", "BatchNorm on all layers but G's output and D's input, on all, or on none",
        choices=dcgan.NORMS,
    )  # fmt: skip
    pooling: str = setting(
        "none", "D's end: straight to the output, or after a global mean",
        choices=("none", "global"),
    )  # fmt: skip


class DCGAN(gan.GAN):
    """The adversarial loop over convolutional networks."""

    modalities = ("images",)
    latent_kind = "symmetric"
    xla_pays = False

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator)."""
        config, spec = self.config, self.data_spec
        build = {"initializers": initializers, "dtype": dtype}
        return (
            dcgan.Generator(spec, self.latent, config.channels, config.norm, **build),
            dcgan.Discriminator(spec, config.channels, config.norm, config.pooling, **build),
        )


def build(config, data_spec, **compile_options):
    """Returns a compiled `DCGAN`; call it inside the strategy's scope."""
    return base.compiled(DCGAN(config, data_spec), **compile_options)
