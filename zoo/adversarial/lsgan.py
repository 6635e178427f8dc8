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
from zoo.adversarial import architectures, base, gan
from zoo.config import default, setting

DATA = {"range": "symmetric"}

TARGETS = {"binary": (0.0, 1.0, 1.0), "pearson": (-1.0, 1.0, 0.0)}


@dataclasses.dataclass(frozen=True)
class Config(architectures.BatchNormed, gan.Loop):
    """Section 4 of the paper, with its rate for small pictures; z is uniform on [-1, 1]."""

    batch_size: int = default(gan.Loop, "batch_size", 64)
    targets: str = setting(
        "binary", "(a, b, c): binary is (0, 1, 1), pearson is (-1, 1, 0)", choices=tuple(TARGETS)
    )
    network: str = architectures.network("mlp")
    hidden: tuple = setting((512, 512), "ReLU layers of each MLP, at MNIST's size", low=1)


class LSGAN(gan.GAN):
    """The adversarial loop with squared errors."""

    latent_kind = "symmetric"
    xla_pays = False

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator)."""
        config = self.config
        return architectures.networks(
            config, self.data_spec, self.latent, architectures.norms_of(config.norm),
            initializers=initializers, dtype=dtype,
        )  # fmt: skip

    @property
    def adversarial_loss(self):
        """Eq. 2, with the targets that the settings name."""
        return losses.least_squares(*TARGETS[self.config.targets])


def build(config, data_spec, **compile_options):
    """Returns a compiled `LSGAN`; call it inside the strategy's scope."""
    return base.compiled(LSGAN(config, data_spec), **compile_options)
