"""How much faster the cached samplers are than the plain one, as ratios measured in turns.

    python -m tests.bench.samplers [--out=results/samplers.json]

Pictures of on and off pixels, batch 16.  A plain sampler's pixels all cost the same, a full pass,
so some of them are timed, and multiplied.  Of several turns the fastest counts.
"""

import argparse
import json
import math
import pathlib
import time

import numpy as np
import tensorflow as tf

from zoo import noise, registry
from zoo.config import override
from zoo.data.spec import DataSpec

BATCH, TURNS, PASSES = 16, 3, 30
EQUAL = {"channels": 16, "blocks": 5}
# (model, settings, side of the picture): at one size of network, at each default, as n grows
CASES = [
    *((name, EQUAL, 28) for name in ("pixelcnn", "row_lstm", "diagonal_bilstm", "multi_scale")),
    *((name, {}, 28) for name in ("pixelcnn", "row_lstm", "diagonal_bilstm", "multi_scale")),
    *((name, EQUAL, 14) for name in ("pixelcnn", "row_lstm", "diagonal_bilstm")),
    *((name, EQUAL, 56) for name in ("pixelcnn", "row_lstm", "diagonal_bilstm")),
]


def seconds(call):
    """The time of one call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


def measured(name, settings, side):
    """Times one model's three ways to sample, in turns."""
    spec = DataSpec("any", (side, side, 1), levels=2, range="symmetric")
    module = registry.module(name)
    model = module.build(override(module.Config(), settings), spec)
    latents = model.latents(noise.Noise(0, noise.SAMPLING, tf.range(BATCH)))
    blank = tf.zeros([BATCH, *spec.shape])
    tasks = model.tasks(latents, blank, tf.ones_like(blank))
    pixels = [
        tf.function(
            lambda position, number=number: model.draw_pixel(
                number, [task[1] for task in tasks[: number + 1]], position, tasks[number]
            )
        )
        for number in range(len(tasks))
    ]

    areas = [math.prod(model.shape(number)) for number in range(len(tasks))]

    def plain():
        for number, pixel in enumerate(pixels):
            count = round(PASSES * areas[number] / sum(areas))
            for position in np.linspace(0, areas[number] - 1, count, dtype=np.int32):
                pixel(tf.constant(position))

    ways = {
        "plain": plain,
        "cached": tf.function(lambda: model.generate(latents)),
        "cached, XLA": tf.function(lambda: model.generate(latents), jit_compile=True),
    }
    for way in ways.values():
        way()  # traces and compiles
    turns = [{way: seconds(call) for way, call in ways.items()} for _ in range(TURNS)]
    best = {way: min(turn[way] for turn in turns) for way in ways}
    best["plain"] *= sum(areas) / PASSES
    return {
        "model": name,
        "network": ", ".join(f"{key} {value}" for key, value in settings.items()) or "default",
        "side": side,
        "plain over cached": best["plain"] / best["cached"],
        "plain over cached, XLA": best["plain"] / best["cached, XLA"],
        "seconds": best,
    }


def main():
    """Prints a line for each case, writes the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path)
    out = parser.parse_args().out
    found = []
    for case in CASES:
        one = measured(*case)
        found.append(one)
        print(
            f"{one['model']:16} {one['network']:22} {one['side']:3}x{one['side']}: plain over "
            f"cached {one['plain over cached']:.0f}, under XLA {one['plain over cached, XLA']:.0f}",
            flush=True,
        )
    if out:
        command = f"python -m tests.bench.samplers --out={out}"
        facts = {
            "command": command,
            "batch": BATCH,
            "turns": TURNS,
            "passes": PASSES,
            "cases": found,
        }
        out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
