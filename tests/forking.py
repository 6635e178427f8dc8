"""Processes of the tests that do not import TensorFlow anew: forks of one that has.

    python tests/forking.py SOCKET      (the server; `Server` starts it)

`import tensorflow` is 4 seconds of CPU, and the tests start hundreds of processes.  The server has
imported the slow packages and used none: TensorFlow starts its threads and looks at its devices at
a first operation, which is in the fork.  It has imported nothing of the zoo, so each fork loads
the code that it is told to.

A fork differs from ``python -m`` in that all share one seed of string hashes and one layout of
memory.  Where two processes must agree bit for bit, one of them is therefore a real one; and so is
whatever shows what starting a process says and takes.  Environment variables that are read while
TensorFlow is imported (TF_CPP_MIN_LOG_LEVEL, TF_ENABLE_ONEDNN_OPTS) are the server's.
"""

import contextlib
import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import types

PLACE = "ZOO_TESTS_FORK_SERVER"  # the variable that names the server's socket
SLOW = (
    "numpy", "scipy.stats", "sklearn.datasets", "sklearn.neural_network", "matplotlib.pyplot",
    "PIL.Image", "absl.app", "pytest", "tensorflow", "keras", "tensorflow_datasets",
    "tensorboard.summary.v2",
)  # fmt: skip


def calm_collector():
    """Looks for cycles of garbage less often: TensorFlow's graphs are many small objects that stay,
    and the search among them is a tenth of what tracing takes.  What is imported is left out of it,
    so that a fork's collections copy no pages."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000)


class Server:
    """A server of forks that lives until `close`, or as long as this process.

    A pytest that is itself a fork uses the server that it came from.  Where there is no Linux to
    watch a process by its handle, processes begin at nothing.
    """

    def __init__(self):
        self.path, self._process = os.environ.get(PLACE), None
        if self.path or not hasattr(os, "pidfd_open"):
            return
        self._folder = tempfile.TemporaryDirectory()
        self.path = os.path.join(self._folder.name, "socket")
        self._process = subprocess.Popen(
            [sys.executable, "-P", __file__, self.path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={key: os.environ[key] for key in os.environ if key != "PYTHONPATH"},
            start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout.readline() == b"ready\n", "the server of forks did not start"

    def close(self):
        """Ends the server; a fork ends with the connection of its `Fork`."""
        if self._process:
            self._process.stdin.close()
            self._process.stdout.close()
            self._process.wait()
            self._folder.cleanup()

    def start(self, words, cwd, env, stdout=None, stderr=None):
        """Starts ``python WORDS``; see `Fork`."""
        if not self.path:
            files = {"stdout": stdout or subprocess.DEVNULL, "stderr": stderr or subprocess.DEVNULL}
            return subprocess.Popen([sys.executable, *words], cwd=cwd, env=env, **files)
        return Fork(self.path, words, cwd, {**env, PLACE: self.path}, stdout, stderr)

    def run(self, words, cwd, env, timeout=None):
        """`subprocess.run` of ``python WORDS``, what it writes captured as text."""
        with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
            fork = self.start(words, cwd, env, stdout, stderr)
            try:
                fork.wait(timeout)
            except BaseException:
                fork.kill()
                fork.wait()
                raise
            said = []
            for file in (stdout, stderr):
                file.seek(0)
                said.append(file.read())
        return subprocess.CompletedProcess(fork.args, fork.returncode, *said)


class Fork:
    """A process started by the server at `path`, with what tests use of `subprocess.Popen`.

    Args:
        path: the server's socket.
        words: what follows ``python``: ``-m``, a module, … or ``-c``, code, …
        cwd, env: the process's own; its PYTHONPATH is honored.
        stdout, stderr: open files, or None for nowhere.
    """

    def __init__(self, path, words, cwd, env, stdout=None, stderr=None):
        self.args, self.returncode = ["python", *words], None
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._answers = self._socket.makefile("r")
        asked = json.dumps([list(words), str(cwd), dict(env)]).encode()
        with open(os.devnull, "r+b") as nowhere:
            files = [(file or nowhere).fileno() for file in (None, stdout, stderr)]
            socket.send_fds(self._socket, [len(asked).to_bytes(4, "big")], files)
        self._socket.sendall(asked)
        self.pid = int(self._answers.readline())

    def poll(self):
        """Returns the exit status (minus the signal that killed it), or None while it runs."""
        if self.returncode is None and select.select([self._socket], [], [], 0)[0]:
            self.wait()
        return self.returncode

    def wait(self, timeout=None):
        """Waits for the exit status, at most `timeout` seconds, and returns it."""
        if self.returncode is None:
            if not select.select([self._socket], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(self.args, timeout)
            self.returncode = int(self._answers.readline())
            self._answers.close()
            self._socket.close()
        return self.returncode

    def send_signal(self, number):
        """Sends the process a signal."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self):
        """Sends the process SIGKILL."""
        self.send_signal(signal.SIGKILL)


def _serve(path):
    """Returns what was asked for, in a process forked for it."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print("ready", flush=True)
    while listener in select.select([listener, sys.stdin], [], [])[0]:
        connection = listener.accept()[0]
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:  # watchers that are done
                pass
        if os.fork():
            connection.close()
            continue
        listener.close()
        size, files, _, _ = socket.recv_fds(connection, 4, 3)
        asked = connection.recv(int.from_bytes(size, "big"), socket.MSG_WAITALL)
        pid = os.fork()
        if pid:
            _watch(connection, pid)
        connection.close()
        for number, file in enumerate(files):
            os.dup2(file, number)
            os.close(file)
        return json.loads(asked)
    os._exit(0)


def _watch(connection, pid):
    """Tells the process's id and its exit status, and kills it when nobody listens any more."""
    connection.sendall(b"%d\n" % pid)
    ended = os.pidfd_open(pid)
    if connection in select.select([connection, ended], [], [])[0]:
        os.kill(pid, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    with contextlib.suppress(BrokenPipeError):
        connection.sendall(b"%d\n" % status)
    os._exit(0)


def _become(words, cwd, env):
    """Runs what follows ``python`` on a command line."""
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    sys.path[:0] = ["" if words[0] == "-c" else cwd, *env.get("PYTHONPATH", "").split(os.pathsep)]
    sys.modules["numpy"].random.seed()  # Python's own generator sees to itself
    # A decorator of TensorFlow's own tests would look for devices, and say what it finds.
    sys.modules["absl.app"]._init_callbacks.clear()
    if words[0] == "-m":
        sys.argv = words[1:]
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = ["-c", *words[2:]]
        module = sys.modules["__main__"] = types.ModuleType("__main__")
        exec(compile(words[1], "<string>", "exec"), module.__dict__)


if __name__ == "__main__":
    for name in SLOW:
        importlib.import_module(name)
    calm_collector()
    _become(*_serve(sys.argv[1]))
