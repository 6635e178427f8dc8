"""Training steps of the zoo beside PyTorch's on the same networks, as ratios measured in turns.

    python -m tests.bench.training [--out=results/training.json] [--only=gan,vae]
    python -m tests.bench.training --xla [--out=results/xla.json]

Two processes take turns: the zoo's, with what `fit` calls, data included, and PyTorch's eager
`twins.py`, at its defaults.  Both train so many steps at a time that a turn takes about a second;
a case's ratio is the median over the turns of PyTorch's seconds over the zoo's: above 1 the zoo is
faster.  The first step's seconds count from the start of the process, imports included; the peak of
the resident set is the whole process's.

With --xla: the zoo's steps with XLA beside its steps without, on one processor and on all of them.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

from tests.bench.turns import Worker, worker

ROOT = pathlib.Path(__file__).parents[2]
TURNS, SECONDS = 5, 0.8
ALL = os.cpu_count()
TORCH = ROOT / ".bench" / "bin" / "python"
# (model, PyTorch's settings, the zoo's same settings, batch, side, processors if not all).
CASES = [
    ("gan", {}, {}, 64, 28),
    ("vae", {}, {}, 64, 28),
    ("vae", {}, {}, 64, 28, 1),
    ("dcgan", {}, {}, 64, 28),
    ("wgan", {}, {}, 64, 28),
    ("wgan_gp", {}, {}, 64, 28),
    ("wgan_gp", {"network": "dcgan"}, {"network": "dcgan"}, 64, 28),
    ("wgan_gp", {"network": "resnet"}, {"network": "resnet"}, 64, 28),
    ("pixelcnn", {}, {}, 16, 28),
    ("row_lstm", {}, {}, 16, 28),
    ("diagonal_bilstm", {}, {}, 16, 28),
    # How they grow: with the batch, the side of the pictures, the depth.
    ("gan", {}, {}, 16, 28),
    ("gan", {}, {}, 256, 28),
    ("gan", {"depth": 4}, {"hidden": (1200,) * 4, "maxout": (240,) * 4}, 64, 28),
    ("dcgan", {}, {}, 16, 28),
    ("dcgan", {}, {}, 256, 28),
    ("dcgan", {}, {}, 64, 20),
    ("pixelcnn", {}, {}, 64, 28),
    ("pixelcnn", {}, {}, 16, 56),
    ("pixelcnn", {"depth": 14}, {"blocks": 14}, 16, 28),
    ("row_lstm", {}, {}, 16, 14),
    ("diagonal_bilstm", {}, {}, 16, 14),
]


def zoo_worker(name, settings, batch, side, jit_compile="auto"):
    """The zoo's side: builds the model and trains it on noise."""
    from zoo.startup import start_tensorflow

    start_tensorflow()
    import numpy as np

    from zoo import registry
    from zoo.autoregressive.pixelwise import Pixelwise
    from zoo.config import override
    from zoo.data.pipeline import Dataset
    from zoo.data.spec import DataSpec

    options, module = registry.data_options(name), registry.module(name)
    images = np.random.RandomState(0).randint(0, 256, (2000, side, side, 1)).astype(np.uint8)
    splits = {split: (images, np.zeros(2000, np.int32)) for split in ("train", "test")}
    pixelwise = any(
        isinstance(kind, type) and issubclass(kind, Pixelwise) for kind in vars(module).values()
    )
    levels = 2 if pixelwise else 256
    if pixelwise:
        images //= 128
    given = {"classes": 10, "condition": "label", "condition_shape": (10,)}
    given = given if options.condition == "label" else {}
    spec = DataSpec("noise", (side, side, 1), levels=levels, range=options.range, **given)
    data = Dataset(spec, options, splits, levels)
    settings = {"batch_size": batch, **{k: tuple(v) if isinstance(v, list) else v
                                        for k, v in settings.items()}}  # fmt: skip
    model = module.build(override(module.Config(), settings), spec, jit_compile=jit_compile)
    stream = data.train(batch, 0, model.updates_per_step)
    iterator = iter(model.distribute_strategy.experimental_distribute_dataset(stream))
    model.make_train_function()

    def run(steps):
        model.steps_per_execution = steps
        model.train_function(iterator)

    trained = sum(math.prod(v.shape) for v in model.trainable_variables)
    if pixelwise:
        trained -= hidden_by_masks(model)
    worker(run, trained)


def hidden_by_masks(model):
    """How many numbers of the kernels are multiplied by 0."""
    import numpy as np

    from zoo.networks.masked import MaskedConv

    return sum(
        int((np.broadcast_to(layer.mask, layer.kernel.shape) == 0).sum())
        for layer in model._flatten_layers()
        if isinstance(layer, MaskedConv)
    )


