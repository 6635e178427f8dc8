"""Pictures to complete and masks that say where, from files and from programs, each checked."""

import numpy as np

from zoo.config import UserError
from zoo.files import reading


def checked_pictures(spec, images):
    """Returns pictures as a model that draws pixel by pixel reads them.

    Args:
        spec: the model's `DataSpec`.
        images: [H, W, C] or [B, H, W, C]: float in [0, 1], or 8-bit as in a file.

    Returns:
        float32 [B, H, W, C] in [0, 1].

    Raises:
        UserError: another shape, or values out of range.
    """
    images = _numbers(images, "pictures")
    if images.shape[-3:] != spec.shape or images.ndim not in (3, 4):
        height, width, colors = spec.shape
        kind = "gray" if colors == 1 else "color"
        raise UserError(
            f"this model draws {kind} pictures of {height}x{width}, [B, {height}, {width}, "
            f"{colors}], and this one is {list(images.shape)}: give one of that shape."
        )
    if images.dtype == np.uint8:
        images = images / np.float32(255)
    images = images.astype(np.float32).reshape(-1, *spec.shape)
    if not (np.isfinite(images).all() and images.min() >= 0 and images.max() <= 1):
        raise UserError(
            f"a picture's values lie in [0, 1], on the {spec.levels} levels of the data, and some "
            "of these do not: scale them."
        )
    return images


def checked_mask(spec, mask):
    """Returns a mask as float32 [1 or B, H, W, 1], 1 where a pixel is drawn.

    Args:
        spec: the model's `DataSpec`.
        mask: [H, W], [H, W, 1] or [B, H, W, 1] of zeros and ones or truth values.

    Raises:
        UserError: another shape, or other values.
    """
    mask, (height, width) = _numbers(mask, "a mask"), spec.shape[:2]
    if mask.shape == (height, width):
        mask = mask[..., None]
    if mask.shape[-3:] != (height, width, 1) or mask.ndim not in (3, 4):
        raise UserError(
            f"the mask is {list(mask.shape)} and the pictures are {height}x{width}: give one of "
            f"[{height}, {width}]."
        )
    mask = mask.astype(np.float32).reshape(-1, height, width, 1)
    if not np.isin(mask, (0.0, 1.0)).all():
        raise UserError("a mask holds 1 where a pixel is drawn and 0 where it stays, and no more.")
    return mask


def check_levels(spec, images):
    """Raises `UserError` unless all pixels in [0, 1] are on the data's gray levels."""
    levels = images * (spec.levels - 1)
    if np.abs(levels - np.rint(levels)).max() > 1e-2:
        binarized = f"binarize={spec.binarize}" if spec.levels == 2 else "as they were trained on"
        raise UserError(
            f"some pixels are not among the {spec.levels} levels that the model knows: prepare the "
            f"pictures {binarized}."
        )


def read_picture(path, spec):
    """Reads one picture to complete; see `read_pictures`."""
    return _one(read_pictures(path, spec), path)


def read_pictures(path, spec):
    """Reads the pictures of a .npy, or of a picture file the one; see `checked_pictures`."""
    found = _read(path)
    if found.dtype == np.uint8 and found.ndim == 3:  # a file's
        colors = spec.shape[-1]
        if colors == 1 and (found == found[..., :1]).all():
            found = found[..., :1]
        elif colors == 3 and found.shape[-1] == 1:
            found = found.repeat(3, axis=-1)
    return checked_pictures(spec, found)


def read_mask(path, spec):
    """Reads one mask from a .npy, or from a picture file that is white where a pixel is drawn and
    black where it stays; see `checked_mask`."""
    found = _read(path)
    if found.dtype == np.uint8 and found.ndim == 3 and not str(path).lower().endswith(".npy"):
        found = found[..., 0] > 127
    return _one(checked_mask(spec, found), path)


def _read(path):
    """An array from a .npy, or uint8 [H, W, 1 or 3] from a picture file."""
    from zoo.data.sources.picture import as_array, opened

    with reading(path):
        file = open(path, "rb")  # noqa: SIM115  closed below
    with file:
        try:
            if str(path).lower().endswith(".npy"):
                found = np.load(file, allow_pickle=False)
                return found if isinstance(found, np.ndarray) else _refuse(path)
            with opened(file) as image:
                return as_array(image)
        except Exception:  # broken files make the readers raise nearly anything
            _refuse(path)


def _refuse(path):
    raise UserError(f"{str(path)!r} is neither a picture nor a .npy file that can be read.")


def _numbers(values, what):
    try:
        found = np.asarray(values)
    except ValueError:  # rows of several lengths
        found = np.array("")
    if found.dtype.kind not in "biuf" or not found.size:
        raise UserError(f"{what} must be an array of numbers, and at least one.")
    return found


def _one(found, path):
    if len(found) > 1:
        raise UserError(f"{str(path)!r} holds {len(found)} of them: complete one at a time.")
    return found
