"""Mean, deviation and range of the numbers of a latent, see `zoo.priors`.

A class and the numbers that dropout draws by have none of them: what moves latents leaves these.
"""

import numpy as np

MOMENTS = {"normal": (0.0, 1.0), "uniform": (0.5, 12**-0.5), "symmetric": (0.0, 3**-0.5)}
BOUNDS = {"uniform": (0.0, 1.0), "symmetric": (-1.0, 1.0)}


def columns(prior):
    """Returns of each number of a latent: whether it is moved bool [z], its mean and its standard
    deviation float32 [z], 0 where it is not."""
    parts = [(width, kind in MOMENTS, *MOMENTS.get(kind, (0.0, 0.0))) for kind, width in prior]
    widths, *rest = zip(*parts, strict=True)
    moves, mean, deviation = (np.repeat(values, widths) for values in rest)
    return moves, mean.astype(np.float32), deviation.astype(np.float32)


def toward_mean(latents, prior, psi):
    """Returns mean + `psi` * (z - mean) of latents float32 [B, z]; see
    `latent.LatentTools.truncated`."""
    moves, mean, _ = columns(prior)
    return np.where(moves, mean + np.float32(psi) * (latents - mean), latents)


def bounded(latents, prior):
    """Returns latents [B, z] with their uniform parts within the cube that those are drawn from."""
    low, high = (
        np.repeat([BOUNDS.get(kind, (-np.inf, np.inf))[end] for kind, _ in prior],
                  [width for _, width in prior]).astype(np.float32)
        for end in (0, 1)
    )  # fmt: skip
    return np.clip(latents, low, high)
