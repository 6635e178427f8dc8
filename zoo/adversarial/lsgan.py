"""Least squares GAN (Mao et al. 2016, arXiv:1611.04076).

    min_D  ½ E[(D(x) - b)²] + ½ E[(D(G(z)) - a)²]      min_G  ½ E[(D(G(z)) - c)²]         (eq. 2)

D is a score without a sigmoid, which a, b and c are targets of: (0, 1, 1) is the paper's eq. 9, and
with (-1, 1, 0), its eq. 8, G minimizes the Pearson χ² divergence (section 3.2.3).  The loop is that
of 1406.2661.

Where this differs from the paper: the convolutional networks are those of 1511.06434; the paper
does not give the widths of the dense ones that it trains on eight Gaussians.
"""

import dataclasses

from zoo import losses
from zoo.adversarial import base, gan
from zoo.config import default, setting
from zoo.networks import dcgan, mlp

DATA = {"range": "symmetric"}

TARGETS = {"binary": (0.0, 1.0, 1.0), "pearson": (-1.0, 1.0, 0.0)}


@dataclasses.dataclass(frozen=True)
class Config(gan.Loop):
    """Section 4 of the paper, with its rate for small pictures; z is uniform on [-1, 1]."""

    batch_size: int = default(gan.Loop, "batch_size", 64)
    targets: str = setting(
        "binary", "(a, b, c): binary is (0, 1, 1), pearson is (-1, 1, 0)", choices=tuple(TARGETS)
    )
    network: str = setting("dcgan", "of both networks", choices=("dcgan", "mlp"))
    channels: int = setting(128, "of the DCGAN networks next to a 64x64 picture", low=1)
    norm: str = setting(
        "paper", "BatchNorm on all layers but G's output and D's input, on all, or on none",
        choices=dcgan.NORMS,
    )  # fmt: skip
    hidden: tuple = setting((512, 512), "ReLU layers of both MLPs, at MNIST's size", low=1)


class LSGAN(gan.GAN):
    """The adversarial loop with squared errors."""

    latent_kind = "symmetric"
    xla_pays = False

    def __init__(self, config, data_spec):
        base.check_network(config.network, data_spec)
        super().__init__(config, data_spec)

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator)."""
        config, spec = self.config, self.data_spec
        build = {"initializers": initializers, "dtype": dtype}
        if config.network == "mlp":
            widths = [mlp.scaled(units, spec) for units in config.hidden]
            return (
                mlp.Generator(spec, self.latent, widths, weights="he_uniform", **build),
                mlp.Critic(spec, widths, use_bias=True, **build),
            )
        return (
            dcgan.Generator(spec, self.latent, config.channels, config.norm, **build),
            dcgan.Discriminator(spec, config.channels, config.norm, **build),
        )

    @property
    def adversarial_loss(self):
        """Eq. 2, with the targets that the settings name."""
        return losses.least_squares(*TARGETS[self.config.targets])


def build(config, data_spec, **compile_options):
    """Returns a compiled `LSGAN`; call it inside the strategy's scope."""
    return base.compiled(LSGAN(config, data_spec), **compile_options)
