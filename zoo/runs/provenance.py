"""The state of the code that makes something, so that it can be found again in the history."""

import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys

# Not by an import: the face leads, when it is called, to everything that is above this file.
ZOO = sys.modules["zoo"]
PACKAGES = ("tensorflow", "keras", "numpy")


def code():
    """Returns the code's state, as JSON has it.

    Returns:
        A dict of `commit`, what `git describe --always --dirty` says of the zoo's own checkout;
        `tree`, the git tree of the folder `zoo` at that commit, which a rebase may keep where it
        loses the commit; both None outside of a git checkout, such as from a wheel; and `versions`,
        name -> version of Python, the zoo and what it runs on.
    """
    versions = {"python": platform.python_version(), "zoo": ZOO.__version__}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "not installed"
    return dict(zip(("commit", "tree"), _of_git(), strict=True)) | {"versions": versions}


def processors():
    """Returns how many logical CPUs this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _of_git():
    """(commit, tree), or (None, None) where git does not keep the code: a wheel may be installed
    within some other project's checkout."""
    folder = pathlib.Path(ZOO.__file__).parent

    def git(*words):
        return subprocess.run(
            ["git", *words], cwd=folder, capture_output=True, text=True, check=True
        ).stdout.strip()

    try:
        git("ls-files", "--error-unmatch", "__init__.py")
        return git("describe", "--always", "--dirty"), git("rev-parse", "HEAD:./")
    except (OSError, subprocess.CalledProcessError):
        return None, None
