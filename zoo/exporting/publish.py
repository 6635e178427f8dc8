"""Publishes an export by one rename, so that a server sees all of it or nothing.

TensorFlow Serving takes a version folder for complete as soon as its `saved_model.pb` is there,
so nothing is ever written inside one: files are staged beside it, synced to the disk, and renamed
to the next free version number.  A killed export leaves its hidden staging folder, which no server
loads, and the next export to the same name clears it.
"""

import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import tempfile

from zoo.config import UserError
from zoo.files import reading, writing

MANIFEST = pathlib.PurePath("assets.extra/manifest.json")
CONDITIONS = pathlib.PurePath("assets.extra/conditions.npy")
NOTHING = "nothing is exported"  # where a file of the new version cannot be written
STAGING = ".staging-"  # the beginning of a staging folder's name


def target(out):
    """Checks ``--out=FOLDER/NAME`` and returns it as a path.

    Raises:
        UserError: the folder does not exist or is itself an export or a run (a name has no
            slash), or the name is empty, hidden or a number.
    """
    path = pathlib.Path(out)
    inside = next((f for f in path.parents if newest_version(f) or _is_run(f)), None)
    if inside or _is_run(path):
        raise UserError(
            f"--out={out}: {str(inside or path)!r} is an export or a run itself; an export's name "
            f"has no slash: pass --out=exports/{path.name}."
        )
    if out.endswith("/") or not path.name or path.name.startswith(".") or path.name.isdigit():
        raise UserError(f"--out={out} must be FOLDER/NAME, e.g. exports/digits.")
    if path.parent == pathlib.Path("exports"):
        return path
    if not path.parent.is_dir():
        flat = "_".join(path.parts[-2:])
        raise UserError(
            f"--out={out}: an export's name has no slash and there is no folder "
            f"{str(path.parent)!r}: make it, or pass --out=exports/{flat}."
        )
    return path


@contextlib.contextmanager
def staging(path):
    """Gives a fresh staging folder beside the versions of `path`; removed unless published.

    It is locked as long as this process lives, and what others left unlocked is cleared.
    """
    with writing(path):
        stage, lock = _locked_folder(path)
    try:
        for other in path.glob(f"{STAGING}*"):
            if other != stage:
                _clear(other)
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        os.close(lock)
        with contextlib.suppress(OSError):
            path.rmdir()  # where a first export failed and left it empty


def publish(stage, path):
    """Writes the manifest, syncs, and renames `stage` to the next version of `path`.

    Raises:
        WriteError: the file system refuses.
    """
    with writing(path, NOTHING):
        _write_manifest(stage)
        for file in sorted(stage.rglob("*")):
            _sync(file)
        _sync(stage)
        _sync(path.parent)
        version = _renamed(stage, path)
    with writing(version):
        _sync(path)
    return version


def _renamed(stage, path):
    while True:
        version = path / str(max(_versions(path), default=0) + 1)
        try:
            os.rename(stage, version)
        except OSError:
            if version.exists():
                continue  # another export took the number between our look and our rename
            raise
        return version


def newest_version(path):
    """Returns the newest version folder of an export, `path` itself if it is one, or None."""
    if (path / "saved_model.pb").exists():
        return path
    versions = _versions(path)
    return path / str(max(versions)) if versions else None


def check_versions(path):
    """Checks every version of an export, or the one that `path` is; returns their folders.

    Raises:
        UserError: there is none, or a file differs from its manifest.
    """
    path = pathlib.Path(path)
    is_one = (path / MANIFEST).exists() or (path / "saved_model.pb").exists()
    found = [path] if is_one else [path / str(number) for number in sorted(_versions(path))]
    if not found:
        raise UserError(f"{str(path)!r} is not an export: it has no version folder.")
    for version in found:
        check_manifest(version)
    return found


def check_manifest(version):
    """Raises `UserError` naming the first file that differs from the manifest."""
    try:
        text = (version / MANIFEST).read_text()
        manifest = json.loads(text)
        exact = text == _text(manifest)  # a changed blank is a change
        recorded = manifest.pop("sha256_of_this_file_without_this_line")
        files = dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UserError(f"{str(version / MANIFEST)!r} is missing or damaged.") from None
    if not exact or recorded != _own_hash(manifest):
        raise UserError(f"{str(version / MANIFEST)!r} has been changed.")
    present = {str(name) for name in _files(version)}
    for name in sorted(files.keys() | present):
        if name not in present:
            raise UserError(f"{str(version / name)!r} is missing.")
        if name not in files:
            raise UserError(f"{str(version / name)!r} does not belong to this export.")
        with reading(version / name):
            found = _hash(version / name)
        if found != files[name]:
            raise UserError(f"{str(version / name)!r} is not the file that was exported.")


def _is_run(path):
    return (path / "run.json").exists()


def _locked_folder(path):
    """Makes a staging folder and locks it; returns it and the lock's handle."""
    while True:
        path.mkdir(parents=True, exist_ok=True)
        try:
            stage = pathlib.Path(tempfile.mkdtemp(prefix=STAGING, dir=path))
            lock = os.open(stage, os.O_RDONLY)
        except FileNotFoundError:
            continue  # another export removed the empty folder, or cleared ours, in between
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stage.exists():
            stage.chmod(0o755)  # a temporary folder is its owner's alone; a server reads this one
            return stage, lock
        os.close(lock)


def _clear(stage):
    """Removes a staging folder unless the process that fills it lives."""
    try:
        lock = os.open(stage, os.O_RDONLY)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(stage, ignore_errors=True)
    except BlockingIOError:
        pass
    finally:
        os.close(lock)


def _versions(path):
    if not path.is_dir():
        return []
    return [int(folder.name) for folder in path.iterdir() if folder.name.isdecimal()]


def _write_manifest(stage):
    manifest = {"files": {str(name): _hash(stage / name) for name in _files(stage)}}
    manifest["sha256_of_this_file_without_this_line"] = _own_hash(manifest)
    (stage / MANIFEST).write_text(_text(manifest))


def _text(manifest):
    return json.dumps(manifest, indent=2) + "\n"


def _own_hash(manifest):
    return hashlib.sha256(_text(manifest).encode()).hexdigest()


def _files(folder):
    names = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in names if name != pathlib.Path(MANIFEST))


def _hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _sync(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
