"""Starts TensorFlow with oneDNN on and its C++ log messages off."""

import contextlib
import importlib
import os
import sys

from zoo.interruption import deferred

ONEDNN = "TF_ENABLE_ONEDNN_OPTS"


def start_tensorflow(exact=False):
    """Imports TensorFlow quietly, with oneDNN's kernels on.

    By default TensorFlow turns oneDNN off on a CPU without AVX512-VNNI or AMX, where a DCGAN then
    trains at 0.7 of the speed.  Environment variables that are set already are kept, and nothing
    changes in a TensorFlow that the program has imported before.

    Args:
        exact: whether float32 matrix products use float32 on a GPU too, for sampling and
            evaluation.  TensorFloat-32, the GPU's default, rounds more coarsely than the 1e-5 to
            which pictures of one seed agree.
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
def float32_products_kept():
    """A scope that leaves TensorFlow's choice of float32 products as it was, whatever
    `start_tensorflow` asks for in it."""
    before = _tensor_float_32("tensor_float_32_execution_enabled", default=True)
    try:
        yield
    finally:
        _tensor_float_32("enable_tensor_float_32_execution", before)


def _tensor_float_32(name, *given, default=None):
    tensorflow = sys.modules.get("tensorflow")
    return getattr(tensorflow.config.experimental, name)(*given) if tensorflow else default


@contextlib.contextmanager
def quiet():
    """A scope that discards what is written to the process's stderr.

    TensorFlow has no setting for this.  Exceptions are raised as usual.
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
