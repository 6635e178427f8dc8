"""What is left of an export that was killed, or whose writes failed.

    python -m tests.reliability.storage.exports --run=RUN
        [--kills=20] [--faults=30] [--flips=300] [--seed=0]

First bits of a finished export are flipped, then the command is killed at random moments, then
every state that a SIGKILL can leave is listed, by one export under the fault library, then calls
of it are made to fail, each in an export of its own.  A line says how each went; the exit status
is 1 if any state would have been served torn, a fault went unnamed, or a flip was not noticed.
"""

import argparse
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from tests.reliability.storage import shim
from zoo.config import UserError
from zoo.exporting import publish

FINE = ("named", "went on")  # what may come of a fault


def served(path):
    """The versions of the export `path` that a server would load, each of them whole.

    Raises:
        UserError: one of them is torn.
    """
    found = []
    for folder in sorted(path.glob("*")):
        if folder.name.isdecimal() and (folder / "saved_model.pb").exists():
            publish.check_manifest(folder)
            found.append(folder.name)
    return found


def export(run, root, library=None, out=None, action=""):
    """Runs the export command into `root`/name, under the fault library where one is given."""
    command = [sys.executable, "-m", "zoo.export", f"--run={run}", f"--out={root / 'name'}"]
    env = shim.environment(library, root, out, action) if library else None
    return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def states(run, folder, library, first):
    """Every state of an export folder that a kill of the next export can leave.

    Args:
        first: a folder of a finished version 1, so that there is something to lose.
    """
    root, out = folder / "exports", folder / "states"
    shutil.copytree(first, root / "name" / "1")
    command = export(run, root, library, out, "snapshot")
    error = command.communicate()[1]
    assert command.returncode == 0, error
    assert served(root / "name") == ["1", "2"]
    return shim.calls(out), shim.snapshots(out)


def flip(version, random):
    """Flips one bit of one file of an export; returns the file and what undoes it."""
    files = [path for path in version.rglob("*") if path.is_file() and path.stat().st_size]
    file = random.choice(sorted(files))
    content = file.read_bytes()
    place, bit = random.randrange(len(content)), 1 << random.randrange(8)
    file.write_bytes(content[:place] + bytes([content[place] ^ bit]) + content[place + 1 :])
    return file, lambda: file.write_bytes(content)


def noticed(version, file):
    """Whether `--verify` names a changed file."""
    try:
        publish.check_versions(version)
    except UserError as error:
        return str(file) in str(error)
    return False


def _every_kill(words, folder, library, first):
    """Prints how a kill at every call goes; returns the calls and how many were bad."""
    calls, snapshots = states(words.run, folder / "all", library, first)
    torn = 0
    for snapshot in snapshots:
        try:
            assert served(snapshot / "name") in (["1"], ["1", "2"])
        except (AssertionError, UserError) as error:
            torn += 1
            print(f"  before call {snapshot.name}: {error}")
    print(f"killed before each of {len(calls)} calls: {torn} of {len(snapshots)} states torn")
    return calls, torn


def _random_kills(words, folder, first):
    generator = random.Random(words.seed)
    name = folder / "random" / "name"
    shutil.copytree(first, name / "1")
    start = time.monotonic()
    export(words.run, name.parent).communicate()
    whole = time.monotonic() - start
    for number in range(words.kills):
        moment = generator.uniform(0, whole)
        command = export(words.run, name.parent)
        try:
            command.communicate(timeout=moment)
            how = "had ended"
        except subprocess.TimeoutExpired:
            command.send_signal(signal.SIGKILL)
            command.communicate()
            how = "killed"
        staged = len(list(name.glob(f"{publish.STAGING}*")))
        print(f"  {number}: {how} after {moment:.1f} s; served {served(name)}, {staged} staged")
    export(words.run, name.parent).communicate()
    left = len(list(name.glob(f"{publish.STAGING}*")))
    print(f"{words.kills} random kills, one more export: served {served(name)}, {left} staged")
    return left


def faults(run, folder, library, first, calls, count):
    """Makes `count` calls fail, one in each export; yields (fault, call, outcome, what was said).

    The outcome is ``"named"``: the command said what failed; ``"went on"``: it needed not, the new
    version is whole; or what is bad about it.  In neither is version 1 lost, nor a folder left.
    """
    for number, (fault, call) in enumerate(shim.spread(calls, count)):
        name = folder / f"fault {number}" / "name"
        shutil.copytree(first, name / "1")
        out = folder / f"out {number}"
        command = export(run, name.parent, library, out, f"{fault}:{call.number}")
        error = command.communicate()[1].decode()
        said = " ".join(line for line in error.splitlines() if line.startswith("zoo: "))
        said = said.replace(str(folder), "…")
        yield fault, call, _outcome(command.returncode, said, name), said
        shutil.rmtree(name.parent)
        shutil.rmtree(out)


def _outcome(status, said, name):
    """What came of an export with a fault."""
    try:
        versions = served(name)
    except UserError as error:
        return f"torn: {error}"
    if "1" not in versions:
        return "version 1 is lost"
    if list(name.glob(f"{publish.STAGING}*")):
        return "a staging folder is left"
    if status == 0 and versions == ["1", "2"]:
        return "went on"
    if status == 2 and shim.names_fault(said):
        return "named"
    return f"unnamed, exit status {status}"


def _print_faults(words, folder, library, first, calls):
    """Prints a line for each fault; returns how many went badly."""
    bad = 0
    for fault, call, outcome, said in faults(
        words.run, folder, library, first, calls, words.faults
    ):
        bad += outcome not in FINE
        print(f"  {fault} at {call.number}, {call.operation}: {outcome} {said[:150]}", flush=True)
    print(f"{words.faults} faults: {bad} unnamed, or with something lost or left")
    return bad


def _flips(words, first):
    generator, missed = random.Random(words.seed), 0
    for _ in range(words.flips):
        file, undo = flip(first, generator)
        missed += not noticed(first, file)
        undo()
    print(f"{words.flips} flipped bits: {missed} not named")
    return missed


def main():
    """Runs all four."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True, help="a run directory")
    parser.add_argument("--kills", type=int, default=20, help="random SIGKILLs")
    parser.add_argument("--faults", type=int, default=30, help="failing calls")
    parser.add_argument("--flips", type=int, default=300, help="flipped bits")
    parser.add_argument("--seed", type=int, default=0, help="of what is random")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        library = shim.build(folder)
        (folder / "first").mkdir()
        export(words.run, folder / "first").communicate()
        first = folder / "first" / "name" / "1"
        bad = _flips(words, first) + _random_kills(words, folder, first)
        calls, torn = _every_kill(words, folder, library, first)
        bad += torn + _print_faults(words, folder, library, first, calls)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
