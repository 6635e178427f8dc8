"""A user's own pictures, from a folder: the data set ``folder:/path``.

Every file is opened, decoded and checked before training starts.
"""

import os
import warnings

import numpy as np
from PIL import Image, ImageOps

from zoo.config import UserError
from zoo.data.crop import square

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff")
# What the suffixes promise, by content: a renamed PostScript file would start an interpreter.
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")


def read(path, image_size=0, memory_limit=6 * 2**30):
    """Reads a folder of pictures: files named as in `SUFFIXES`, at any depth, none hidden.

    The first-level sub-folders are the classes.  The files are sorted by their relative paths and
    permuted by ``RandomState(0)``; the last tenth of them, rounded up, is `test`, the rest `train`.

    Pictures are set upright by their EXIF, shown over white where they are transparent, and taken
    at their first frame; 16-bit gray is scaled by its full range.  They have one channel if all
    are stored as gray, else three.

    Args:
        path: of the folder; a leading ``~`` is the user's home.
        image_size: center-crop to a square and resize, antialiased, to this many pixels a side; 0
            keeps the shape.
        memory_limit: the bytes that all pictures may take with three channels.

    Returns:
        (splits, names): `splits` maps `train` and `test` to (images uint8 [N, H, W, C], labels
        int32 [N]); `names` holds the classes' names, sorted.  Without sub-folders it is () and
        the labels are -1.

    Raises:
        UserError: the folder or a file is missing or cannot be read; there are fewer than two
            pictures; they lie both in sub-folders and beside them, have several sizes (and no
            `image_size`) or do not fit into memory.
    """
    root = os.path.expanduser(path)
    files = sorted(_walk(root))
    names, labels = _classes(path, files)
    if len(files) < 2:
        found = f"contains only one picture, {files[0]}" if files else "contains no pictures"
        raise UserError(
            f"{path!r} {found}: at least two are needed, one to train on and one to test on, named "
            f"{', '.join(SUFFIXES)}."
        )
    broken = []
    sizes = dict(_readable(root, files, lambda image: image.size, broken))
    if sizes and not image_size:
        # EXIF may turn a picture yet, so only its pair of sides is compared.
        _check_sizes(path, sizes, sorted)
    if sizes:
        side = (image_size, image_size) if image_size else next(iter(sizes.values()))
        _check_memory(path, len(files), side, memory_limit)

    order = np.random.RandomState(0).permutation(len(files))
    rows = {files[place]: row for row, place in enumerate(order)}
    images, channels = None, 1
    # A list: decoding corrects the sizes while it goes through them.
    for name, picture in _readable(
        root, [*sizes], lambda image: as_array(image, image_size), broken
    ):
        height, width, depth = picture.shape
        sizes[name] = width, height
        channels = max(channels, depth)
        if images is None:
            images = np.empty((len(files), height, width, 3), np.uint8)
        if images.shape[1:3] == (height, width):
            images[rows[name]] = picture
    if broken:
        shown = ", ".join(sorted(broken)[:3]) + (", …" if len(broken) > 3 else "")
        raise UserError(
            f"{len(broken)} of {len(files)} pictures cannot be read: {shown}: fix or remove them."
        )
    _check_sizes(path, sizes, tuple)
    if channels == 1:
        images = images[..., :1].copy()
    labels, test = labels[order], -(-len(files) // 10)
    return {
        "train": (images[:-test], labels[:-test]),
        "test": (images[-test:], labels[-test:]),
    }, names


def _walk(folder, prefix="", above=()):
    """Yields the pictures' paths relative to the first `folder`, with ``/`` between their parts."""
    real = os.path.realpath(folder)
    if real in above:  # a link to a folder that it lies in
        return
    try:
        with os.scandir(folder) as entries:
            entries = [(entry, entry.is_dir()) for entry in entries if entry.name[0] != "."]
    except FileNotFoundError:
        raise UserError(f"the folder {folder!r} does not exist: check its spelling.")
    except NotADirectoryError:
        raise UserError(f"{folder!r} is a file: name the folder with the pictures.")
    except PermissionError as error:
        raise UserError(f"{error.filename!r} cannot be read: change its permissions.")
    except OSError as error:
        raise UserError(f"the folder {folder!r} cannot be read: {error.strerror}.")
    for entry, deeper in entries:
        if deeper:
            yield from _walk(entry.path, f"{prefix}{entry.name}/", (*above, real))
        elif entry.name.lower().endswith(SUFFIXES) and (
            # By the folder's own word, so that files are not overlooked where it denies a look at
            # them; a link that leads nowhere is a picture that cannot be read.
            entry.is_file(follow_symlinks=False) or entry.is_symlink()
        ):
            yield prefix + entry.name


def _classes(path, files):
    """The classes' names and each file's label, int32 [N]."""
    names = tuple(sorted({name.split("/")[0] for name in files if "/" in name}))
    strays = [name for name in files if "/" not in name]
    if names and strays:
        raise UserError(
            f"{path!r} contains pictures both in sub-folders, which are classes, and beside them, "
            f"such as {strays[0]}: put all of them into sub-folders or none."
        )
    places = {name: label for label, name in enumerate(names)}
    labels = [places.get(name.split("/")[0], -1) for name in files]
    return names, np.array(labels, np.int32)


def _readable(root, names, look, broken):
    """Yields (name, `look(image)`) of the files that are read; appends the others to `broken`."""
    for name in names:
        try:
            with open(os.path.join(root, name), "rb") as file, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # PIL tells every file's harmless faults
                warnings.simplefilter("error", Image.DecompressionBombWarning)
                with Image.open(file, formats=FORMATS) as image:
                    found = look(image)
        except PermissionError as error:
            raise UserError(f"{error.filename!r} cannot be read: change its permissions.")
        except UserError as error:
            broken.append(f"{name} ({error})")
        except Exception:  # broken files make the decoders raise nearly anything
            broken.append(name)
        else:
            yield name, found


def _check_sizes(path, sizes, form):
    """`form` says which sizes are the same."""
    if len({tuple(form(size)) for size in sizes.values()}) > 1:
        names = sorted(sizes, key=lambda name: (sizes[name][0] * sizes[name][1], sizes[name]))
        least, most = ("{}x{} ({})".format(*sizes[n], n) for n in (names[0], names[-1]))
        raise UserError(
            f"the pictures of {path!r} have several sizes, from {least} to {most}: pass "
            "--data.image_size=64, say."
        )


def _check_memory(path, count, side, limit):
    size = count * side[0] * side[1] * 3
    if size > limit:
        raise UserError(
            f"{path!r} takes {size / 2**30:.1f} GiB at {side[0]}x{side[1]} and data is held in "
            f"memory, {limit / 2**30:.0f} GiB at most: pass a smaller --data.image_size."
        )


def as_array(image, image_size=0):
    """A PIL picture as uint8 [H, W, 1] if it is stored as gray, else [H, W, 3]."""
    image.load()
    image = _upright(image)
    mode = "L" if _is_gray(image) else "RGB"
    if image.mode[0] in "IF":
        image = _eight_bits(image)
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


def _eight_bits(image):
    """A picture of 16-bit gray values, which may be stored in wider numbers, as 8-bit ones."""
    values = np.asarray(image)
    if image.mode == "F" or values.min() < 0 or values.max() > 65535:
        raise UserError("32-bit, with an unknown white level")
    gray = (values.astype(np.int64) + 128) // 257
    gray[values == image.info.get("transparency", -1)] = 255  # PIL drops what is transparent here
    return Image.fromarray(gray.astype(np.uint8))
