"""Where examples come from: data sets that ship with the package, any TFDS name, folders, texts."""

import importlib
import math
import os
import pathlib
import typing

from zoo.config import UserError
from zoo.data.spec import MAX_SIDE

# The data sets that ship with the package, by their module in `zoo.data.sources`.
EMBEDDED = {
    "digits": "digits",
    "gaussians8": "toy2d",
    "gaussians25": "toy2d",
    "swiss_roll": "toy2d",
    "surnames": "surnames",
}
MADE_OF = {"stacked": "mnist"}  # of which data set of TFDS another one is made
FOLDER = "folder:"
LINES = "lines:"
MEMORY_LIMIT = 6 * 2**30  # bytes of pictures, as uint8


class Source(typing.NamedTuple):
    """A data set in memory.

    splits: split -> (pictures uint8 [N, H, W, C], points float32 [N, 2], lines of symbols uint8
        [N, L] or places in `layers` int32 [N, 3]; labels int32 [N], -1 where there are none).
    names: of the classes; empty where models are given none, whatever the labels are.
    levels: gray levels of a picture's channel.
    version: of the data set, e.g. ``"3.0.1"``; None of a folder or a file.
    unlabeled: why there are no labels, to follow a colon; "" where it goes without saying.
    symbols: the alphabet of lines, the blank first; "" of all others.
    layers: gray pictures uint8 [M, H, W], three of which are the colors of a picture; they are
        stacked when batches are made.  None of all others.
    """

    splits: dict
    names: tuple
    levels: int = 256
    version: str | None = None
    unlabeled: str = ""
    symbols: str = ""
    layers: typing.Any = None


def prepared_names():
    """Returns the data sets that are prepared in the folder of TFDS; uses no network."""
    folder = tfds_folder()
    if not folder.is_dir():
        return []
    found = folder.glob("*/*/dataset_info.json"), folder.glob("*/*/*/dataset_info.json")
    return sorted({path.relative_to(folder).parts[0] for paths in found for path in paths})


def tfds_folder():
    """Returns TFDS's own folder: `TFDS_DATA_DIR`, or `~/tensorflow_datasets`."""
    return pathlib.Path(os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets").expanduser()


def read(name, image_size=0, download=False, feature="", length=0):
    """Reads a data set of pictures, of points in the plane or of lines of text, as a `Source`.

    Args:
        name: an embedded data set, ``stacked``, any of TensorFlow Datasets', ``folder:/path`` or
            ``lines:/path``.
        image_size: the side to which pictures are cropped and resized; 0 keeps their shape.
        download: whether TFDS may fetch what is not prepared.
        feature: which of a TFDS data set's features is the picture; "" chooses.
        length: the most symbols of a line of text; 0 is the data set's own.

    Raises:
        UserError: the source cannot read it.
    """
    if feature and (name.startswith((FOLDER, LINES)) or name in (*EMBEDDED, *MADE_OF)):
        raise UserError(f"{name!r} has no features to choose from: leave --data.feature out.")
    if name.startswith(FOLDER):
        from zoo.data.sources import folder

        return Source(*folder.read(name.removeprefix(FOLDER), image_size, MEMORY_LIMIT))
    if name.startswith(LINES):
        from zoo.data.sources import lines

        return lines.read(name.removeprefix(LINES), length)
    if name in EMBEDDED:
        module = importlib.import_module(f"zoo.data.sources.{EMBEDDED[name]}")
        return module.read(name, image_size, length)
    if name in MADE_OF:
        from zoo.data.sources import stacked

        return stacked.read(image_size, download)
    from zoo.data.sources import tfds

    return tfds.read(name, image_size, download, feature)


def check_memory(name, count, shape, limit=MEMORY_LIMIT):
    """Raises `UserError` unless `count` pictures of this shape fit into memory and into a model."""
    side, size = f"{shape[0]}x{shape[1]}", count * math.prod(shape)
    if size > limit:
        raise UserError(
            f"{name!r} takes {size / 2**30:.1f} GiB at {side} and data is held in memory, "
            f"{limit / 2**30:.0f} GiB at most: pass a smaller --data.image_size."
        )
    if max(shape[:2]) > MAX_SIDE:
        raise UserError(
            f"the pictures of {name!r} are {side}, and models draw {MAX_SIDE} pixels a side at "
            "most: pass --data.image_size=64, say."
        )
