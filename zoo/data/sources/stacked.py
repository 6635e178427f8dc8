"""Stacked MNIST: three digits as the red, green and blue of one picture, which has 1,000 modes.

It counts the modes that a model misses (Metz et al. 2017, arXiv:1611.02163, section 3.3.1;
Srivastava et al. 2017, arXiv:1705.07761; Lin et al. 2017, arXiv:1712.04086, section 4.2).  It is
made of MNIST as TensorFlow Datasets has it: 128,000 pictures of its training digits, and 26,000 of
its test digits, as many as are judged.  Each color is any digit, drawn once from the zoo's own
generator, so that the pictures are the same everywhere.
"""

import numpy as np

from zoo import noise
from zoo.config import UserError
from zoo.data.source import Source
from zoo.data.sources import tfds

SIDE = 28
COUNTS = {"train": 128_000, "test": 26_000}
UNLABELED = "its 1,000 numbers are the modes that are counted, and no classes to draw by"


def read(image_size=0, download=False):
    """Returns three digits of each picture and its number, 100 red + 10 green + blue, as label.

    Raises:
        UserError: MNIST is not prepared, or another size is asked for.
    """
    if image_size not in (0, SIDE):
        raise UserError(
            f"the modes of 'stacked' are counted by a classifier of {SIDE}x{SIDE} digits: leave "
            "--data.image_size out."
        )
    try:
        digits = tfds.read("mnist", download=download)
    except UserError as error:
        raise UserError(f"'stacked' is made of MNIST, and {error}") from None
    layers, splits, first = [], {}, 0
    for seed, (split, count) in enumerate(COUNTS.items()):
        images, labels = digits.splits[split]
        rows = drawn(seed, count, len(images))
        splits[split] = first + rows, labels[rows] @ np.array([100, 10, 1], np.int32)
        layers.append(images[..., 0])
        first += len(images)
    return Source(
        splits,
        (),
        version=f"1.0.0 of mnist {digits.version}",
        unlabeled=UNLABELED,
        layers=np.concatenate(layers),
    )


def drawn(seed, count, digits):
    """Returns which of this many digits each color takes, int32 [count, 3]."""
    uniform = noise.Noise(seed, noise.PROTOCOL, np.arange(count)).uniform((3,)).numpy()
    return np.floor(uniform.astype(np.float64) * digits).astype(np.int32)
