"""Every model of the zoo, imported, so that Keras finds their classes when it loads a file.

    import keras
    import zoo.models

    model = keras.saving.load_model("m.keras")

`load` is the same with one sentence for what is no such file; `zoo.load` calls it.
"""

import json
import zipfile

from zoo import registry
from zoo.config import UserError
from zoo.files import reading
from zoo.startup import start_tensorflow

start_tensorflow()
for name in registry.names():
    registry.module(name)

import keras  # noqa: E402

from zoo.training.model import GenerativeModel  # noqa: E402


def load(path):
    """Loads what `model.save` of a model of the zoo has written.

    Args:
        path: of a ``.keras`` file.

    Returns:
        The `GenerativeModel`, compiled.

    Raises:
        UserError: it cannot be read, is damaged, or holds something else; no code of it is run.
    """
    with reading(path), open(path, "rb") as file:
        try:
            _check(path, file)
            return keras.saving.load_model(path, safe_mode=True)
        except (UserError, MemoryError):
            raise
        except Exception as error:  # Keras has no errors of its own for what is damaged
            said = str(error).strip().splitlines() or [type(error).__name__]
            raise UserError(
                f"{str(path)!r} is damaged, or was written by another version of the zoo "
                f"({said[0].rstrip('.')}): save it again."
            ) from None


def _check(path, file):
    """Refuses a damaged archive, whose weights Keras would read, and another's model."""
    try:
        with zipfile.ZipFile(file) as archive:
            damaged = archive.testzip()
            kind = json.loads(archive.read("config.json")).get("registered_name")
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError, EOFError, RecursionError):
        raise UserError(f"{str(path)!r} is damaged, or is no .keras file.") from None
    if damaged:
        raise UserError(f"{str(path)!r} is damaged: its {damaged!r} differs from its checksum.")
    found = keras.saving.get_registered_object(kind) if isinstance(kind, str) else None
    if not (isinstance(found, type) and issubclass(found, GenerativeModel)):
        raise UserError(
            f"{str(path)!r} holds no model of the zoo ({kind or 'one of another package'}): load "
            "it by keras.saving.load_model, or import the module that defines its class first."
        )
