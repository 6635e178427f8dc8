"""Builds and runs `session.c`: requests in, statuses and outputs out, as arrays."""

import pathlib
import struct
import subprocess
import typing

import numpy as np

SOURCE = pathlib.Path(__file__).with_name("session.c")
TYPES = {1: np.float32, 2: np.float64, 3: np.int32, 9: np.int64}  # TF_DataType -> values
STRING = 7


class Answer(typing.NamedTuple):
    """What a request got: the status, 0 and "" for success, and name -> output."""

    code: int
    message: str
    outputs: dict


def build(path):
    """Compiles the program against the TensorFlow wheel that is installed.

    Raises:
        FileNotFoundError: there is no gcc, or the wheel has no library for C.
    """
    import tensorflow as tf

    folder = pathlib.Path(tf.sysconfig.get_lib())
    libraries = [folder / f"libtensorflow_{part}.so.2" for part in ("cc", "framework")]
    for library in libraries:
        if not library.exists():
            raise FileNotFoundError(f"no {library.name} in the TensorFlow wheel")
    command = ["gcc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", SOURCE, "-o", path]
    command += ["-isystem", tf.sysconfig.get_include(), *libraries, f"-Wl,-rpath,{folder}"]
    subprocess.run(command, check=True)


def run(program, export, requests, folder):
    """Runs (signature, name -> input) requests in one process; returns an `Answer` to each.

    Args:
        program: what `build` made.
        export: the version folder.
        requests: pairs of signature and inputs.
        folder: where the two files are written.
    """
    asked, answered = folder / "requests", folder / "answers"
    asked.write_bytes(b"".join(_request(*request) for request in requests))
    done = subprocess.run(
        [program, export, asked, answered], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    reader = _Reader(answered.read_bytes())
    answers = []
    while reader.rest:
        code, message = reader.number("i"), reader.string().decode()
        outputs = {reader.string().decode(): reader.tensor() for _ in range(reader.number("i"))}
        answers.append(Answer(code, message, outputs))
    return answers


def _request(signature, inputs):
    parts = [_string(signature.encode()), struct.pack("=i", len(inputs))]
    for name, value in inputs.items():
        code = next(code for code, kind in TYPES.items() if kind == value.dtype)
        head = struct.pack(f"=ii{value.ndim}q", code, value.ndim, *value.shape)
        parts += [_string(name.encode()), head, _string(value.tobytes())]
    return b"".join(parts)


def _string(content):
    return struct.pack("=q", len(content)) + content


class _Reader:
    def __init__(self, content):
        self.rest = content

    def number(self, form):
        size = struct.calcsize(f"={form}")
        (value,), self.rest = struct.unpack(f"={form}", self.rest[:size]), self.rest[size:]
        return value

    def string(self):
        size = self.number("q")
        value, self.rest = self.rest[:size], self.rest[size:]
        assert len(value) == size
        return value

    def tensor(self):
        code, rank = self.number("i"), self.number("i")
        shape = [self.number("q") for _ in range(rank)]
        values = self.string()
        if code != STRING:
            return np.frombuffer(values, TYPES[code]).reshape(shape)
        within = _Reader(values)
        strings = np.empty(shape, object)
        for place in np.ndindex(*shape):
            strings[place] = within.string()
        return strings
