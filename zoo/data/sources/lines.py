"""Lines of any text, from a file: the data set ``lines:/path.txt``.

The file is read and checked before training starts.
"""

import os
import unicodedata

import numpy as np

from zoo.config import UserError
from zoo.data import text
from zoo.data.source import Source
from zoo.data.sources.folder import check_name
from zoo.files import reading

LENGTH = 32  # symbols of a line, in the language model of WGAN-GP's paper
SYMBOLS = 256  # of an alphabet, at most
LIMIT = 2**30  # bytes of a file
CODES = 2**30  # symbols of all lines, each padded to the longest that is taken
SPACES = "\t\v\f"  # the control characters that a line may have


def read(path, length=0):
    """Reads a file of text in UTF-8: each line is an example, and each character a symbol.

    Lines lose the white space at their ends, and characters are composed (NFC).  Empty lines are
    left out, and those of more than `length` symbols, which a printed line counts and names.

    Args:
        path: of the file; a leading ``~`` is the user's home.
        length: the most symbols of a line; 0 is `LENGTH`.

    Raises:
        UserError: the file cannot be read, is too large or is no text, or see `source`.
    """
    lines, length = _lines(path), length or LENGTH
    found = source(path, lines, length)
    longer = [number for number, line in enumerate(lines, 1) if len(line) > length]
    if longer:
        shown = ", ".join(map(str, longer[:5])) + (", …" if len(longer) > 5 else "")
        print(
            f"{path}: {len(longer)} of {len(lines)} lines have more than {length} symbols, "
            f"{max(map(len, lines))} at most, and are left out (--data.length): {shown}"
        )
    return found


def source(name, lines, length, version=None):
    """Returns the `Source` of the lines that have 1 to `length` symbols.

    They are permuted by ``RandomState(0)``; the last tenth, rounded up, is `test`, the rest
    `train`.

    Raises:
        UserError: there are fewer than two, or they have more than `SYMBOLS` symbols.
    """
    fitting = [line for line in lines if 0 < len(line) <= length]
    if len(fitting) < 2:
        sizes = sorted(len(line) for line in lines if line)
        found = "no line" if not fitting else "only one line"
        way = f"pass --data.length={sizes[1]}, say" if len(sizes) > 1 else "name another file"
        raise UserError(
            f"{name!r} has {found} of 1 to {length} symbols, and two are needed, one to train on "
            f"and one to test on: {way}."
        )
    symbols = text.alphabet(fitting)
    if len(symbols) > SYMBOLS:
        raise UserError(
            f"{name!r} has {len(symbols)} different symbols with the blank, and {SYMBOLS} are the "
            "most: leave out the lines with rare ones."
        )
    longest = max(map(len, fitting))
    if len(fitting) * longest > CODES:
        raise UserError(
            f"{name!r} has {len(fitting)} lines, padded to {longest} symbols, and {CODES} symbols "
            "are the most: pass a smaller --data.length."
        )
    codes = text.encode(fitting, symbols, longest)
    codes = codes[np.random.RandomState(0).permutation(len(codes))]
    test = -(-len(codes) // 10)
    parts = {"train": codes[:-test], "test": codes[-test:]}
    splits = {split: (part, np.full(len(part), -1, np.int32)) for split, part in parts.items()}
    return Source(splits, (), version=version, symbols=symbols)


def _lines(path):
    """The lines of a file, without the white space at their ends."""
    check_name(path, "file")
    with reading(path), open(os.path.expanduser(path), "rb") as file:
        content = file.read(LIMIT + 1)
    if len(content) > LIMIT:
        raise UserError(
            f"{path!r} has more than {LIMIT // 2**30} GiB, and data is held in memory: take some "
            "of its lines."
        )
    try:
        found = unicodedata.normalize("NFC", content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise UserError(
            f"{path!r} is not text in UTF-8 (its byte {error.start} is not): save it as UTF-8."
        )
    found = found.replace("\r\n", "\n").replace("\r", "\n")
    strange = {s for s in set(found) - set("\n" + SPACES) if unicodedata.category(s) == "Cc"}
    if strange:
        raise UserError(
            f"{path!r} is not a text file, since it contains the control character "
            f"{min(strange)!r}: name one, or remove it."
        )
    return [line.rstrip() for line in found.split("\n")]
