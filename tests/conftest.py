"""Two logical CPUs for every test, so that replicas can be tried on any machine."""

import fcntl
import os
import subprocess
import sys

# NumPy's and scikit-learn's products: where tests share the processors, a second thread spins
# while it waits for its turn, at nine times the cost.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

from tests import ROOT, forking
from zoo.startup import start_tensorflow

start_tensorflow()

from tests import contract  # noqa: E402
from tests.selection import FAMILIES, WHOLE_EXPORTS  # noqa: E402

forking.calm_collector()
contract.two_cpus()


def pytest_collection_modifyitems(items):
    """Puts first what takes minutes."""
    items.sort(key=lambda item: item.get_closest_marker("minutes") is None)


@pytest.fixture(scope="session")
def digits():
    """The embedded data set."""
    from zoo.data import load

    return load("digits")


@pytest.fixture(scope="session")
def forks():
    """A server of processes that have TensorFlow imported, see `forking`."""
    server = forking.Server()
    yield server
    server.close()


@pytest.fixture(scope="session")
def command(forks):
    """Runs ``python -m zoo.NAME WORDS`` in a process of its own and returns what came of it.

    The process is a fork of one that has TensorFlow imported; ``fork=False``, and what else
    `subprocess.run` takes, ask for one that begins at nothing.
    """

    def run(name, *words, cwd=ROOT, fork=True, timeout=None, **kwargs):
        words = ["-m", f"zoo.{name}", *map(str, words)]
        env = {**os.environ, "PYTHONPATH": str(ROOT)}
        if fork and not kwargs:
            return forks.run(words, cwd, env, timeout)
        return subprocess.run(
            [sys.executable, *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env=env,
            timeout=timeout,
            **kwargs,
        )

    return run


@pytest.fixture(scope="session")
def once(tmp_path_factory):
    """``once(name, make)`` calls ``make(path)`` one time for all processes that share the tests,
    and returns the path."""
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent

    def get(name, make):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        with open(path.with_name(f".{path.name}.lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                make(path)
        return path

    return get


@pytest.fixture(scope="session")
def runs(once, command):
    """model -> a run directory of 60 steps on the embedded digits, trained by the command, with
    networks as shallow as its case's small settings."""

    def train(path):
        words = [f"--model={path.name}", "--steps=60", "--every=20", "--config.ema=0.9"]
        words += ["--jit=off"]  # to compile takes longer than all of the run
        # As wide as by default: most of an exported file is then its weights.
        small = contract.case(path.name).small
        wide = {key: small[key] for key in small if key not in ("channels", "ends")}
        words += contract.flags_of(wide)
        done = command("train", *words, f"--run={path}")
        assert done.returncode == 0, done.stderr

    return lambda model: once(f"runs/{model}", train)


# The command, but with so many float32 files, and with the converter and the checks as forks, which
# import nothing anew.
FORKED = """
import os, sys
from tests import forking
from zoo.exporting import formats, process

def run(module, *words):
    done = forking.Server().run(["-m", module, *map(str, words)], os.getcwd(), dict(os.environ))
    assert done.returncode == 0, done.stderr
    return done.stdout

formats.FLOAT32, process.run = formats.FLOAT32[: int(sys.argv.pop(1))], run
from zoo import export
export.main()
"""


@pytest.fixture(scope="session")
def exports(once, runs, command, forks):
    """model -> an export's folder, written by the command, and of a family's other models by
    `FORKED`; of those that are not in `WHOLE_EXPORTS` without the files of one batch size."""

    def export(path):
        words = [f"--run={runs(path.name)}", f"--out={path}"]
        if path.name in FAMILIES:
            done = command("export", *words)
        else:
            env = {**os.environ, "PYTHONPATH": str(ROOT)}
            count = "3" if path.name in WHOLE_EXPORTS else "1"
            done = forks.run(["-c", FORKED, count, *words], ROOT, env)
        assert done.returncode == 0, done.stderr

    return lambda model: once(f"exports/{model}", export)
