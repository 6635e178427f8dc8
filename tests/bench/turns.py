"""Two processes that train in turns: what `training.py` and `twins.py` say to each other.

Imports nothing but Python's own modules, since one of them has no TensorFlow and the other no
PyTorch.
"""

import json
import os
import resource
import subprocess
import sys
import time


def worker(run, weights):
    """Runs in a process of its own: takes one step, says so, and then as many as it is asked for.

    Args:
        run: ``run(steps)`` trains so many steps and returns when all is computed.
        weights: how many numbers the model trains.
    """
    run(1)
    born = os.stat(f"/proc/{os.getpid()}").st_ctime
    say(weights=weights, first_step=time.time() - born)
    for line in sys.stdin:
        begun = time.perf_counter()
        run(int(line))
        seconds = time.perf_counter() - begun
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        say(seconds=seconds, peak_mib=peak)


def say(**facts):
    """One line of JSON to the other side."""
    print(json.dumps(facts), flush=True)


class Worker:
    """The other side's view of a `worker`."""

    def __init__(self, command, **options):
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options
        )
        self.facts = self._heard()

    def train(self, steps):
        """Returns the seconds that so many steps took."""
        self._process.stdin.write(f"{steps}\n")
        self._process.stdin.flush()
        self.facts |= self._heard()
        return self.facts["seconds"]

    def close(self):
        """Ends the process."""
        self._process.stdin.close()
        self._process.wait()

    def _heard(self):
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"a worker ended: {self._process.args}")
        return json.loads(line)
