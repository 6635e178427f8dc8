"""Samples of several models on one sheet."""

import numpy as np

from zoo.config import UserError
from zoo.sampling.modes import Drawn


def drawn(samplers, names, num, seed):
    """Draws `num` pictures of each model, its classes in turn where it is conditional.

    Args:
        samplers: several.
        names: of each.
        num: pictures of each.
        seed: of their latents.

    Returns:
        A `modes.Drawn`: pictures float32 [models * num, H, W, C], rows of each model in turn.

    Raises:
        UserError: they do not draw pictures of one shape.
    """
    from zoo.viz import sheet

    spec = samplers[0].data_spec
    for sampler in samplers:
        other = sampler.data_spec
        if other.modality != "images" or other.shape != spec.shape:
            raise UserError(
                "several models are shown side by side where they draw pictures of one shape, and "
                f"these draw {spec.modality} {list(spec.shape)} and {other.modality} "
                f"{list(other.shape)}: sample them one by one."
            )
    each = [sampler.sample(num, seed) for sampler in samplers]
    columns = min(num, sheet.WIDE)
    places = sheet.whole_rows(num, columns)
    x = np.concatenate([sheet.placed(spec, one, places) for one in each])
    words = f"{num} pictures of each of {len(samplers)} models"
    return Drawn(np.concatenate(each), x, None, columns, words, len(places) // columns, names)
