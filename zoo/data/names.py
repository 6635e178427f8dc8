"""Spelled names of classes as one-hot letters.

The alphabet is the blank, which pads short names, and the characters in the names of a data set:
for digits " efghinorstuvwxz", 5 letters of 16 symbols.
"""

import numpy as np

from zoo.config import UserError
from zoo.data import text

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def spelled(names):
    """Returns class names as words: lower case, and digits written out."""
    if tuple(names) == tuple("0123456789"):
        return DIGITS
    return tuple(str(name).lower() for name in names)


def alphabet(names):
    """Returns the symbols of the names as one string, the blank first."""
    return text.alphabet(names)


def shape(names):
    """Returns (letters of the longest name, symbols)."""
    return max(map(len, names)), len(alphabet(names))


def encode(words, names):
    """Writes words in the letters of `names`.

    Returns:
        float32 [N, letters, symbols], one-hot.

    Raises:
        UserError: a word is too long or has a letter that no name has.
    """
    letters, _ = shape(names)
    symbols = alphabet(names)
    for word in words:
        strange = sorted(set(word) - set(symbols))
        if not word.strip() or strange or len(word) > letters:
            raise UserError(
                f"the name {word!r} cannot be spelled: names here have 1 to {letters} letters out "
                f"of {symbols.strip()!r}, e.g. {names[0]!r}."
            )
    return np.eye(len(symbols), dtype=np.float32)[text.encode(words, symbols, letters)]


def decode(x, names):
    """Reads probabilities [N, letters, symbols] as words, by the likeliest symbol of each place."""
    return text.decode(x, alphabet(names))
