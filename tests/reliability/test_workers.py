"""Two processes under multi_worker: one device's result, and a killed one's run goes on."""

import json
import os
import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from tests import ROOT
from tests.usage.test_train import checkpoint

pytestmark = pytest.mark.slow
STEPS, EVERY = 20, 5

CODE = """
import os, pathlib, signal, sys
from zoo import registry
from zoo.runs import fit
from zoo.config import override
from zoo.interruption import Interruption, Stopped
from zoo.training import callbacks
path, strategy, kill, number = sys.argv[1:]
write = callbacks.MetricsLogger.write
def watched(self, step, values):
    if step == int(kill):
        os.kill(os.getpid(), int(number))
    write(self, step, values)
callbacks.MetricsLogger.write = watched
words = {"batch_size": 32, "ema": 0.9, "optimizer": "sgd", "learning_rate": 0.01, "hidden": (32,)}
config = override(registry.module("vae").Config(), words)
data = registry.data_options("vae")
asked = fit.Request("vae", "digits", config, data, %d, pathlib.Path(path))
how = fit.How(strategy, every=%d, jit="off")
try:
    _, trained = fit.fit(asked, how, Interruption().listen())
except Stopped as stopped:
    print(stopped)
    sys.exit(stopped.status)
print("replicas", trained.distribute_strategy.num_replicas_in_sync)
""" % (STEPS, EVERY)  # noqa: UP031  braces are Python's own there


def ports():
    """Two free ports; held open together, so that they differ."""
    sockets = [socket.socket() for _ in range(2)]
    for one in sockets:
        one.bind(("localhost", 0))
    found = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return found


def started(path, kill=(0, 0), number=signal.SIGKILL):
    """Starts both workers; `kill` is at which step each sends itself `number`, 0 for never."""
    addresses = [f"localhost:{port}" for port in ports()]
    processes = []
    for index in range(2):
        task = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        processes.append(
            subprocess.Popen(
                [sys.executable, "-c", CODE, path, "auto", str(kill[index]), str(int(number))],
                text=True,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env={**os.environ, "TF_CONFIG": json.dumps(task), "PYTHONPATH": str(ROOT)},
            )
        )
    return processes


def ended(processes):
    """Returns (status, what was said) of each, all of them ended within some minutes."""
    try:
        said = [process.communicate(timeout=400)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, text) for process, text in zip(processes, said, strict=True)]


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """The weights after two workers' run."""
    path = tmp_path_factory.mktemp("workers") / "unbroken"
    for status, said in ended(started(path)):
        assert status == 0, said
        assert "multi_worker: 2 replicas on 2 machines" in said
    return path, checkpoint(path)


def test_two_workers_equal_one_device(unbroken, tmp_path):
    words = [sys.executable, "-c", CODE, str(tmp_path / "one"), "one", "0", "9"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    one, (path, two) = checkpoint(tmp_path / "one"), unbroken
    assert one.keys() == two.keys()
    for name, value in one.items():
        if len(value) % 4 == 0 and len(value) > 8:
            values = (np.frombuffer(raw, np.float32) for raw in (value, two[name]))
            np.testing.assert_allclose(*values, rtol=0, atol=1e-5, err_msg=name)
    lines = [
        [json.loads(line) for line in (run / "metrics.jsonl").open()]
        for run in (tmp_path / "one", path)
    ]
    for single, shared in zip(*lines, strict=True):  # held-out losses are of each example once
        assert single.keys() == shared.keys()
        for key in single.keys() - {"time"}:
            np.testing.assert_allclose(shared[key], single[key], rtol=1e-5)


@pytest.mark.parametrize("victim", [0, 1])
def test_one_killed_and_both_restarted_equal_an_unbroken_run(victim, unbroken, tmp_path):
    path = tmp_path / "run"
    kill = tuple(2 * EVERY if index == victim else 0 for index in range(2))
    outcome = ended(started(path, kill))
    assert outcome[victim][0] == -signal.SIGKILL
    status, said = outcome[1 - victim]
    assert status not in (0, None), said  # it does not train on alone
    for status, said in ended(started(path)):
        assert status == 0, said
        assert f"going on from step {EVERY} of {STEPS}" in said
    assert checkpoint(path) == unbroken[1]


def test_a_signal_to_one_stops_both_at_one_step(unbroken, tmp_path):
    path = tmp_path / "run"
    for status, said in ended(started(path, (0, EVERY), signal.SIGTERM)):
        assert status == 128 + signal.SIGTERM, said
        assert f"stopped by SIGTERM at step {EVERY} of {STEPS}, which is kept" in said
    for status, said in ended(started(path)):
        assert status == 0, said
    assert checkpoint(path) == unbroken[1]
