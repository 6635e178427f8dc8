"""Conditional generative adversarial nets (Mirza and Osindero 2014, arXiv:1411.1784).

    min_G max_D  E_x[log D(x|y)] + E_z[log(1 - D(G(z|y)|y))]                          (eq. 2)

Both networks are given y, which may be anything: a class, or another modality of the same example.
The paper draws tags for pictures; here, on the same data, a digit's spelled name draws its picture
and a picture draws its name (``--condition=label|name|image``, ``--target=image|name``).

Dropout in G, which the paper trains with, stays on when G draws.  Nearly all of the variety within
a class comes from it and hardly any from z: without it G draws one picture of each class.  So the
numbers that its units are dropped by are a part of the latent, behind z.

Where this differs from the paper: the adversarial loop's non-saturating loss by default
(``--config.loss=minimax``); Glorot weights; layers narrower on data smaller than MNIST
(`networks.mlp.scaled`), but those on y, whose size they are for.  The paper does not say whether
its samples were drawn with dropout.
"""

import dataclasses

from zoo.adversarial import base, gan
from zoo.config import UserError, default, setting
from zoo.networks import conditional_mlp
from zoo.networks.mlp import scaled

DATA = {"condition": "label"}


@dataclasses.dataclass(frozen=True)
class Config(base.NamedLoss, gan.Loop):
    """Section 4.1 of the paper, with its momentum SGD; z is uniform on [0, 1]."""

    hidden_z: int = setting(200, "G's ReLU units on z", low=1)
    hidden_y: int = setting(1000, "G's ReLU units on y", low=1)
    hidden_joint: int = setting(1200, "G's ReLU units on both, at MNIST's size", low=1)
    maxout_x: int = setting(240, "D's Maxout units of 5 pieces on x, at MNIST's size", low=1)
    maxout_y: int = setting(50, "D's Maxout units of 5 pieces on y", low=1)
    maxout_joint: int = setting(240, "D's Maxout units of 4 pieces on both, at MNIST's size", low=1)
    dropout: float = setting(0.5, "dropout on the hidden layers of both networks", low=0, high=0.99)
    optimizer: str = default(gan.Config, "optimizer", "paper_sgd")
    learning_rate: float = default(gan.Config, "learning_rate", 0.1)

    def __post_init__(self):
        if self.optimizer in ("adam", "rmsprop") and self.learning_rate > 0.01:
            raise UserError(
                f"{self.optimizer} diverges at {self.learning_rate}, the rate of paper_sgd: pass "
                "--config.learning_rate=2e-4, say."
            )


class CGAN(gan.GAN):
    """The adversarial loop over networks that are given y."""

    modalities = ("images", "points", "text")
    conditional = "always"

    @property
    def prior(self):
        """z, and with dropout a number for each of G's hidden units."""
        config, z = self.config, ("uniform", self.config.latent)
        if not config.dropout:
            return (z,)
        joint = scaled(config.hidden_joint, self.data_spec)
        return (z, ("dropout", config.hidden_z + config.hidden_y + joint))

    def networks(self, initializers, dtype):
        """Returns (generator, discriminator)."""
        config, spec = self.config, self.data_spec
        return (
            conditional_mlp.Generator(
                spec, config.latent, config.hidden_z, config.hidden_y,
                scaled(config.hidden_joint, spec), config.dropout, initializers, dtype,
            ),
            conditional_mlp.MaxoutDiscriminator(
                spec, scaled(config.maxout_x, spec), config.maxout_y,
                scaled(config.maxout_joint, spec), config.dropout, initializers, dtype,
            ),
        )  # fmt: skip


def build(config, data_spec, **compile_options):
    """Returns a compiled `CGAN`; call it inside the strategy's scope."""
    # Section 4.1; the paper does not say how long `paper_sgd`'s momentum rises: 100 epochs here.
    schedule = {"decay": 1.00004, "rise": 100 * 500}
    return gan.compiled(CGAN(config, data_spec), **schedule, **compile_options)