def on(processors, *command):
    """A `Worker` on so many processors."""
    command = ["taskset", "--cpu-list", f"0-{processors - 1}", *map(str, command)]
    return Worker(command, env={**os.environ, "PYTHONPATH": str(ROOT)})


def zoo_side(processors, *words):
    """A `Worker` that is `zoo_worker`."""
    return on(
        processors, sys.executable, "-m", "tests.bench.training", f"--worker={json.dumps(words)}"
    )


def beside_torch(model, theirs, ours, batch, side, processors=ALL):
    """Runs a case on both sides and returns the figures."""
    case = json.dumps({"model": model, "batch": batch, "side": side, **theirs})
    sides = {
        "zoo": zoo_side(processors, model, ours, batch, side),
        "torch": on(processors, TORCH, "-m", "tests.bench.twins", case),
    }
    counts = {name: worker.facts["weights"] for name, worker in sides.items()}
    if counts["zoo"] != counts["torch"]:
        raise SystemExit(f"{model} {ours}: these are not the same networks: {counts} weights")
    facts = {"model": model, "settings": ours, "batch": batch, "side": side}
    facts |= {"processors": processors, "weights": counts["zoo"]}
    return facts | in_turns(sides, "torch", "zoo")


def beside_itself(model, ours, batch, side, processors):
    """A case with XLA and without it."""
    sides = {
        name: zoo_side(processors, model, ours, batch, side, jit)
        for name, jit in (("XLA", True), ("none", False))
    }
    facts = {"model": model, "settings": ours, "batch": batch, "side": side}
    return facts | {"processors": processors} | in_turns(sides, "none", "XLA")


def in_turns(sides, other, one):
    """Trains both sides in turns; returns the ratios of `other`'s seconds to `one`'s, and more."""
    slowest = max(side.train(3) for side in sides.values()) / 3
    steps = max(1, math.ceil(SECONDS / slowest))
    turns = [{name: side.train(steps) for name, side in sides.items()} for _ in range(TURNS)]
    ratios = sorted(turn[other] / turn[one] for turn in turns)
    for side in sides.values():
        side.close()

    def of(key):
        return {name: round(side.facts[key], 2) for name, side in sides.items()}

    return {
        f"{other} over {one}": round(statistics.median(ratios), 3),
        "least and most": [round(ratios[0], 3), round(ratios[-1], 3)],
        "steps in a turn": steps,
        "ms": {
            name: round(1000 * statistics.median(turn[name] for turn in turns) / steps, 2)
            for name in sides
        },
        "first step, s": of("first_step"),
        "peak, MiB": of("peak_mib"),
    }


def xla_cases():
    """Every model at its default networks on one processor and on all of them, less the recurrent
    ones, whose unrolled steps XLA takes minutes to compile."""
    names = ("gan", "cgan", "dcgan", "wgan", "wgan_gp", "vae", "pixelcnn")
    batches = {"pixelcnn": 16}
    return [
        (name, {}, batches.get(name, 64), 28, processors)
        for name in names
        for processors in (1, ALL)
    ]


def code():
    """What was measured: the commit, and the tree of the package."""

    def git(*words):
        return subprocess.run(
            ["git", *words], cwd=ROOT, capture_output=True, text=True, check=True
        ).stdout.strip()

    return {"commit": git("describe", "--always", "--dirty"), "zoo": git("rev-parse", "HEAD:zoo")}


def cpu():
    """The processor's name, how many there are, and which vector instructions they have."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    facts = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    facts = {key.strip(): value.strip() for key, value in facts.items()}
    vectors = [f for f in facts["flags"].split() if f.startswith(("avx", "fma", "amx"))]
    return {"name": facts["model name"], "count": os.cpu_count(), "flags": " ".join(vectors)}


def main():
    """Prints a line for each case, writes the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--only", default="", help="models, separated by commas")
    parser.add_argument("--xla", action="store_true", help="with XLA and without, no PyTorch")
    parser.add_argument("--worker", type=json.loads, help="for this program's own use")
    words = parser.parse_args()
    if words.worker:
        zoo_worker(*words.worker)
        return
    found = []
    for case in xla_cases() if words.xla else CASES:
        if words.only and case[0] not in words.only.split(","):
            continue
        one = (beside_itself if words.xla else beside_torch)(*case)
        found.append(one)
        print(", ".join(f"{key} {value}" for key, value in one.items()), flush=True)
    if words.out:
        mode = " --xla" if words.xla else ""
        facts = {
            "command": f"python -m tests.bench.training{mode} --out={words.out}",
            "code": code(),
            "cpu": cpu(),
            "turns": TURNS,
            "cases": found,
        }
        words.out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
