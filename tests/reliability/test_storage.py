"""The faults of `storage/`: what they number, copy and break is what a program does."""

import errno
import shutil
import signal
import subprocess
import sys

import pytest

from tests.reliability.storage import shim

# What Python and C libraries write by: both end in the same calls.
PROGRAM = """
import ctypes, os, sys
os.chdir(sys.argv[1])
with open("new.part", "wb") as file:
    file.write(b"a" * 100_000)
    file.flush()
    os.fsync(file.fileno())
os.replace("new.part", "new")
c = ctypes.CDLL(None, use_errno=True)
c.fopen.restype, c.fwrite.restype = ctypes.c_void_p, ctypes.c_size_t
stream = ctypes.c_void_p(c.fopen(b"by_c", b"w"))
written = c.fwrite(b"b" * 10_000, 1, 10_000, stream)
c.fflush(stream)
if written < 10_000:
    sys.exit(ctypes.get_errno())
c.fclose(stream)
os.mkdir("folder")
os.unlink("new")
"""
OPERATIONS = ["open", "write", "fsync", "rename", "open", "write", "write", "mkdir", "unlink"]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc: install it")
    return shim.build(tmp_path_factory.mktemp("library"))


@pytest.fixture
def under(library, tmp_path):
    """under(action) -> (the finished process, the folder it wrote to, the record of its calls)."""

    def run(action):
        root, out = tmp_path / f"root {action}", tmp_path / f"out {action}"
        root.mkdir()
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(root)],
            env=shim.environment(library, root, out, action),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done, root, out

    return run


def content(folder):
    """Every file and folder below one, with a file's bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_every_call_is_numbered(under):
    done, _, out = under("")
    assert done.returncode == 0, done.stderr
    calls = shim.calls(out)
    assert [call.operation for call in calls] == OPERATIONS
    assert [call.number for call in calls] == list(range(1, 10))
    assert sum(call.bytes for call in calls if call.path == "by_c") == 10_000


def test_a_snapshot_is_what_a_kill_leaves(under):
    done, _, out = under("snapshot")
    assert done.returncode == 0, done.stderr
    snapshots = shim.snapshots(out)
    assert len(snapshots) == len(OPERATIONS)
    assert len(shim.distinct(snapshots)) == len(OPERATIONS) - 1  # an fsync changes nothing
    for number in (1, 2, 4, 7, 9):
        killed, root, _ = under(f"kill:{number}")
        assert killed.returncode == -signal.SIGKILL
        assert content(root) == content(snapshots[number - 1])


@pytest.mark.parametrize("number", [2, 6])
def test_faults_come_through(number, under):
    done, root, _ = under(f"short:{number}")
    assert done.returncode == 0, done.stderr
    assert len((root / "by_c").read_bytes()) == 10_000  # what is short is gone on with
    for action, code in (("enospc", errno.ENOSPC), ("eio", errno.EIO), ("full", errno.ENOSPC)):
        done, root, _ = under(f"{action}:{number}")
        if number == 2:  # Python's own write
            assert f"[Errno {code}]" in done.stderr
            assert not (root / "new").exists()
        else:
            assert done.returncode == code
