"""The embedded data set: 1,797 real handwritten digits of 8x8 pixels.

They are the test part of the UCI "Optical Recognition of Handwritten Digits" (E. Alpaydin and
C. Kaynak, 1998, CC BY 4.0), which scikit-learn ships.  The 17 gray levels 0..16 are stored as
round(255 * level / 16), so that any viewer shows them right and the level can be read back.
"""

import numpy as np

from zoo.data.crop import square_array
from zoo.data.source import Source

LEVELS = 17
TEST = 297


def read(name="digits", image_size=0, length=0):
    """Returns 1,500 digits to train on and 297 to test on, split by a fixed permutation."""
    del length  # of lines of text
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.round(bunch.images * (255 / (LEVELS - 1))).astype(np.uint8)[..., None]
    if image_size:
        images = np.stack([square_array(image, image_size) for image in images])
    order = np.random.RandomState(0).permutation(len(images))
    parts = {"train": order[:-TEST], "test": order[-TEST:]}
    splits = {
        split: (images[rows], bunch.target[rows].astype(np.int32)) for split, rows in parts.items()
    }
    names = tuple(str(digit) for digit in range(10))
    return Source(splits, names, LEVELS, version="1.0.0")
