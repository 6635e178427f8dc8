"""Pictures of any origin, to be judged: an .npy or .npz file, or a folder of picture files.

Imports NumPy and Pillow alone.
"""

import hashlib
import os
import pathlib
import zipfile
import zlib

import numpy as np

from zoo.config import UserError
from zoo.data.sources import folder
from zoo.data.sources.picture import as_array
from zoo.files import reading

CHUNK = 2**20  # bytes that are hashed at a time
BROKEN = (ValueError, EOFError, OverflowError, MemoryError, zipfile.BadZipFile, zlib.error)


def read(path, shape):
    """Reads gray pictures.

    Args:
        path: an .npy file, an .npz file with one array, or a folder of picture files at any depth.
            Arrays are [N, H, W] or [N, H, W, 1], uint8 in 0 to 255 or floats in [0, 1].
        shape: (H, W, 1) that they must have.

    Returns:
        (images float32 [N, H, W, 1] in [0, 1], sha256 of the file).  Of a folder it is that of
        what `sha256sum` prints of its pictures, sorted by their paths in it.

    Raises:
        UserError: it cannot be read, or contains something else.
    """
    path = pathlib.Path(path).expanduser()
    with reading(path):
        kind = "folder" if path.is_dir() else path.suffix.lower()
        if kind not in ("folder", ".npy", ".npz"):
            raise UserError(f"{str(path)!r} must be a folder of pictures, an .npy or an .npz file.")
        if kind == "folder":
            return _of_folder(str(path), shape)
        digest = _sha256(path)
        return checked(_of_file(path), shape, repr(str(path))), digest


def checked(images, shape, what):
    """Returns an array as pictures float32 [N, H, W, 1] in [0, 1].

    Args:
        images: the array.
        shape: (H, W, 1) that they must have.
        what: the array's name in the sentence of an error.

    Raises:
        UserError: another shape, dtype or range.
    """
    height, width, _ = shape
    side, wanted = f"{height}x{width}", f"[N, {height}, {width}] or [N, {height}, {width}, 1]"
    found = f"{what} has the shape {list(images.shape)}, and"
    if images.shape[1:] not in ((height, width), (height, width, 1)) or not len(images):
        how = ""
        if images.ndim in (3, 4) and {height, width} - set(images.shape[1:]):
            how = f": resize the pictures to {side}"
        elif images.shape[1:] == (1, height, width):
            how = ": move the channel to the end"
        raise UserError(f"{found} pictures to judge must be gray, {wanted}{how}.")
    if images.dtype == np.uint8:
        if images.max() == 1:
            raise UserError(f"{what} is uint8 up to 1, and white is 255: multiply it by 255.")
        values = images.astype(np.float32) / np.float32(255)
    elif images.dtype.kind == "f":
        if not np.isfinite(images).all():
            raise UserError(f"{what} contains NaN or infinity.")
        low, high = images.min(), images.max()
        if low < 0 or high > 1:
            raise UserError(
                f"{what} has floats from {low:.4g} to {high:.4g}: map black to 0 and white to 1."
            )
        values = images.astype(np.float32)
    else:
        raise UserError(
            f"{what} has the dtype {images.dtype}: give uint8 in 0 to 255, or floats in [0, 1]."
        )
    return values.reshape(-1, *shape)


def _of_file(path):
    """The only array of an .npy or .npz file."""
    name = repr(str(path))
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return found
        with found:
            arrays = found.files
            if len(arrays) == 1:
                return found[arrays[0]]
    except BROKEN:
        raise UserError(
            f"{name} cannot be read as an array of numbers: save it again with numpy.save."
        ) from None
    what = f"contains {', '.join(arrays)}" if arrays else "is empty"
    raise UserError(f"{name} {what}: save the pictures alone, as one array.")


def _of_folder(path, shape):
    """(images, sha256) of all picture files in a folder."""
    names, broken, digest, images = folder.listed(path), [], hashlib.sha256(), []
    for name, pixels in folder.readable(path, names, as_array, broken):
        digest.update(f"{_sha256(os.path.join(path, name))}  {name}\n".encode(errors="replace"))
        if (pixels == pixels[..., :1]).all():
            pixels = pixels[..., :1]  # gray that was saved as colors
        if pixels.shape != shape:
            what = "in color" if pixels.shape[-1] > 1 else "{1}x{0}".format(*pixels.shape)
            raise UserError(
                f"{os.path.join(path, name)!r} is {what}, and pictures to judge must be gray, "
                f"{shape[1]}x{shape[0]}: convert or resize all of them."
            )
        images.append(pixels)
    folder.check_none(broken, len(names))
    if not images:
        raise UserError(f"{path!r} contains no pictures.")
    return checked(np.stack(images), shape, repr(path)), digest.hexdigest()


def _sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
