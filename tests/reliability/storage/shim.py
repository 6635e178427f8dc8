"""Faults of file operations: the library `faults.c`, built, preloaded and read.

    library = shim.build(folder)                    # gcc; once
    done = subprocess.run(words, env=shim.environment(library, root, out, "enospc:17"))
    shim.calls(out)                                 # what was done to files below `root`, in order
    shim.snapshots(out)                             # with "snapshot": the folder before each call

`root` is the folder to watch and `out` an empty folder outside of it; a process and all its
children are counted together.  What to do, `action`:

    ""           nothing but the list of calls
    "snapshot"   copy `root` to `out`/000001, … before each call: what a SIGKILL there leaves
    "kill:N"     SIGKILL the process before its N-th call
    "enospc:N"   the N-th call fails with "No space left on device"; also an "eio:N"
    "short:N"    the N-th call, if a write, writes half of its bytes and says so: no error
    "full:N"     that too, and every later call that takes space fails with ENOSPC

A process that runs under the library may set a fault for itself: ``shim.arm("eio", after=3)`` is
of its third call from then on, ``shim.arm("")`` of none.
"""

import collections
import ctypes
import errno
import hashlib
import os
import pathlib
import subprocess

Call = collections.namedtuple("Call", "number process operation bytes path")
WRITES = ("write", "pwrite", "writev", "sendfile", "copy_file_range")
TAKE_SPACE = (*WRITES, "open", "rename", "mkdir", "link", "symlink")
FAULTS = ("enospc", "eio", "short", "full")


def build(folder):
    """Compiles the library into `folder` and returns its path."""
    library = pathlib.Path(folder) / "faults.so"
    source = pathlib.Path(__file__).with_name("faults.c")
    subprocess.run(
        ["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Wno-nonnull-compare",
         "-Wno-format-truncation",
         str(source), "-o", str(library), "-ldl", "-lpthread"],
        check=True,
    )  # fmt: skip
    return library


def environment(library, root, out, action="", inherited=os.environ):
    """Returns the environment of a process that runs under the library."""
    pathlib.Path(out).mkdir(parents=True, exist_ok=True)
    return {
        **inherited,
        "LD_PRELOAD": str(library),
        "FAULTS_ROOT": os.path.realpath(root),
        "FAULTS_OUT": os.path.realpath(out),
        "FAULTS_DO": action,
    }


def calls(out):
    """Returns the `Call`s so far, in order; `path` is below the root, bytes 0 but for writes."""
    found = []
    for line in (pathlib.Path(out) / "calls").read_text().splitlines():
        number, process, operation, size, path = line.split(" ", 4)
        found.append(Call(int(number), int(process), operation, int(size), path))
    return found


def snapshots(out):
    """Returns the folders that "snapshot" left, in order; the first is of before the first call."""
    return sorted(path for path in pathlib.Path(out).iterdir() if path.name.isdigit())


def distinct(folders):
    """Returns those of `folders` whose files differ from those of every folder before them."""
    seen = {}
    for folder in folders:
        digest = hashlib.sha256()
        for path in sorted(pathlib.Path(folder).rglob("*")):
            digest.update(repr(str(path.relative_to(folder))).encode())
            if path.is_file():
                digest.update(hashlib.sha256(path.read_bytes()).digest())
        seen.setdefault(digest.digest(), folder)
    return list(seen.values())


def strikes(fault, operation):
    """Whether one of `FAULTS` changes a call: only writes are short, and a full disk still syncs
    and unlinks."""
    return {"short": operation in WRITES, "eio": True}.get(fault, operation in TAKE_SPACE)


def spread(calls, count):
    """Returns `count` pairs (fault, call), the faults in turn, each over all calls it changes."""
    found, each = [], -(-count // len(FAULTS))
    for number in range(count):
        fault = FAULTS[number % len(FAULTS)]
        struck = [call for call in calls if strikes(fault, call.operation)]
        turn = number // len(FAULTS)
        found.append((fault, struck[turn * len(struck) // each % len(struck)]))
    return found


def names_fault(said):
    """Whether what a program said names a fault as the system does."""
    return any(os.strerror(code) in said for code in (errno.ENOSPC, errno.EIO))


def arm(action, after=1):
    """In a process under the library: `action` (without a number) at the `after`-th call."""
    library = ctypes.CDLL(None)
    library.faults_arm.argtypes = [ctypes.c_char_p, ctypes.c_long]
    library.faults_arm(action.encode(), after)


def count():
    """In a process under the library: the calls so far."""
    library = ctypes.CDLL(None)
    library.faults_count.restype = ctypes.c_long
    return library.faults_count()
