"""The frozen classifiers, in whose features pictures of any origin are judged.

    frozen = load("mnist")
    frozen.features(images)          float32 [N, 65]
    frozen.probabilities(features)   float64 [N, 10]
    frozen.real, frozen.floor        features and labels of the test pictures, and of as many others

Heusel et al. (2017, arXiv:1706.08500) take the features of a network trained on photographs, which
sees little in digits.  These were trained on MNIST and on the embedded 8x8 digits, once, by
`tools/evaluator.py`.  A classifier that each machine trains again would give figures that compare
to nothing; these are files of the package, and their sha256 stand here and in each file of figures.

The features are the layer below the logits in polar form: its direction, and its length.  What is
no digit, such as noise, excites this layer little.  So it lies in the middle of all real pictures,
within the wide balls of the strangest of them: in the layer itself, uniform noise has the precision
1 and the density 1.4 on MNIST.  By its direction it is far from any of them: 0.02 and 0.004.  The
length keeps what the direction does not see, such as blur.

Plain NumPy runs them, so that pictures can be judged where no TensorFlow is installed.
"""

import dataclasses
import functools
import hashlib
import io
import pathlib
import typing

import numpy as np

from zoo.config import UserError
from zoo.files import reading
from zoo.parts import slices

FOLDER = pathlib.Path(__file__).parent / "frozen"
UNITS = 64  # of the layer below the logits
SCALE = UNITS**0.5  # the usual length: the mean square of the layer's outputs is 1
CHUNK = 64  # pictures that are in the network at a time: 10 MB


