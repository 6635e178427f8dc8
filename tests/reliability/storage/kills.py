"""Kills a run at every call that changes its folder, and at random, and compares the weights.

    python -m tests.reliability.storage.kills [--loops=gan,wgan,wgan_gp,vae,pixelcnn] [--random=10]
                                  [--out=results/kills.json]

Every call: one run under the library of `shim.py` leaves its folder as it was before each write,
fsync, rename, unlink and mkdir, which is what a SIGKILL there would leave; each of these folders
that differs from those before is resumed.  Random: a longer run is killed by SIGKILL at so many
random moments from its first step to near its last, each time started again, and at last let go on
to its end.  For both, the hash of the final weights (and optimizers, and averages) stands beside
that of an unbroken run.  The exit status is 1 if any hash differs.
"""

import argparse
import collections
import contextlib
import hashlib
import io
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import tensorflow as tf

from tests.contract import case, flags_of
from tests.reliability.storage import shim
from tests.selection import LOOPS
from zoo.runs import provenance

# Small networks: what is shown is how files are written, and that is the same for large ones.
SMALLER = {"gan": {"hidden": (64, 64), "maxout": (32, 32)}, "vae": {"hidden": (64,)}}
SHORT, LONG = (3, 1), (600, 10)  # (steps, steps between checkpoints)
SEED = 0  # of the random moments


def settings(loop):
    """The settings that make a loop's networks small."""
    return {**case(loop).small, **SMALLER.get(loop, {})}


def words(loop, steps, every):
    """The command's words but for --run."""
    found = [f"--model={loop}", f"--steps={steps}", f"--every={every}", "--config.ema=0.9"]
    found += flags_of(settings(loop))
    return [*found, "--jit=off", "--strategy=one"]


def digest(run):
    """The sha256 of every variable in the newest checkpoint of a run."""
    # By its name: after a kill TensorFlow's list of them may be one behind, which nobody of ours
    # reads.
    newest = max(_steps(run))
    reader = tf.train.load_checkpoint(str(pathlib.Path(run) / "checkpoints" / f"step-{newest}"))
    found = hashlib.sha256()
    for name in sorted(reader.get_variable_to_shape_map()):
        if name != "_CHECKPOINTABLE_OBJECT_GRAPH" and not name.startswith("save_counter"):
            found.update(name.encode() + reader.get_tensor(name).tobytes())
    return found.hexdigest()


def _steps(run):
    names = pathlib.Path(run).glob("checkpoints/step-*.index")
    return [int(path.stem.split("-")[1]) for path in names]


