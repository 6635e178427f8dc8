"""Files that are written whole or not at all, and what the file system refuses, in one sentence."""

import contextlib
import errno
import os
import pathlib
import sys

from zoo.config import UserError


class WriteError(UserError):
    """What the file system refuses to write, such as on a full disk or in a read-only folder.

    Attributes:
        path: what cannot be written.
        reason: the system's own words.
    """

    def __init__(self, path, reason, left=None):
        self.path, self.reason = path, reason
        said = f"{str(path)!r} cannot be written ({reason}): "
        super().__init__(f"{said}{left + '; ' if left else ''}fix this and run the command again.")


@contextlib.contextmanager
def writing(path, left=None):
    """A scope that writes `path` and computes nothing: errors in it are the file system's.

    Args:
        path: a file, or a folder that several are written to.
        left: what is as it was, in words, e.g. ``"the file is unchanged"``; None claims nothing.

    Raises:
        WriteError: of an `OSError`, or of what TensorFlow's own writers make of one.
    """
    try:
        yield
        return
    except OSError as error:
        reason = error.strerror or str(error)
    except Exception as error:
        tensorflow = sys.modules.get("tensorflow")
        if tensorflow is None or not isinstance(error, tensorflow.errors.OpError):
            raise
        reason = error.message
    raise WriteError(path, reason.strip().splitlines()[0].rstrip("."), left)


@contextlib.contextmanager
def reading(path):
    """A scope that opens `path`, which the user named, and computes nothing.

    Raises:
        UserError: of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise UserError(
            f"{str(path)!r} cannot be read ({reason}): check the path and its permissions."
        ) from None


def check_folder(path):
    """Checks that files can be written in a folder, or it be made where it is not; writes nothing.

    Raises:
        WriteError: a file is in the way, or a permission is missing.
    """
    path = pathlib.Path(path)
    with writing(path):
        there = next(place for place in (path, *path.absolute().parents) if place.exists())
        own = os.access in os.supports_effective_ids
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        if not os.access(there, os.W_OK | os.X_OK, effective_ids=own):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def check_out(path):
    """Checks that ``--out=PATH`` can be written as a file; writes nothing.

    Raises:
        UserError: its folder is not there, or it is a folder itself.
        WriteError: its folder cannot be written.
    """
    path = pathlib.Path(path)
    with reading(path):
        if not path.parent.is_dir():
            raise UserError(f"--out={path}: the folder {str(path.parent)!r} does not exist.")
        if path.is_dir():
            raise UserError(f"--out={path} is a folder: name a file in it.")
    check_folder(path.parent)


def write_whole(path, data):
    """Writes bytes to `path` so that it is either the old file or the whole new one.

    Raises:
        WriteError: the file system refuses.
    """
    path = pathlib.Path(path)
    part = path.with_name(f".{path.name}.part")
    with writing(path, "nothing there has changed"):
        try:
            with open(part, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise
