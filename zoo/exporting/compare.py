"""What each TensorFlow Lite file costs, and what quantization loses: size, speed, quality.

Quality is the figures that `zoo.evaluate` would give the float32 file (`zoo.metrics`), taken of
each file in the same way from the same latents: of pictures the Fréchet distance to held-out ones
and the accuracy, of a model that draws pixel by pixel the bits per dimension of held-out pictures.
"""

import time

import numpy as np

from zoo.parts import parts
from zoo.startup import quiet

NUM = 10_000  # samples of each file
HELD_OUT = 500  # pictures whose likelihood each file tells
ROUNDS, CALLS = 15, 3  # timings in turns, the best of which counts


def compare(sampler, data, held_out, folder, chosen):
    """Returns file -> {"bytes", "latency", "figures": name -> value, "counts": name -> number}.

    Args:
        sampler: of the run or the preset, whose latents and conditions are used.
        data: the `Dataset` of the run, or None: then there are no figures.
        held_out: its split to measure against.
        folder: where the files are.
        chosen: the `formats.Format`s; figures are of those for a batch of any size.

    `counts` says of how many examples a figure is.  `latency` is a ratio to the first file's: one
    example by `generate`, on one thread, in turns.
    """
    from ai_edge_litert.interpreter import Interpreter

    runners = {
        format.file: Interpreter(model_path=str(folder / format.file), num_threads=1)
        for format in chosen
    }
    latencies = _latencies(
        sampler, {f.file: runners[f.file] for f in chosen if f.batch in (None, 1)}
    )
    judge, counts = (None, {}) if data is None else _judge(sampler, data, held_out)
    return {
        format.file: {
            "bytes": (folder / format.file).stat().st_size,
            "latency": latencies.get(format.file),
            "figures": judge(runners[format.file]) if judge and format.batch is None else {},
            "counts": counts,
        }
        for format in chosen
    }


def _latencies(sampler, runners):
    inputs = _inputs(sampler, sampler.latents(1), sampler.in_turn(None, 1))
    calls = {file: runner.get_signature_runner("generate") for file, runner in runners.items()}
    with quiet():  # the first call names its delegate
        for call in calls.values():
            call(**inputs)
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(ROUNDS):
        for file, call in calls.items():
            start = time.perf_counter()
            for _ in range(CALLS):
                call(**inputs)
            best[file] = min(best[file], time.perf_counter() - start)
    first = next(iter(best.values()))
    return {file: seconds / first for file, seconds in best.items()}


def _judge(sampler, data, held_out):
    """Returns (interpreter -> its figures, name of a figure -> of how many examples it is)."""
    if sampler.pixelwise:
        return _likelihood(sampler, data, held_out)
    from zoo.metrics import evaluation
    from zoo.metrics import figures as catalog

    # The others take longest, and there is a file for each precision.
    judge = evaluation.judge(data, held_out, NUM, catalog.quick(data.spec, NUM))
    given = sampler.in_turn(getattr(judge, "given", None), NUM)
    latents = sampler.latents(NUM)

    def figures(interpreter):
        generate = interpreter.get_signature_runner("generate")
        drawn = [
            generate(**_inputs(sampler, latents[part], None if given is None else given[part]))
            for part in parts(NUM, data.spec.values)
        ]
        return judge.of(np.concatenate([one[data.spec.modality] for one in drawn]), given)

    return figures, {name: counts["drawn"] for name, counts in judge.counts.items()}


def _likelihood(sampler, data, held_out):
    from zoo.metrics import likelihood

    images = data.examples(held_out)[0][:HELD_OUT]

    def figures(interpreter):
        log_prob = interpreter.get_signature_runner("log_prob")
        slices = parts(len(images), data.spec.values * data.spec.levels)
        nats = -np.concatenate([log_prob(images=images[i])["log_prob"] for i in slices])
        return {
            name: mean for name, (mean, _) in likelihood.summary(nats, sampler.data_spec).items()
        }

    return figures, dict.fromkeys(("nll", "bits_per_dim"), len(images))


def _inputs(sampler, latents, given):
    if given is None:
        return {"latents": latents}
    return {"latents": latents, sampler.data_spec.condition_input: given}
