"""The zoo's tests, a package: what several of them need is imported as ``tests.NAME``."""

import pathlib

ROOT = pathlib.Path(__file__).parent.parent