class Convolution(typing.NamedTuple):
    """A layer: `side` x `side` without padding, ReLU, and 2x2 max pooling where it is `pooled`."""

    filters: int
    side: int
    pooled: bool


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known of a frozen classifier before its files are read.

    Attributes:
        shape: of a picture.
        convolutions: its layers below the dense one.
        classifier, reference: sha256 of its two files.
    """

    shape: tuple
    convolutions: tuple
    classifier: str
    reference: str


FACTS = {
    "mnist": Facts(
        shape=(28, 28, 1),
        convolutions=(
            Convolution(32, 5, pooled=True),
            Convolution(64, 3, pooled=False),
            Convolution(64, 3, pooled=True),
        ),
        classifier="f07a3b9c94972fcb18564a4603407ca7f5a18245f231d86461b42aca99808870",
        reference="571336d9766e39ef39edd83f68223b5fa9b49f8e2d50450a0f33cb40b88adf8d",
    ),
    "digits": Facts(
        shape=(8, 8, 1),
        convolutions=(Convolution(32, 3, pooled=False), Convolution(64, 3, pooled=True)),
        classifier="a363d115571d1cb5ae0a34d8104ecaf0d314bc0e30e853ca1dac2dbab29af0de",
        reference="c8e78826f5ee57d51c1e235c0cecd6fce6ffb142105c4cc4fc84652754676af8",
    ),
}


def named(name, shape):
    """Returns which frozen classifier judges the pictures of a data set; None where none does.

    Args:
        name: of the data set, which may name its version, e.g. ``"mnist:3.0.1"``.
        shape: of one picture.
    """
    bare = name.split(":")[0]
    return bare if bare in FACTS and tuple(shape) == FACTS[bare].shape else None


@functools.cache
def load(name):
    """Returns a `Frozen`.

    Args:
        name: ``"mnist"`` or ``"digits"``.

    Raises:
        UserError: one of its files is missing or damaged.
    """
    return Frozen(name)


class Network:
    """A classifier in plain NumPy.

    Args:
        convolutions: `Convolution`s, one after another.
        weights: kernel [side, side, C, F] and bias [F] of each, then kernel [D, UNITS] and bias
            of the dense layer, then those of the logits: in Keras' order.
    """

    def __init__(self, convolutions, weights):
        layers = list(zip(weights[::2], weights[1::2], strict=True))
        self._convolutions = list(zip(convolutions, layers[:-2], strict=True))
        self._dense, self._logits = layers[-2:]

    def features(self, images):
        """Images float32 [N, H, W, 1] in [0, 1] -> float32 [N, `UNITS` + 1], see `polar`."""
        return polar(self.units(images))

    def units(self, images):
        """Images float32 [N, H, W, 1] in [0, 1] -> the layer below the logits, float32 [N, `UNITS`]
        of at least 0."""
        return np.concatenate([self._units(images[i]) for i in slices(len(images), CHUNK)])

    def _units(self, x):
        for layer, (kernel, bias) in self._convolutions:
            x = np.maximum(convolved(x, kernel, bias), 0)
            if layer.pooled:
                x = pooled(x)
        kernel, bias = self._dense
        return np.maximum(x.reshape(len(x), -1) @ kernel + bias, 0)

    def probabilities(self, features):
        """Features [N, `UNITS` + 1] -> p(class), float64 [N, classes]."""
        kernel, bias = self._logits
        direction, length = np.split(np.asarray(features, np.float64), [UNITS], axis=1)
        logits = (direction * (length / SCALE)) @ kernel + bias
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    def predict(self, images):
        """Images float32 [N, H, W, 1] in [0, 1] -> the likeliest class, int64 [N]."""
        return self.probabilities(self.features(images)).argmax(axis=1)


class Reference(typing.NamedTuple):
    """Real pictures that the classifier was not fitted to: features float32 [N, `UNITS` + 1],
    and labels uint8 [N]."""

    features: np.ndarray
    labels: np.ndarray


class Frozen(Network):
    """A classifier of this package.

    Attributes:
        name: of its data.
        shape: of a picture.
        sha256: `classifier` and `reference` -> the sha256 of its file.
        real: the `Reference` of the test pictures.
        floor: the `Reference` of as many training pictures, which have to be as good.
    """

    def __init__(self, name):
        facts = FACTS[name]
        self.name, self.shape = name, facts.shape
        self.sha256 = {"classifier": facts.classifier, "reference": facts.reference}
        weights = _arrays(FOLDER / f"{name}.npz", facts.classifier)
        super().__init__(facts.convolutions, list(weights.values()))
        # Half of the precision is half of the file, and 2e-4 of a feature at most.
        found = _arrays(FOLDER / f"{name}_reference.npz", facts.reference)
        self.real, self.floor = (
            Reference(found[part].astype(np.float32), found[f"{part}_labels"])
            for part in ("real", "floor")
        )


def polar(units):
    """[N, `UNITS`] -> [N, `UNITS` + 1]: the direction, of length `SCALE`, and the length."""
    length = np.linalg.norm(units, axis=1, keepdims=True)
    return np.concatenate([SCALE * units / np.maximum(length, 1e-6), length], axis=1)


def convolved(x, kernel, bias):
    """[N, H, W, C] by a kernel [S, S, C, F] without padding -> [N, H - S + 1, W - S + 1, F]."""
    side, _, channels, filters = kernel.shape
    height, width = x.shape[1] - side + 1, x.shape[2] - side + 1
    seen = [x[:, i : i + height, j : j + width] for i in range(side) for j in range(side)]
    rows = np.concatenate(seen, axis=-1).reshape(-1, side * side * channels)
    found = rows @ kernel.reshape(-1, filters) + bias
    return found.reshape(len(x), height, width, filters)


def pooled(x):
    """The largest of each 2x2: [N, H, W, C] -> [N, H / 2, W / 2, C], for even H and W."""
    return np.maximum(
        np.maximum(x[:, ::2, ::2], x[:, ::2, 1::2]), np.maximum(x[:, 1::2, ::2], x[:, 1::2, 1::2])
    )


def _arrays(path, sha256):
    """name -> array of an .npz file that is this one, to the bit."""
    with reading(path), open(path, "rb") as file:
        content = file.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise UserError(
            f"{str(path)!r} is not the frozen file that figures are taken with: install the "
            "package again."
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as found:
        return {name: found[name] for name in found.files}
