"""Sizes and windows of pictures that can be drawn at any: each pixel is a function of its place.

A window is (x0, y0, x1, y1): the places of the first and of the last pixel.  (-1, -1, 1, 1) is a
picture as it was trained, x to the right and y down; a smaller window is a part of it, enlarged,
and a larger one shows what is around it.
"""

import math

from zoo.config import UserError

WHOLE = (-1.0, -1.0, 1.0, 1.0)
TILE = 64  # pixels a side of the part that is drawn at a time
MAX_PIXELS = 2**28  # of all pictures of a call; each color of one is a number of 4 bytes
FURTHEST, NARROWEST = 100.0, 1e-3  # beyond which float32 does not tell near pixels apart


def checked(window):
    """Returns a window as four numbers.

    Raises:
        UserError: it is none, or is out of bounds, inverted or too narrow.
    """
    try:
        x0, y0, x1, y1 = found = tuple(map(float, window))
    except (TypeError, ValueError):
        raise UserError(
            "a window is four numbers x0,y0,x1,y1, such as -1,-1,1,1 for a whole picture, and "
            f"{window!r} is not."
        ) from None
    said = f"the window {','.join(f'{value:g}' for value in found)}"
    if not all(math.isfinite(value) and abs(value) <= FURTHEST for value in found):
        raise UserError(f"{said} is out of bounds: its numbers must be within ±{FURTHEST:g}.")
    if x0 >= x1 or y0 >= y1:
        raise UserError(f"{said} is inverted: x0 must be less than x1, and y0 less than y1.")
    if min(x1 - x0, y1 - y0) < NARROWEST:
        raise UserError(f"{said} is too narrow: its sides must be at least {NARROWEST:g}.")
    return found


def zoomed(factor):
    """Returns the window around the middle that enlarges a picture so many times.

    Raises:
        UserError: the factor is no number, or its window is not one.
    """
    if not (math.isfinite(factor) and 1 / FURTHEST <= factor <= 2 / NARROWEST):
        raise UserError(
            f"a zoom must be {1 / FURTHEST:g} to {2 / NARROWEST:g}, and {factor:g} is not."
        )
    return checked(side / factor for side in WHOLE)


def sides(shape, size, window=WHOLE):
    """Returns the (height, width) of pictures, in the proportions of what the window shows.

    Args:
        shape: (height, width, channels) of a trained picture.
        size: pixels of the longer side; of a whole picture it may be an int32 scalar.
        window: what is drawn.
    """
    height, width, whole = shape[0], shape[1], tuple(window) == WHOLE
    if not whole:
        x0, y0, x1, y1 = window
        height, width = height * (y1 - y0), width * (x1 - x0)
    longest = max(height, width)

    def pixels(side):
        found = size if side == longest else -(-size * side // longest)
        return found if whole else int(found)

    return pixels(height), pixels(width)


def check_size(shape, size, window, num):
    """Raises `UserError` unless so many pictures can have that size."""
    if isinstance(size, bool) or not hasattr(size, "__index__") or int(size) < 1:
        raise UserError(f"size must be a whole number of at least 1, and {size!r} is not.")
    height, width = sides(shape, int(size), window)
    if num * height * width > MAX_PIXELS:
        raise UserError(
            f"{num} x {height} x {width} pixels are more than {MAX_PIXELS}: lower size, or draw "
            "fewer pictures."
        )


def between(window, part):
    """Returns the window a part, 0 to 1, of the way from the whole picture: every step enlarges as
    many times as the one before."""
    found = []
    for first, last in zip(window[:2], window[2:], strict=True):
        half, middle = (last - first) / 2, (last + first) / 2
        now = half**part
        moved = middle * (part if half == 1 else (1 - now) / (1 - half))
        found.append((moved - now, moved + now))
    (x0, x1), (y0, y1) = found
    return x0, y0, x1, y1


def check_alike(window):
    """Raises `UserError` unless a window has the proportions of the whole picture."""
    x0, y0, x1, y1 = window
    if not math.isclose(x1 - x0, y1 - y0, rel_tol=1e-6):
        raise UserError(
            "all frames of an animation have one shape: give a window as wide as it is high."
        )
