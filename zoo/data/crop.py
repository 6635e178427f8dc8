"""Crops and resizes pictures; every source of data uses these functions."""

import numpy as np
from PIL import Image


def square(image, size):
    """Returns the largest centered square of a PIL picture, resized to `size` with antialiasing."""
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    return image.resize((size, size), Image.Resampling.BILINEAR)


def square_array(pixels, size):
    """The same of uint8 [H, W, C], channel by channel."""
    channels = [square(Image.fromarray(channel), size) for channel in np.moveaxis(pixels, -1, 0)]
    return np.stack(channels, axis=-1)
