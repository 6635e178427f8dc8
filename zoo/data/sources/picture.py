"""One picture file: which formats are read, and how its pixels become 8-bit gray or colors."""

import contextlib
import functools

import numpy as np
from PIL import Image, ImageOps, features

from zoo.config import UserError
from zoo.data.crop import square

# Raster formats that say by their first bytes what they are, and what Pillow may be built without.
# The content decides: a renamed PostScript file would start an interpreter.
FORMATS = {
    "AVIF": "avif", "BMP": None, "GIF": None, "JPEG": "jpg", "JPEG2000": "jpg_2000", "PNG": None,
    "PPM": None, "QOI": None, "TIFF": None, "WEBP": "webp",
}  # fmt: skip
PIXELS = 2**28  # of one file; its colors take three bytes each while it is read


@functools.cache
def formats():
    """Returns the formats that are read: those of `FORMATS` that this Pillow has."""
    return tuple(name for name, part in FORMATS.items() if not part or features.check(part))


@functools.cache
def suffixes():
    """Returns the suffixes that Pillow registers for `formats`, in lower case."""
    known = Image.registered_extensions()
    return tuple(sorted(suffix for suffix, form in known.items() if form in formats()))


@contextlib.contextmanager
def opened(file):
    """Opens a binary file as a PIL picture, under our limit of pixels and not Pillow's.

    Raises:
        UserError: it has more pixels.
        Exception: nearly any, where the file is broken.
    """
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        with Image.open(file, formats=formats()) as image:
            if image.width * image.height > PIXELS:
                raise UserError(f"{image.width}x{image.height}, and {PIXELS:,} pixels are the most")
            yield image
    finally:
        Image.MAX_IMAGE_PIXELS = limit


def as_array(image, image_size=0, white=65535):
    """A PIL picture as uint8 [H, W, 1] if it is stored as gray, else [H, W, 3].

    `white` is the value of white where it is stored as 16-bit gray.
    """
    image.load()
    image = _upright(image)
    mode = "L" if _is_gray(image) else "RGB"
    if image.mode[0] in "IF":
        image = _eight_bits(image, white)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    image = image.convert(mode)
    if image_size:
        image = square(image, image_size)
    return np.asarray(image).reshape(image.height, image.width, -1)


def _upright(image):
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # garbled EXIF data beside a sound picture
        return image


def _is_gray(image):
    if image.mode in ("P", "PA"):
        palette = np.reshape(image.getpalette(), (-1, 3))
        return bool((palette == palette[:, :1]).all())
    return image.mode[0] in "1LIF" and image.mode != "LAB"


def _eight_bits(image, white):
    """A picture of 16-bit gray values, which may be stored in wider numbers, as 8-bit ones."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise UserError("32-bit, with an unknown white level")
    gray = (values.astype(np.int64) * 510 + white) // (2 * white)
    gray[values == image.info.get("transparency", -1)] = 255  # PIL drops what is transparent here
    return Image.fromarray(gray.astype(np.uint8))
