"""Files that are written whole or not at all."""

import os
import pathlib


def write_whole(path, data):
    """Writes bytes to `path` so that it is either the old file or the whole new one."""
    path = pathlib.Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise
