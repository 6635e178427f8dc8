"""Lines of text as symbols: an alphabet, codes, and lines again.

The first symbol of an alphabet is the blank, which also pads a line to its full length.
"""

import sys

import numpy as np

BLANK = " "


def alphabet(lines):
    """Returns the symbols of the lines as one string, the blank first."""
    return BLANK + "".join(sorted(set().union(*lines) - {BLANK}))


def encode(lines, symbols, length):
    """Returns the place of each symbol of each line in the alphabet, whole numbers [N, `length`].

    Args:
        lines: at most `length` symbols each, all of them in the alphabet.
        symbols: the alphabet.
        length: of a padded line.
    """
    places = np.zeros(sys.maxunicode + 1, np.min_scalar_type(len(symbols) - 1))
    places[[ord(symbol) for symbol in symbols]] = np.arange(len(symbols))
    points = np.array(lines, f"<U{length}").reshape(-1, 1).view("<u4")
    return places[points]  # beyond a line's end NumPy has 0, which is the blank here


def decode(x, symbols):
    """Reads probabilities [N, L, S] as lines, by the likeliest symbol of each place."""
    return read(np.asarray(x).argmax(axis=-1), symbols)


def read(codes, symbols):
    """Reads codes [N, L] as lines, without the blanks at their ends."""
    points = np.array([ord(symbol) for symbol in symbols], "<u4")[np.asarray(codes)]
    lines = points.view(f"<U{points.shape[1]}")[:, 0]
    return [line.rstrip(BLANK) for line in lines.tolist()]
