"""Keeps what C++ parts say of themselves (CPU features, absent GPUs) off the terminal."""

import contextlib
import os
import sys


@contextlib.contextmanager
def quiet():
    """A scope in which what is written to the process's stderr goes nowhere.

    No setting of TensorFlow's own does this.  Errors are exceptions and come through.
    """
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