def command(run, loop, steps, every, environment=os.environ):
    """Starts the command that trains."""
    return subprocess.Popen(
        [sys.executable, "-m", "zoo.train", *words(loop, steps, every), f"--run={run}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip


def finish(process):
    """Waits for a command to end well."""
    _, said = process.communicate()
    if process.returncode:
        raise RuntimeError(said[-2000:])


def resume_all(loop, folders):
    """Resumes every folder to the end, and yields (the step it was resumed from, its digest).

    In one process, with one model and one sheet, so that nothing is traced anew.
    """
    from zoo import registry
    from zoo.config import override
    from zoo.runs import fit
    from zoo.viz import sheet

    module, (steps, every) = registry.module(loop), SHORT
    config = override(module.Config(), {**settings(loop), "ema": 0.9})
    how = fit.How(strategy="one", every=every, jit="off")
    build, draw, made, drawn = module.build, sheet.Draw, [], []

    def once(*arguments, **options):
        if not made:
            model = build(*arguments, **options)
            optimizers = [optimizer for _, optimizer in model.optimizers().values()]
            variables = [*model.variables, *(v for o in optimizers for v in o.variables)]
            made.extend([model, [(v, v.numpy()) for v in variables]])
        for variable, value in made[1]:
            variable.assign(value)
        return made[0]

    def one_sheet(*arguments):
        drawn.append(draw(*arguments) if not drawn else drawn[0])
        return drawn[0]

    module.build, sheet.Draw = once, one_sheet
    for folder in folders:
        asked = fit.Request(
            loop, "digits", config, registry.data_options(loop), steps, pathlib.Path(folder)
        )
        found = max(_steps(folder), default=None)
        run, _ = fit.fit(asked, how)
        yield found, digest(run.path)


def every_call(loop, folder):
    """Returns the facts of a kill at every call of a short run."""
    library = shim.build(folder)
    finish(command(folder / "unbroken", loop, *SHORT))
    root, out = folder / "watched", folder / "states"
    root.mkdir()
    finish(command(root, loop, *SHORT, shim.environment(library, root, out, "snapshot")))
    states = shim.distinct(shim.snapshots(out))
    expected, found = digest(folder / "unbroken"), {}
    with contextlib.redirect_stdout(io.StringIO()):  # each says where it goes on from
        for step, weights in resume_all(loop, states):
            found.setdefault(weights, []).append(step)
    operations = collections.Counter(call.operation for call in shim.calls(out))
    return {
        "calls": dict(operations.most_common()),
        "states": len(states),
        "unbroken": expected,
        "resumed": {  # weights -> how many states of each newest step
            weights: {str(step): steps.count(step) for step in dict.fromkeys(steps)}
            for weights, steps in found.items()
        },
        "equal": list(found) == [expected],
    }


def at_random(loop, folder, kills):
    """Returns the facts of a longer run that is killed at so many moments over its length."""
    finish(command(folder / "long", loop, *LONG))
    steps, every = LONG
    generator, run, newest = random.Random(f"{loop} {SEED}"), folder / "killed", []
    interval = _seconds(folder / "long") * every / steps
    # In the order of the run, or most would fall near its beginning.  The last ones leave a kill
    # its time: a run that has ended is not killed.
    for moment in sorted(generator.randrange(steps - 3 * every) for _ in range(kills)):
        process = command(run, loop, *LONG)
        while process.poll() is None and not (_open(run, process) and _step(run) >= moment):
            time.sleep(0.002)
        time.sleep(generator.uniform(0, interval))  # anywhere between two checkpoints, or in one
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        if process.returncode != -signal.SIGKILL:
            raise RuntimeError(f"it was not killed at step {moment}: {said[-2000:]}")
        newest.append(max(_steps(run), default=None))
    finish(command(run, loop, *LONG))
    expected, weights = digest(folder / "long"), digest(run)
    return {
        "kills": len(newest),
        "newest_checkpoint_at_each": " ".join(map(str, newest)),
        "unbroken": expected,
        "killed": weights,
        "equal": weights == expected,
    }


def _open(run, process):
    """Whether this process has opened the record of losses: what it holds is of this process, or
    of before the checkpoint that it goes on from."""
    metrics = os.path.realpath(run / "metrics.jsonl")
    try:
        held = pathlib.Path(f"/proc/{process.pid}/fd").iterdir()
        return any(os.path.realpath(file) == metrics for file in held)
    except OSError:  # it has closed one meanwhile, or has ended
        return False


def _record(run):
    """The whole lines of the record of losses."""
    text = (run / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def _step(run):
    """The last step on record, or 0."""
    return max((line["step"] for line in _record(run)), default=0)


def _seconds(run):
    """How long an unbroken run trained."""
    return max(line["time"] for line in _record(run))


def main():
    """Prints what came of each loop, and writes the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loops", default=",".join(LOOPS))
    parser.add_argument("--random", type=int, default=10, help="random kills of each loop")
    parser.add_argument("--out", type=pathlib.Path)
    flags = parser.parse_args()
    facts = {
        "command": " ".join(["python -m tests.reliability.storage.kills", *sys.argv[1:]]),
        "code": provenance.code(),
        "seed": SEED,
        "every_call": dict(zip(("steps", "steps between checkpoints"), SHORT, strict=True)),
        "random": dict(zip(("steps", "steps between checkpoints"), LONG, strict=True)),
        "loops": {},
    }
    for loop in flags.loops.split(","):
        with tempfile.TemporaryDirectory(prefix=f"kills-{loop}-") as name:
            folder = pathlib.Path(name)
            found = facts["loops"][loop] = {"every_call": every_call(loop, folder)}
            if flags.random:
                found["random"] = at_random(loop, folder, flags.random)
        print(loop, json.dumps(found, indent=2), flush=True)
        if flags.out:
            flags.out.write_text(json.dumps(facts, indent=2) + "\n")
    parts = [part for found in facts["loops"].values() for part in found.values()]
    equal = all(part["equal"] for part in parts)
    print("every hash is the unbroken run's" if equal else "SOME HASHES DIFFER")
    sys.exit(not equal)


if __name__ == "__main__":
    main()
