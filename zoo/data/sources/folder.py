"""A user's own pictures, from a folder: the data set ``folder:/path``.

Every file is opened, decoded and checked before training starts.
"""

import collections
import os
import warnings

import numpy as np

from zoo.config import UserError
from zoo.data.source import MEMORY_LIMIT, check_memory
from zoo.data.sources.picture import as_array, opened, suffixes

# What systems put beside pictures, and unpackers: neither classes nor pictures.
CLUTTER = {
    "@eadir", "@recycle", "@__thumb", "@tmp", "#recycle", "$recycle.bin", "__macosx",
    "__pycache__", "lost+found", "system volume information", "thumbs.db", "desktop.ini",
}  # fmt: skip
SPLITS = {
    "train": "train", "training": "train", "test": "test", "testing": "test",
    "val": "validation", "valid": "validation", "validation": "validation",
}  # fmt: skip
DARK = 65536 // 4  # the brightest of 16-bit gray below this is worth a word


def read(path, image_size=0, memory_limit=MEMORY_LIMIT):
    """Reads a folder of pictures: files named as in `suffixes`, at any depth, none hidden.

    The first-level sub-folders are the classes.  The files are sorted by their relative paths and
    permuted by ``RandomState(0)``; the last tenth of them, rounded up, is `test`, the rest `train`.
    Where all first-level sub-folders are named as in `SPLITS`, `train` among them, they are the
    splits, and the classes lie within.

    Pictures are set upright by their EXIF, shown over white where they are transparent, and taken
    at their first frame.  16-bit gray is scaled by its full range, or by the greatest value of the
    whole folder where that is the full range of fewer bits, e.g. 4095.  They have one channel if
    all are stored as gray, else three.

    Files of other suffixes, splits and a range of fewer bits are told in a printed line each.

    Args:
        path: of the folder; a leading ``~`` is the user's home.
        image_size: center-crop to a square and resize, antialiased, to this many pixels a side; 0
            keeps the shape.
        memory_limit: the bytes that all pictures may take with three channels.

    Returns:
        (splits, names): `splits` maps `train`, and `test` or `validation` or both, to (images uint8
        [N, H, W, C], labels int32 [N]); `names` holds the classes' names, sorted.  Without
        sub-folders it is () and the labels are -1.

    Raises:
        UserError: the folder or a file is missing or cannot be read; there are fewer than two
            pictures; they lie both in sub-folders and beside them, have several sizes (and no
            `image_size`) or do not fit into memory; the name of a class is not UTF-8.
    """
    files, root = listed(path), os.path.expanduser(path)
    parts = _splits(files)
    if parts:
        print(f"{path}: its folders {', '.join(sorted(parts))} are taken as splits")
    names, labels = _classes(path, files, bool(parts))
    if len(files) < 2:
        found = f"contains only one picture, {files[0]}" if files else "contains no pictures"
        raise UserError(
            f"{path!r} {found}: at least two are needed, one to train on and one to test on, named "
            f"{', '.join(suffixes())}."
        )
    broken = []
    facts = dict(readable(root, files, lambda image: (image.size, image.mode), broken))
    sizes = {name: size for name, (size, _) in facts.items()}
    if sizes and not image_size:
        # EXIF may turn a picture yet, so only its pair of sides is compared.
        _check_sizes(path, sizes, sorted)
    if sizes:
        side = (image_size, image_size) if image_size else next(iter(sizes.values()))
        check_memory(path, len(files), (*side, 3), memory_limit)
    white = _white(path, root, [name for name, (_, mode) in facts.items() if mode[0] == "I"])

    order = np.random.RandomState(0).permutation(len(files))
    if parts:
        chosen = [parts[name.split("/")[0]] for name in files]
        order = np.array(sorted(order, key=lambda place: chosen[place]), np.int64)
        counts = {part: chosen.count(part) for part in sorted(set(chosen))}
    else:
        test = -(-len(files) // 10)
        counts = {"train": len(files) - test, "test": test}
    rows = {files[place]: row for row, place in enumerate(order)}
    images, channels = None, 1
    # A list: decoding corrects the sizes while it goes through them.
    for name, picture in readable(
        root, [*sizes], lambda image: as_array(image, image_size, white), broken
    ):
        height, width, depth = picture.shape
        sizes[name] = width, height
        channels = max(channels, depth)
        if images is None:
            images = np.empty((len(files), height, width, 3), np.uint8)
        if images.shape[1:3] == (height, width):
            images[rows[name]] = picture
    check_none(broken, len(files))
    _check_sizes(path, sizes, tuple)
    if channels == 1:
        images = images[..., :1].copy()
    labels, splits, first = labels[order], {}, 0
    for part, count in counts.items():
        splits[part] = images[first : first + count], labels[first : first + count]
        first += count
    return splits, names


def listed(path):
    """Returns the relative paths of a folder's picture files, sorted; tells the other files.

    Raises:
        UserError: the folder is missing or cannot be read, or its name is not UTF-8.
    """
    check_name(path, "folder")
    files, others = [], collections.Counter()
    for name in sorted(_walk(os.path.expanduser(path))):
        suffix = os.path.splitext(name)[1].lower()
        if suffix in suffixes():
            files.append(name)
        else:
            others[_printable(suffix) or "no suffix"] += 1
    if others:
        kinds = ", ".join(f"{others[suffix]} of {suffix}" for suffix in sorted(others))
        print(f"{path}: files that are not read as pictures: {kinds}")
    return files


def check_none(broken, count):
    """Raises `UserError` if any of `count` files is in `broken`, which `readable` filled."""
    if broken:
        shown = ", ".join(sorted(broken)[:3]) + (", …" if len(broken) > 3 else "")
        raise UserError(
            f"{len(broken)} of {count} pictures cannot be read: {shown}: fix or remove them."
        )


def _printable(name):
    """A file's name with its bytes that are not UTF-8 spelled out."""
    return name.encode("utf-8", "backslashreplace").decode()


def check_name(name, what):
    """Raises `UserError` for a name that no card, record or terminal could write."""
    if _printable(name) != name:
        raise UserError(f"the name of the {what} {_printable(name)!r} is not UTF-8: rename it.")


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
        if entry.name.lower() in CLUTTER:
            continue
        if deeper:
            yield from _walk(entry.path, f"{prefix}{entry.name}/", (*above, real))
        # By the folder's own word, so that files are not overlooked where it denies a look at
        # them; a link that leads nowhere is a picture that cannot be read.
        elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
            yield prefix + entry.name


def _splits(files):
    """First-level folder -> the split that it is; {} unless all of them are, and `train` is one."""
    folders = {name.split("/")[0] if "/" in name else "" for name in files}
    found = {folder: SPLITS.get(folder.lower()) for folder in folders}
    return found if {"train"} < set(found.values()) and None not in found.values() else {}


def _classes(path, files, within_splits):
    """The classes' names and each file's label, int32 [N]."""
    inner = [name.split("/")[within_splits:] for name in files]
    names = tuple(sorted({parts[0] for parts in inner if len(parts) > 1}))
    strays = [name for name, parts in zip(files, inner, strict=True) if len(parts) == 1]
    if names and strays:
        raise UserError(
            f"{path!r} contains pictures both in sub-folders, which are classes, and beside them, "
            f"such as {strays[0]}: put all of them into sub-folders or none."
        )
    for name in names:
        check_name(name, "class folder")
    places = {name: label for label, name in enumerate(names)}
    labels = [places[parts[0]] if names else -1 for parts in inner]
    return names, np.array(labels, np.int32)


def _white(path, root, names):
    """The value of white in pictures of 16-bit gray, which some fill with fewer bits.

    Args:
        names: of the files that are such pictures.
    """
    # What cannot be read is told when all are.
    brightest = max((top for _, top in readable(root, names, _brightest, [])), default=65535)
    if brightest >= 65535:
        return 65535
    if brightest and brightest & (brightest + 1) == 0:
        bits = brightest.bit_length()
        print(f"{path}: 16-bit gray is scaled by {brightest}, the greatest value: {bits} bits")
        return brightest
    if brightest < DARK:
        print(f"{path}: 16-bit gray is scaled by 65535, and its greatest value is {brightest}")
    return 65535


def _brightest(image):
    return int(np.asarray(image).max())


def readable(root, names, look, broken):
    """Yields (name, `look(image)`) of the files that are read; appends the others to `broken`."""
    for name in names:
        try:
            with open(os.path.join(root, name), "rb") as file, warnings.catch_warnings():
                warnings.simplefilter("ignore")  # PIL tells every file's harmless faults
                with opened(file) as image:
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
