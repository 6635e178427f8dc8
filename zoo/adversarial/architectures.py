"""The pairs of networks over which losses are compared (Gulrajani et al. 2017, 1704.00028, app. E).

    DCGAN's                                     network=dcgan
    no BatchNorm and constant channels in G     network=dcgan, constant_channels, no norm in G
    an MLP against DCGAN's D                    network=mlp_dcgan, four layers of 512
    no norm in either                           network=dcgan, no norm
    gated activations, tanh * sigmoid           network=dcgan, activation=gated
    tanh activations                            network=dcgan, activation=tanh
    101 layers in either                        network=resnet101

Where this differs from the paper: all of DCGAN's variants have its initial weights.
"""

import dataclasses

from zoo.adversarial import base
from zoo.config import UserError, setting
from zoo.networks import bottleneck, dcgan, mlp

NORMS = (*dcgan.NORMS, "discriminator")
CONVOLUTIONAL = ("dcgan", "mlp_dcgan", "resnet101")
# (a setting, values of it that only some networks have, these networks)
_PARTIAL = (
    ("constant_channels", (True,), ("dcgan",)),
    ("activation", ("tanh", "gated"), ("dcgan", "mlp_dcgan")),
    ("norm", ("all",), ("dcgan", "mlp_dcgan")),
    ("pooling", ("global", "max"), ("dcgan", "mlp_dcgan")),
)


def network(*choices, default="dcgan"):
    """The setting that names one of `CONVOLUTIONAL`, or of `choices` beside them."""
    return setting(
        default, "of both networks; mlp_dcgan: an MLP generator against DCGAN's discriminator; "
        "resnet101: 101 layers each", choices=(*choices, *CONVOLUTIONAL),
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Settings:
    """Beside a loop's, of models that have these networks."""

    channels: int = setting(128, "of the DCGAN networks next to a 64x64 picture", low=1)
    activation: str = setting(
        "relu", "of the DCGAN networks: relu (LeakyReLU in D), tanh, or gated, tanh * sigmoid",
        choices=dcgan.ACTIVATIONS,
    )  # fmt: skip
    constant_channels: bool = setting(
        False, "the same channels in every layer of the DCGAN generator (WGAN's Figure 6)"
    )


@dataclasses.dataclass(frozen=True)
class BatchNormed(Settings):
    """Of models with BatchNorm in both networks."""

    norm: str = setting(
        "paper",
        "BatchNorm on all layers but G's output and D's input, on all, on none, or on none of G's",
        choices=NORMS,
    )


def check(config, data_spec):
    """Checks that a model's network draws this data and has what its settings ask for.

    Raises:
        UserError: it does not.
    """
    base.check_network(config.network, data_spec)
    for key, values, networks_with in _PARTIAL:
        value = getattr(config, key, None)
        if value in values and config.network not in networks_with:
            raise UserError(
                f"{key}={value} is of the DCGAN networks, and not of {config.network}: pass "
                f"--config.network={' or '.join(networks_with)}, or leave --config.{key} out."
            )


def norms_of(norm):
    """Returns the norms of (generator, discriminator) that one of `NORMS` stands for."""
    return ("none", "paper") if norm == "discriminator" else (norm, norm)


def networks(
    config, data_spec, latent, norms, use_bias=True, pooling="none", *, initializers, dtype
):
    """Returns (generator, discriminator).

    Args:
        config: settings: `network`, of `CONVOLUTIONAL` or ``"mlp"``; those of `Settings`; and
            `hidden`, the layers of MLPs.
        norms: of the generator and of the discriminator, see `networks.dcgan`.
        use_bias: of the discriminator's output; a critic has none, see `mlp.Critic`.
        pooling: see `dcgan.Discriminator`.

    Raises:
        UserError: see `check`.
    """
    check(config, data_spec)
    build = {"initializers": initializers, "dtype": dtype}
    if config.network == "resnet101":
        of_generator, of_discriminator = ({"paper": "batch"}.get(norm, norm) for norm in norms)
        return (
            bottleneck.Generator(data_spec, latent, config.channels, of_generator, **build),
            bottleneck.Discriminator(
                data_spec, config.channels, of_discriminator, use_bias, **build
            ),
        )
    if config.network == "dcgan":
        generator = dcgan.Generator(
            data_spec, latent, config.channels, norms[0], config.constant_channels,
            activation=config.activation, **build,
        )  # fmt: skip
    else:
        widths = [mlp.scaled(units, data_spec) for units in config.hidden]
        generator = mlp.Generator(data_spec, latent, widths, weights="he_uniform", **build)
    if config.network == "mlp":
        return generator, mlp.Critic(data_spec, widths, use_bias=use_bias, **build)
    return generator, dcgan.Discriminator(
        data_spec, config.channels, norms[1], pooling, use_bias, config.activation, **build
    )
