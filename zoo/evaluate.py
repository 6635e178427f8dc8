"""Measures a run: figures with their sample counts and their spread over seeds, as JSON beside it.

    python -m zoo.evaluate --run=runs/a [--num=10000] [--seeds=3]
    python -m zoo.evaluate --run=runs/a --metrics=frechet,precision,recall
    python -m zoo.evaluate --run=runs/pixelcnn_mnist --metrics=likelihood --split=test

Writes RUN/evaluation.json and prints it as a table.  What is measured goes by the data: see
`zoo.metrics.figures` and `zoo.metrics.evaluation`.  Of a model that draws pixel by pixel also
RUN/likelihood.json: -log p(x) of all held-out pictures, exact, in nats and in bits per dimension,
beside that of a histogram of each pixel's own levels.
Weights are the moving averages where the run keeps them.  The run's data must be at hand, as for
training.  Both files name the code that trained the run, stretch by stretch, and that which judged.
"""

import json

from absl import flags

from zoo import cli, files
from zoo.config import HIGHEST, UserError, nearest
from zoo.metrics import figures
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
FILES = {"samples": "evaluation.json", "likelihood": "likelihood.json"}  # of each group of figures


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_string("run", None, "the run directory")
    flags.DEFINE_integer("num", 10_000, "samples of each seed", 2, HIGHEST)
    flags.DEFINE_integer("seeds", 3, "seeds 0, 1, … that samples are drawn from", 1, HIGHEST)
    flags.DEFINE_list(
        "metrics",
        None,
        f"which of {', '.join(figures.ALL)}; or likelihood, which is nll and bits_per_dim, or "
        "samples, which is all others (default: all that the data and the model permit)",
    )
    flags.DEFINE_string("split", None, "what to measure against (default: what the run held out)")


def evaluate(path, num, seeds, metrics=None, split=None):
    """Evaluates the run at `path`; returns group of `FILES` -> what its file holds.

    Raises:
        UserError: it is no run, its data is not at hand, or there is no such figure for it.
    """
    from zoo.runs import provenance
    from zoo.sampling.sampler import RunSampler

    sampler = RunSampler(path)
    facts = sampler.run.facts
    wanted = _wanted(sampler, num, metrics, split)
    data = sampler.run.data()
    held_out = split or facts["held_out"]["split"]
    if held_out not in data.splits:
        raise UserError(
            f"{facts['dataset']!r} has no split {held_out!r}: {nearest(held_out, data.splits)}."
        )
    words = [f"--run={path}", f"--num={num}", f"--seeds={seeds}"]
    words += [f"--metrics={','.join(metrics)}"] if metrics else []
    words += [f"--split={split}"] if split else []
    common = {
        "command": " ".join(["python -m zoo.evaluate", *words]),
        "model": facts["model"],
        "dataset": facts["dataset"],
        "binarize": facts["data"]["binarize"],
        "training_seed": facts["config"]["seed"],
        "step": int(sampler.model.step.numpy()),
        "held_out": {"split": held_out, "examples": len(data.splits[held_out][0])},
        "stretches": facts["stretches"],
        "code": provenance.code(),
    }
    found = {}
    if wanted["samples"]:
        found["samples"] = common | {
            "samples": num,
            "sample_seeds": list(range(seeds)),
            "figures": _of_samples(sampler, data, held_out, num, seeds, wanted["samples"]),
        }
    if wanted["likelihood"]:
        found["likelihood"] = common | {
            "of": sampler.model.likelihood_of,
            "figures": _of_likelihood(sampler, data, held_out, wanted["likelihood"]),
        }
    for name, result in found.items():
        text = json.dumps(result, indent=2) + "\n"
        files.write_whole(sampler.run.path / FILES[name], text.encode())
    return found


def _wanted(sampler, num, metrics, split):
    """Group of `FILES` -> its figures to take, which this run permits."""
    if split is None:
        num = min(num, sampler.run.facts["held_out"]["examples"])
    spec, asked = sampler.data_spec, None
    if metrics:
        # Of data that permits none, the sentence about pictures says why.
        samples = figures.of_samples(spec, num) or figures.PICTURES
        groups = {"samples": samples, "likelihood": figures.LIKELIHOOD}
        asked = [figure for name in metrics for figure in groups.get(name, (name,))]
    chosen = figures.chosen(spec, num, sampler.pixelwise, asked)
    likelihood = [name for name in chosen if name in figures.LIKELIHOOD]
    return {"samples": [n for n in chosen if n not in likelihood], "likelihood": likelihood}


def _of_samples(sampler, data, held_out, num, seeds, names):
    """Figures of what is drawn, over seeds."""
    import numpy as np

    from zoo.metrics import evaluation

    judge = evaluation.judge(data, held_out, num, names)
    # Names are judged against the held-out pictures that they are drawn for.
    given = getattr(judge, "given", None)
    found = []
    for seed in range(seeds):
        x = sampler.sample(num, seed, given)
        found.append(judge.of(x, sampler.in_turn(given, num)))
    return {
        name: {
            "mean": float(np.mean([one[name] for one in found])),
            "sd": float(np.std([one[name] for one in found], ddof=1)) if seeds > 1 else None,
            "each": [one[name] for one in found],
            "real": judge.real.get(name),
            "counts": judge.counts[name],
        }
        for name in found[0]
    }


def _of_likelihood(sampler, data, held_out, names):
    """-log p(x) of all held-out pictures, with its standard error."""
    from zoo.metrics import likelihood

    test = data.examples(held_out)[0]
    own = likelihood.summary(-sampler.log_prob(test), data.spec)
    flat = likelihood.independent(data.examples("train")[0], test, data.spec.levels)
    alone = likelihood.summary(flat, data.spec)
    return {
        name: {"mean": mean, "standard_error": error, "independent_pixels": alone[name][0]}
        for name, (mean, error) in own.items()
        if name in names
    }


@cli.command(define_flags)
def main():
    """Evaluates and prints the table."""
    if FLAGS.run is None:
        raise UserError("say what to evaluate: python -m zoo.evaluate --run=runs/NAME.")
    from zoo.runs.directory import Run

    figures.check(FLAGS.metrics or (), (*figures.ALL, *FILES))
    files.check_folder(Run.read(FLAGS.run).path)
    start_tensorflow(exact=True)
    for group, result in evaluate(
        FLAGS.run, FLAGS.num, FLAGS.seeds, FLAGS.metrics, FLAGS.split
    ).items():
        part = result["held_out"]
        print(
            f"{result['model']} on {result['dataset']} (binarize {result['binarize']}), step "
            f"{result['step']}; {part['examples']} examples of {part['split']!r}"
        )
        if group == "samples":
            seeds = len(result["sample_seeds"])
            print(f"{result['samples']} samples of each of {seeds} seeds, ± over them")
        else:
            print(f"-log p of {result['of']}, ± its standard error")
        for name, figure in result["figures"].items():
            print(f"  {name:12} {_in_words(figure)}")
        print(f"written to {FLAGS.run.rstrip('/')}/{FILES[group]}")


def _in_words(figure):
    spread = figure.get("sd", figure.get("standard_error"))
    words = f"{figure['mean']:.4f}" + ("" if spread is None else f" ± {spread:.4f}")
    for key, note in (("real", "the data's own"), ("independent_pixels", "independent pixels")):
        if figure.get(key) is not None:
            words += f"   ({note}: {figure[key]:.4f})"
    counts = figure.get("counts")
    if counts and counts["drawn"] == counts.get("real"):
        words += f"   of {counts['drawn']} examples each"
    return words


if __name__ == "__main__":
    main()
