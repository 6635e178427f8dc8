"""Kills a run at every call that changes its folder, and at random, and compares the weights.

    python -m tests.storage.kills [--loops=gan,wgan,wgan_gp,vae,pixelcnn] [--random=10]
                                  [--out=results/kills.json]

Every call: one run under the library of `shim.py` leaves its folder as it was before each write,
fsync, rename, unlink and mkdir, which is what a SIGKILL there would leave; each of these folders
that differs from those before is resumed.  Random: a longer run is started again and again, killed
by SIGKILL up to six seconds after it has begun to train, and at last let go on to its end.  For
both, the hash of the final weights (and optimisers, and averages) stands beside that of an unbroken
run.
"""

import argparse
import hashlib
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import tensorflow as tf

from tests.storage import shim

LOOPS = ("gan", "wgan", "wgan_gp", "vae", "pixelcnn")
# Small networks: what is shown is how files are written, and that is the same for large ones.
SETTINGS = {name: {"n_critic": 2, "hidden": (64, 64)} for name in ("wgan", "wgan_gp")}
SETTINGS |= {
    "gan": {"hidden": (64, 64), "maxout": (32, 32)},
    "vae": {"hidden": (64,)},
    "pixelcnn": {"channels": 6, "blocks": 1, "ends": 8},
}
SHORT, LONG = (3, 1), (1500, 50)  # (steps, steps between checkpoints)


def words(loop, steps, every):
    """The command's words but for --run."""
    found = [f"--model={loop}", f"--steps={steps}", f"--every={every}", "--config.ema=0.9"]
    for key, value in SETTINGS.get(loop, {}).items():
        text = ",".join(map(str, value)) if isinstance(value, tuple) else value
        found.append(f"--config.{key}={text}")
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
    from zoo import registry, sheets, train
    from zoo.config import override

    module, (steps, every) = registry.module(loop), SHORT
    config = override(module.Config(), {**SETTINGS.get(loop, {}), "ema": 0.9})
    how = train.How(strategy="one", every=every, jit="off")
    build, draw, made, drawn = module.build, sheets.Draw, [], []

    def once(*arguments, **options):
        if not made:
            model = build(*arguments, **options)
            optimizers = [optimizer for _, optimizer in model.players().values()]
            variables = [*model.variables, *(v for o in optimizers for v in o.variables)]
            made.extend([model, [(v, v.numpy()) for v in variables]])
        for variable, value in made[1]:
            variable.assign(value)
        return made[0]

    def one_sheet(*arguments):
        drawn.append(draw(*arguments) if not drawn else drawn[0])
        return drawn[0]

    module.build, sheets.Draw = once, one_sheet
    for folder in folders:
        asked = train.Request(
            loop, "digits", config, registry.data_options(loop), steps, pathlib.Path(folder)
        )
        found = max(_steps(folder), default=None)
        run, _ = train.train(asked, how)
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
    for step, weights in resume_all(loop, states):
        found.setdefault(weights, []).append(step)
    return {
        "calls": len(shim.calls(out)),
        "states": len(states),
        "unbroken": expected,
        "resumed": {  # weights -> how many states of each newest step
            weights: {str(step): steps.count(step) for step in dict.fromkeys(steps)}
            for weights, steps in found.items()
        },
        "equal": list(found) == [expected],
    }


def at_random(loop, folder, kills):
    """Returns the facts of a longer run that is killed now and then."""
    finish(command(folder / "long", loop, *LONG))
    run, steps = folder / "killed", []
    for _ in range(kills):
        metrics = run / "metrics.jsonl"
        process = command(run, loop, *LONG)
        while process.poll() is None and not _open(metrics, process):
            time.sleep(0.02)
        time.sleep(random.uniform(0, 6))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        if process.returncode != -signal.SIGKILL:
            break  # it was at its end already
        steps.append(max(_steps(run), default=None))
    finish(command(run, loop, *LONG))
    expected, weights = digest(folder / "long"), digest(run)
    return {
        "kills": len(steps),
        "newest_checkpoint_at_each": steps,
        "unbroken": expected,
        "killed": weights,
        "equal": weights == expected,
    }


def _open(metrics, process):
    """Whether this process has opened its record of losses: it is about to take its first step."""
    try:
        held = pathlib.Path(f"/proc/{process.pid}/fd").iterdir()
        return any(os.path.realpath(file) == os.path.realpath(metrics) for file in held)
    except OSError:  # it has closed one meanwhile, or has ended
        return False


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loops", default=",".join(LOOPS))
    parser.add_argument("--random", type=int, default=10)
    parser.add_argument("--out")
    flags = parser.parse_args()
    facts = {}
    for loop in flags.loops.split(","):
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"kills-{loop}-"))
        facts[loop] = {"every_call": every_call(loop, folder)}
        if flags.random:
            facts[loop]["random"] = at_random(loop, folder, flags.random)
        shutil.rmtree(folder)
        print(loop, json.dumps(facts[loop], indent=2), flush=True)
        if flags.out:
            pathlib.Path(flags.out).write_text(json.dumps(facts, indent=2) + "\n")
    equal = all(part["equal"] for found in facts.values() for part in found.values())
    print("every hash is the unbroken run's" if equal else "SOME HASHES DIFFER")
    sys.exit(not equal)


if __name__ == "__main__":
    main()
