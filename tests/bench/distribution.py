"""What replicas, processes and bfloat16 cost on one machine, as ratios measured in turns.

    python -m tests.bench.distribution [--out=results/distribution.json]

Time: each way trains the models of `STEPS` with the paper's networks on 28x28 noise, at one global
batch, in processes of its own: one device; the same without XLA, which no second replica can have;
two replicas on two logical CPUs; two processes under multi_worker; one device in bfloat16.  The
replicas share the processors that the one device has to itself, so 1 would be no cost at all.  Of
several turns the fastest five steps count.

Memory: what the process's resident set grows by at most from before the model is built.

Learning: the models' short runs (`tests/learning.py`) in both precisions, seed 0.
"""

import argparse
import importlib
import itertools
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

BATCH, TURNS, WINDOW = 64, 2, 5
STEPS = {"gan": 150, "vae": 150, "wgan_gp": 40, "dcgan": 25, "pixelcnn": 25}
WAYS = ("one", "one, no XLA", "two replicas", "two processes", "bfloat16")
MIB = 2**20


def noise(name):
    """28x28 pictures of noise, as the model's paper asks for them."""
    import numpy as np

    from zoo import registry
    from zoo.data.pipeline import Dataset
    from zoo.data.spec import DataSpec

    options = registry.data_options(name)
    images = np.random.RandomState(0).randint(0, 256, (1024, 28, 28, 1)).astype(np.uint8)
    splits = {split: (images, np.zeros(1024, np.int32)) for split in ("train", "test")}
    return Dataset(DataSpec("noise", (28, 28, 1), range=options.range), options, splits, 256)


def child(way, name):
    """Trains one model one way, and prints what it took as JSON."""
    import keras

    from zoo import registry
    from zoo.config import override
    from zoo.training import distribution

    kind = {"two replicas": "mirrored", "two processes": "multi_worker"}.get(way, "one")
    strategy = distribution.strategy(kind, None, 2 if kind == "mirrored" else None)
    data, module = noise(name), registry.module(name)
    words = {"batch_size": BATCH, "precision": "bfloat16" if way == "bfloat16" else "float32"}
    config, jit = override(module.Config(), words), False if way == "one, no XLA" else "auto"
    times = []
    clock = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: times.append(time.perf_counter())
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with strategy.scope():
        model = module.build(config, data.spec, jit_compile=jit)
    stream = data.train(BATCH, 0, model.updates_per_step, 0, STEPS[name])
    model.fit(
        distribution.feed(strategy, stream),
        steps_per_epoch=STEPS[name], shuffle=False, verbose=0, callbacks=[clock],
    )  # fmt: skip
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    found = {
        "seconds": min(b - a for a, b in zip(times, times[WINDOW:], strict=False)) / WINDOW,
        "resident": grown * 1024,  # Linux counts KiB
    }
    print(json.dumps(found))


def started(way, name, environment):
    """A process of `child`."""
    words = [sys.executable, "-m", "tests.bench.distribution", "--child", way, name]
    return subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, **environment},
    )  # fmt: skip


def measured(way, name):
    """What `child` prints; of two processes, the slower one's."""
    from tests.reliability.test_workers import ports

    environments = [{}]
    if way == "two processes":
        addresses = [f"localhost:{port}" for port in ports()]
        environments = [
            {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses},
                                      "task": {"type": "worker", "index": index}})}
            for index in range(2)
        ]  # fmt: skip
    processes = [started(way, name, environment) for environment in environments]
    answers = []
    for process in processes:
        said, error = process.communicate()
        if process.returncode:
            raise RuntimeError(f"{way}, {name}: {error[-2000:]}")
        answers.append(json.loads(said.splitlines()[-1]))
    return max(answers, key=lambda answer: answer["seconds"])


def costs(name):
    """The ratios of one model, and what they are of."""
    best = {}
    for _, way in itertools.product(range(TURNS), WAYS):
        found = measured(way, name)
        if way not in best or found["seconds"] < best[way]["seconds"]:
            best[way] = found
    one, plain = best["one"], best["one, no XLA"]
    return {
        "time over one device's": {w: best[w]["seconds"] / one["seconds"] for w in WAYS[1:]},
        "time over one device's without XLA": {
            way: best[way]["seconds"] / plain["seconds"] for way in WAYS[2:4]
        },
        "bfloat16 over float32": {
            key: best["bfloat16"][key] / one[key] for key in ("seconds", "resident")
        },
        "milliseconds": {way: 1000 * best[way]["seconds"] for way in WAYS},
        "MiB": {way: {"resident": best[way]["resident"] / MIB} for way in ("one", "bfloat16")},
    }


def learnt():
    """model -> data -> the figures before, and after in each precision."""
    found = {}
    for name in STEPS:
        run = importlib.import_module(f"tests.models.test_{name}").short_run
        runs = {precision: run(precision=precision) for precision in ("float32", "bfloat16")}
        found[name] = {
            data: {"before": before, **{p: figures[data][1] for p, figures in runs.items()}}
            for data, (before, _) in runs["float32"].items()
        }
        print(f"{name}: {json.dumps(found[name])}", flush=True)
    return found


def main():
    """Prints the ratios, writes the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--child", nargs=2, metavar=("WAY", "MODEL"), help=argparse.SUPPRESS)
    words = parser.parse_args()
    if words.child:
        child(*words.child)
        return
    cases = {}
    for name in STEPS:
        cases[name] = costs(name)
        for what, ratios in list(cases[name].items())[:3]:
            line = ", ".join(f"{key} {ratio:.2f}" for key, ratio in ratios.items())
            print(f"{name}, {what}: {line}", flush=True)
    facts = {
        "command": f"python -m tests.bench.distribution --out={words.out}",
        "global batch": BATCH, "pictures": "28x28 noise", "turns": TURNS,
        "processors": os.cpu_count(), "costs": cases, "learning, seed 0": learnt(),
    }  # fmt: skip
    if words.out:
        words.out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
