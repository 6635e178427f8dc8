"""Pictures of any size and window, of models whose pixels are functions of their own places.

They are drawn in tiles of one size, so that memory does not grow with the picture, and a run and
its export draw the same.  See `zoo.places`.
"""

import numpy as np

from zoo import places
from zoo.config import UserError

AT_A_TIME = 16  # tiles


def asked(sampler, num, size=None, window=places.WHOLE):
    """Returns (size, window) as `picture` takes them; the size is that of the data by default.

    Raises:
        UserError: the sampler's pictures have one size, the window is none, or the size is none or
            has too many pixels.
    """
    if not sampler.any_size:
        raise UserError(
            "this model draws pictures of its data's own size: leave size, window and zoom out."
        )
    shape, window = sampler.data_spec.shape, places.checked(window)
    size = max(shape[:2]) if size is None else size
    places.check_size(shape, size, window, num)
    return int(size), window


def picture(sampler, latents, size, window, watch=None):
    """Returns float32 [B, H, W, C] in [0, 1].

    Args:
        sampler: what `zoo.load` returned.
        latents: float32 [B, z].
        size: pixels of the longer side.
        window: see `zoo.places`.
        watch: called with (tiles drawn, tiles in all).
    """
    shape, side = sampler.data_spec.shape, places.TILE
    height, width = places.sides(shape, size, window)
    # In float64: the corners of a tile are rounded once.
    x, y = (_along(window[i], window[i + 2], count) for i, count in ((0, width), (1, height)))
    corners = [
        (row, column, example)
        for row in range(0, height, side)
        for column in range(0, width, side)
        for example in range(len(latents))
    ]
    found = np.empty((len(latents), height, width, shape[-1]), np.float32)
    for begin in range(0, len(corners), AT_A_TIME):
        some = corners[begin : begin + AT_A_TIME]
        windows = np.float32([[x[c], y[r], x[c + side - 1], y[r + side - 1]] for r, c, _ in some])
        tiles = sampler.tile(latents[[example for *_, example in some]], windows)
        for (row, column, example), tile in zip(some, tiles, strict=True):
            part = found[example, row : row + side, column : column + side]
            part[:] = tile[: part.shape[0], : part.shape[1]]
        if watch:
            watch(begin + len(some), len(corners))
    return found


def drawn(sampler, num, seed, size, window, steps=1, condition=None):
    """Yields float32 [num, H, W, C]: pictures of a window, or each of `steps` frames from the whole
    picture to it; shows a progress bar.

    Raises:
        UserError: see `asked`; or the window's sides are not in the proportions of a picture's.
    """
    from zoo.training.callbacks import DelayedProgressBar

    asked(sampler, num * steps, size, window)
    if steps > 1:
        places.check_alike(window)
    watch = DelayedProgressBar("tile" if steps == 1 else "frame")
    for step in range(steps):
        seen = places.between(window, step / (steps - 1)) if steps > 1 else window
        yield sampler.sample(num, seed, condition, watch if steps == 1 else None, size, seen)
        if steps > 1:
            watch(step + 1, steps)


def _along(first, last, count):
    """The places of `count` pixels from `first` to `last`, and of more that a tile has beyond."""
    steps = np.arange(count + places.TILE)
    if count == 1:  # the middle
        return (first + last) / 2 + steps * (last - first)
    return first + (last - first) * (steps / (count - 1))
