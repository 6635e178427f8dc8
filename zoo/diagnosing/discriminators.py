"""A discriminator's convolutional layers, one after another, trained and as it began."""

import keras

from zoo.config import UserError
from zoo.networks.spectral_norm import SpectralConv2D


def stages(network):
    """Returns a list of lists of layers, each of a convolution and what follows it up to the next:
    a norm and an activation.

    Args:
        network: a `zoo.networks.network.Network`; [] where its layers are not in one line.
    """
    found = []
    for layer in network.convolutions:
        if isinstance(layer, keras.layers.Conv2D | SpectralConv2D):
            found.append([])
        found[-1].append(layer)
    return found


def both(sampler, name):
    """Returns the stages of a model's discriminator or critic, and those of an untrained one: of
    the same settings, with the first weights of its seed (not clipped, and not a preset's).

    Args:
        sampler: a sampler with a model.
        name: the path or the preset that it was loaded by.

    Raises:
        UserError: the model has none, or not in one line.
    """
    model = sampler.model
    found = [
        stages(one.discriminator) if hasattr(one, "discriminator") else []
        for one in (model, type(model)(model.config, model.data_spec))
    ]
    if not found[0]:
        raise UserError(
            f"{name!r} is of {sampler.run.facts['model']}, whose networks have no discriminator "
            "of convolutions one after another: name a run or preset of dcgan, infogan or sngan."
        )
    return found
