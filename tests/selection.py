"""Which models the fast half of the tests runs: found in the registry, never listed."""

import pytest

from zoo import registry
from zoo.training.model import GenerativeModel


def family(name):
    """The package that a model's module is in."""
    return registry.module(name).__package__.rpartition(".")[2]


def _loops():
    """The first model, in the registry's order, of each class that writes its own `train_step`."""
    found = {}
    for name in registry.names():
        module = registry.module(name)
        for model in vars(module).values():
            own = isinstance(model, type) and model.__module__ == module.__name__
            if own and issubclass(model, GenerativeModel):
                found.setdefault(model.train_step.__qualname__, name)
    return tuple(found.values())


# A model of each loop. The others vary one of these: for them, what takes long is run by `make
# test-all` only.
LOOPS = _loops()
# The first of each family, and so one for each way to draw: any other is exported and run by the
# same code.
FAMILIES = tuple({family(name): name for name in reversed(registry.names())}.values())
# Exported with a file for each batch size: that is the same code for every model, and a recurrent
# one's file takes minutes.  A page is tried with the text's, a device's tiles with the CPPN's.
WHOLE_EXPORTS = (*FAMILIES, "text_wgan_gp", "cppn_gan_vae")
# Servers: one of each family, and of each kind of input: labels, codes, sizes, lines.
SERVED = (*FAMILIES, "cgan", "infogan", "cppn_gan_vae", "text_wgan_gp")
# What draws pixel by pixel.
PIXELWISE = tuple(name for name in registry.names() if family(name) == "autoregressive")
# Run and exported by the tests.  The others' generators are DCGAN's, or dense layers, of the same
# latents as these models': `tests.collection` exports them all.
EXPORTED = tuple(
    name for name in registry.names() if name not in ("lsgan", "dragan", "ebgan", "sngan")
)
# Exported by `make test`: a PixelRNN's files take a minute.
QUICK_EXPORTS = tuple(name for name in FAMILIES if name not in PIXELWISE)


def fast_first(values, fast=LOOPS):
    """Test parameters, those that are not in `fast` marked slow; a tuple is several at once."""
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            marks=[] if value in fast else [pytest.mark.slow],
        )
        for value in values
    ]
