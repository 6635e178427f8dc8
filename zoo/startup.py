"""Starts TensorFlow as the zoo uses it: with oneDNN, and without its C++ part's words."""

import contextlib
import importlib
import os
import sys

from zoo.interruption import deferred

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


def start_tensorflow(exact=False):
    """Imports TensorFlow quietly, with oneDNN's kernels on.

    With `exact`, for what draws and judges: matrix products of float32 are of float32 on a GPU too,
    whose default rounding is coarser than the 1e-5 that is promised of one seed's pictures.

    By default TensorFlow leaves oneDNN off on a CPU without AVX512-VNNI or AMX, where a DCGAN then
    trains at 0.7 of the speed.  What the environment already says is left as it is, and so is a
    TensorFlow that the program has imported before.
    """
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # warnings and less, from then on
        os.environ.setdefault(ONEDNN, "1")
    with quiet(), deferred():
        config = importlib.import_module("tensorflow").config
        importlib.import_module("keras")
        config.list_physical_devices()  # looks for GPUs
    if exact:
        config.experimental.enable_tensor_float_32_execution(False)


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
