"""Starts TensorFlow with oneDNN on and its C++ log messages off, and Keras on TensorFlow."""

import contextlib
import importlib
import json
import os
import sys

from zoo.config import UserError
from zoo.files import reading
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

    Raises:
        UserError: Keras is set to another backend than TensorFlow, or to another `floatx` than
            float32.
    """
    _check_keras()
    if "tensorflow" not in sys.modules:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # warnings and less, from then on
        os.environ.setdefault(ONEDNN, "1")
    with quiet(), deferred():
        config = importlib.import_module("tensorflow").config
        importlib.import_module("keras")
        config.list_physical_devices()  # looks for GPUs
    if exact:
        config.experimental.enable_tensor_float_32_execution(False)


def _check_keras():
    """Refuses the global settings of Keras that layers cannot be told otherwise: the backend, and
    `floatx`, in which Keras holds learning rates and hands arrays to `fit`."""
    keras = sys.modules.get("keras")
    if keras is not None:
        backend, floatx, path = keras.config.backend(), keras.config.floatx(), None
    else:
        path, settings = _keras_json()
        backend = os.environ.get("KERAS_BACKEND") or settings.get("backend", "tensorflow")
        floatx = settings.get("floatx", "float32")
    if backend != "tensorflow":
        raise UserError(
            f"Keras' backend is {backend!r} here and the zoo's is TensorFlow: set "
            "KERAS_BACKEND=tensorflow before Keras is imported."
        )
    if floatx != "float32":
        where = "with keras.config.set_floatx('float32')" if path is None else f"in {path!r}"
        raise UserError(
            f"Keras' floatx is {floatx!r} here and the zoo's is float32: set it {where}."
        )


def _keras_json():
    """Returns the path of Keras' settings, and those that Keras will read there."""
    home = os.path.expanduser("~")
    home = home if os.access(home, os.W_OK) else "/tmp"  # as Keras does
    folder = os.environ.get("KERAS_HOME", os.path.join(home, ".keras"))
    path = os.path.expanduser(os.path.join(folder, "keras.json"))
    if not os.path.exists(path):
        return path, {}
    with reading(path), open(path, "rb") as file:
        content = file.read()
    try:
        settings = json.loads(content)
    except ValueError:
        return path, {}  # Keras takes no notice of it
    wrong = not isinstance(settings, dict) or not isinstance(settings.get("epsilon", 0.1), float)
    layouts = ("channels_last", "channels_first")
    if wrong or settings.get("image_data_format", layouts[0]) not in layouts:
        raise UserError(f"{path!r} holds what Keras cannot read: correct or remove it.")
    return path, settings


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
