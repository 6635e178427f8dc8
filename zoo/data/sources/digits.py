"""The embedded data set: 1,797 real handwritten digits of 8x8 pixels, as a TFDS builder.

They are the test part of the UCI "Optical Recognition of Handwritten Digits" (E. Alpaydin and
C. Kaynak, 1998, CC BY 4.0), which scikit-learn ships.  The 17 grey levels 0..16 are stored as
round(255 * level / 16), so that any viewer shows them right and the level can be read back.
"""

import numpy as np
import tensorflow_datasets as tfds

LEVELS = 17
TEST = 297


class Digits(tfds.core.GeneratorBasedBuilder):
    """1,500 digits to train on and 297 to test on, split by a fixed permutation."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return tfds.core.DatasetInfo(
            builder=self,
            description="1,797 handwritten digits of 8x8 pixels with 17 grey levels.",
            features=tfds.features.FeaturesDict(
                {
                    "image": tfds.features.Image(shape=(8, 8, 1)),
                    "label": tfds.features.ClassLabel(num_classes=10),
                }
            ),
            supervised_keys=("image", "label"),
            homepage="https://archive.ics.uci.edu/dataset/80",
            license="CC BY 4.0",
            disable_shuffling=True,
        )

    def _split_generators(self, dl_manager):
        del dl_manager  # nothing is downloaded
        from sklearn.datasets import load_digits

        bunch = load_digits()
        images = np.round(bunch.images * (255 / (LEVELS - 1))).astype(np.uint8)[..., None]
        order = np.random.RandomState(0).permutation(len(images))
        parts = {"train": order[:-TEST], "test": order[-TEST:]}
        return {
            split: self._generate_examples(images[rows], bunch.target[rows])
            for split, rows in parts.items()
        }

    def _generate_examples(self, images, labels):
        for key, (image, label) in enumerate(zip(images, labels, strict=True)):
            yield key, {"image": image, "label": int(label)}
