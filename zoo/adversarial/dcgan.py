"""Deep convolutional GANs (Radford et al. 2015, arXiv:1511.06434).

The adversarial loop of 1406.2661 with the non-saturating loss, and networks under five rules that
made it stable: strided convolutions for pooling, BatchNorm in both networks but on G's output and
D's input, no hidden dense layers, ReLU in G with tanh at its end, LeakyReLU in D (section 3).

Where this differs from the paper: D ends in one logit, which a two-way softmax equals; fewer and
narrower layers on pictures smaller than 64x64 (`networks.dcgan`).  What the paper advises against
runs by setting: ``norm=all`` puts BatchNorm on every layer, ``pooling=global`` ends D in a global
mean, ``pooling=max`` pools in place of D's strides.  `architectures` has the other networks over
which losses are compared.
"""

import dataclasses

from zoo.adversarial import architectures, base, gan
from zoo.config import default, setting

DATA = {"range": "symmetric"}  # "scaling to the range of the tanh activation function [-1, 1]"


@dataclasses.dataclass(frozen=True)
class Config(base.NamedLoss, architectures.BatchNormed, gan.Loop):
    """Section 4 of the paper; z is uniform on [-1, 1]."""

    batch_size: int = default(gan.Loop, "batch_size", 128)
    network: str = architectures.network()
    hidden: tuple = setting(
        (512, 512, 512, 512), "ReLU layers of an MLP generator, at MNIST's size", low=1
    )
    pooling: str = setting(
        "none", "D's end: straight to the output, or after a global mean; max: pooling in place of "
        "its strides",
        choices=("none", "global", "max"),
    )  # fmt: skip


class DCGAN(gan.GAN):
    """The adversarial loop over convolutional networks."""

    modalities = ("images",)
    latent_kind = "symmetric"
    xla_pays = False

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator)."""
        config = self.config
        return architectures.networks(
            config, self.data_spec, self.latent, architectures.norms_of(config.norm),
            pooling=config.pooling, initializers=initializers, dtype=dtype,
        )  # fmt: skip


def build(config, data_spec, **compile_options):
    """Returns a compiled `DCGAN`; call it inside the strategy's scope."""
    return base.compiled(DCGAN(config, data_spec), **compile_options)
