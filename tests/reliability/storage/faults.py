"""Fails the writes of checkpoints and of exports; nothing older may be lost, nor a fault unnamed.

    python -m tests.reliability.storage.faults --run=RUN [--checkpoints=64] [--exports=40]
                                   [--out=results/faults.json]

A fault is a call below the folder that fails with ENOSPC or EIO, a write that writes half, or a
disk that is full from that call on; the faults of each half are spread over all its calls.
Checkpoints: of a small VAE, one fault in each, by `saving.py`, which compares every weight.
Exports: of RUN, one fault in each, by `exports.py`, which compares every file.  The exit status is
1 if a fault was neither named nor harmless.
"""

import argparse
import collections
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

from tests.reliability.storage import exports, saving, shim


def of_checkpoints(folder, library, count):
    """Yields (fault, operation, outcome) of so many checkpoints; see `exports.faults`."""
    (folder / "run").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", saving.__name__, "faults", folder / "run", str(count)],
        env=shim.environment(library, folder / "run", folder / "record"),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    for line in done.stdout.splitlines():
        told = json.loads(line)
        if told["struck"]:
            named = shim.names_fault(told["said"])
            outcome = "named" if named else told["said"] or "went on"
            yield told["fault"], told["operation"], outcome
    if done.returncode:
        yield "a fault", "the call after these", done.stderr.strip().splitlines()[-1]


def of_exports(folder, library, run, count):
    """Yields the same of so many exports."""
    (folder / "first").mkdir()
    finished = exports.export(run, folder / "first")
    error = finished.communicate()[1].decode()
    if finished.returncode:
        raise RuntimeError(error)
    root, out = folder / "watched", folder / "record of exports"
    shutil.copytree(folder / "first" / "name" / "1", root / "name" / "1")
    exports.export(run, root, library, out).communicate()
    first, calls = folder / "first" / "name" / "1", shim.calls(out)
    for fault, call, outcome, said in exports.faults(run, folder, library, first, calls, count):
        print(f"  {fault} at {call.operation} {call.path}: {outcome} {said[:120]}", flush=True)
        yield fault, call.operation, outcome


def summary(found):
    """fault -> how many, at which operations, with which outcomes."""
    facts = {}
    for fault in shim.FAULTS:
        own = [(operation, outcome) for kind, operation, outcome in found if kind == fault]
        facts[fault] = {
            "faults": len(own),
            "at": dict(collections.Counter(operation for operation, _ in own)),
            "outcomes": dict(collections.Counter(outcome for _, outcome in own)),
        }
    return facts


def main():
    """Prints a line for each fault and a table, writes the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, help="a run directory, to be exported")
    parser.add_argument("--checkpoints", type=int, default=64, help="faults in checkpoints")
    parser.add_argument("--exports", type=int, default=40, help="faults in exports")
    parser.add_argument("--out", type=pathlib.Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        library = shim.build(folder)
        halves = {
            "checkpoints": list(of_checkpoints(folder, library, words.checkpoints)),
            "exports": list(of_exports(folder, library, words.run, words.exports)),
        }
    for half, found in halves.items():
        for fault, facts in summary(found).items():
            print(f"{half}, {facts['faults']} {fault} at {facts['at']}: {facts['outcomes']}")
    every = [(half, *fault) for half, found in halves.items() for fault in found]
    bad = [" ".join(fault) for fault in every if fault[-1] not in exports.FINE]
    print(f"{len(every)} faults, {len(bad)} unnamed or with something lost", *bad, sep="\n")
    if words.out:
        facts = {
            "command": " ".join(["python -m tests.reliability.storage.faults", *sys.argv[1:]]),
            "faults": len(every),
            "unnamed or with something lost": bad,
            **{half: summary(found) for half, found in halves.items()},
        }
        words.out.write_text(json.dumps(facts, indent=2) + "\n")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
