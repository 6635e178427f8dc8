"""A process of its own for each conversion and each check."""

import subprocess
import sys

from zoo.config import UserError


def run(module, *words):
    """Runs ``python -m MODULE WORDS`` and returns what it printed.

    Raises:
        UserError: it failed; the last line that it said is in the sentence.
    """
    command = [sys.executable, "-m", module, *map(str, words)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        said = result.stderr.strip().splitlines() or [f"exit status {result.returncode}"]
        raise UserError(f"nothing is exported: {module} failed ({said[-1].strip()}).")
    return result.stdout
