"""The zoo's tests, a package: what several of them need is imported as ``tests.NAME``."""

import os
import pathlib

from zoo.startup import ONEDNN

ROOT = pathlib.Path(__file__).parent.parent
# Programs such as `python -m tests.reliability.storage.kills` import TensorFlow by themselves, and
# compare bits with the commands, which turn this on where the CPU's default is off.
os.environ.setdefault(ONEDNN, "1")
