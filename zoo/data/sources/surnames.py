"""The embedded text: surnames of the 1990 census of the United States.

`surnames.txt.gz` holds the U.S. Census Bureau's list dist.all.last, the most frequent surnames of a
sample of its 1990 census, as the PyPI package `names` 0.3.0 ships it.  As a work of the United
States government it is in the public domain.  The frequencies are left out: each name is one
example, so the names to test on are none of those to train on.
"""

import gzip
import pathlib

from zoo.data.sources import lines

LENGTH = 12  # letters
FILE = pathlib.Path(__file__).with_name("surnames.txt.gz")


def read(name="surnames", image_size=0, length=0):
    """Returns the names of at most `length` letters, 0 for `LENGTH`, split as lines of a file."""
    del image_size  # of pictures
    names = gzip.decompress(FILE.read_bytes()).decode("ascii").splitlines()
    return lines.source(name, names, length or LENGTH, version="1.0.0")
