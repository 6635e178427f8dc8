"""Measures a run, a preset or anybody's pictures: figures with their counts and their floor.

    python -m zoo.evaluate --run=runs/a [--num=10000] [--seeds=3]
    python -m zoo.evaluate --run=runs/a --metrics=frechet,precision,recall
    python -m zoo.evaluate --run=runs/pixelcnn_mnist --metrics=likelihood --split=test
    python -m zoo.evaluate --run=runs/vae --metrics=bound --k=1,50,5000
    python -m zoo.evaluate --run=runs/seed0,runs/seed1,runs/seed2 --out=results/three_seeds.json
    python -m zoo.evaluate --run=runs/a --out=results/a.json
    python -m zoo.evaluate --samples=mine.npy --against=mnist [--out=mine.json]

Of a run it writes RUN/evaluation.json and prints it as a table; of a preset it prints only.  What
is measured goes by the data: see `zoo.metrics.figures` and `zoo.metrics.evaluation`.  Of a model
that draws pixel by pixel also RUN/likelihood.json: -log p(x) of all held-out pictures, exact, in
nats and in bits per dimension, beside that of a histogram of each pixel's own levels.  Of a VAE
there is its importance-weighted bound.
Weights are the moving averages where the run keeps them.  The run's data must be at hand, as for
training.  Both files name the code that trained the run, stretch by stretch, and that which judged.

--out gets the figures of all groups and the seconds of training that the run recorded, for
RESULTS.md (`zoo.results`).  Several runs may differ in their seed alone: each is evaluated, and
--out has the mean of each figure over them, ± over training seeds.

--samples takes a folder of pictures, or an .npy or .npz file of an array [N, H, W] or [N, H, W, 1],
uint8 or floats in [0, 1], and needs neither TensorFlow nor the data.  It writes
mine_evaluation.json beside mine.npy.
"""

import json
import pathlib
import time

from absl import flags

from zoo import cli, files
from zoo.config import HIGHEST, UserError
from zoo.metrics import evaluator, figures, joint
from zoo.sampling import judging
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
FILES = {"samples": "evaluation.json", "likelihood": "likelihood.json"}  # of each group of figures
OF_RUNS, OF_SAMPLES = ("seeds", "split", "k"), ("against",)


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_list("run", None, "a run or a preset, or runs that differ in their seed alone")
    flags.DEFINE_string("samples", None, "or the pictures: a folder, an .npy or an .npz file")
    flags.DEFINE_enum(
        "against", None, list(evaluator.FACTS), "the real pictures that --samples are compared to"
    )
    flags.DEFINE_string(
        "out",
        None,
        "where the figures of --samples go (default: beside them), or those of all runs",
    )
    flags.DEFINE_integer("num", 10_000, "samples of each seed, or most of --samples", 2, HIGHEST)
    flags.DEFINE_integer("seeds", 3, "seeds 0, 1, … that samples are drawn from", 1, HIGHEST)
    flags.DEFINE_list(
        "metrics",
        None,
        f"which of {', '.join(figures.ALL)}; or likelihood, which is nll and bits_per_dim, or "
        "bound, or samples, which is all others (default: all that the data and the model permit, "
        "without parzen)",
    )
    flags.DEFINE_list(
        "k", None, "of the bound, how many samples of z (default: 1,50; the papers': 5000)"
    )
    flags.DEFINE_string("split", None, "what to measure against (default: what the run held out)")


@cli.command(define_flags)
def main():
    """Evaluates, writes the figures and prints the table."""
    if (FLAGS.run is None) == (FLAGS.samples is None):
        raise UserError(
            "say what to evaluate: python -m zoo.evaluate --run=runs/NAME, or --samples=x.npy "
            "--against=mnist."
        )
    kind, others = ("--samples", OF_RUNS) if FLAGS.run is None else ("--run", OF_SAMPLES)
    for name in others:
        if FLAGS[name].present:
            raise UserError(f"--{name} has no meaning with {kind}: leave it out.")
    figures.check(FLAGS.metrics or (), (*figures.ALL, *judging.GROUPS))
    _judge_samples() if FLAGS.run is None else _judge_runs()


def _judge_samples():
    if FLAGS.against is None:
        raise UserError(f"say what to compare to: --against={' or '.join(evaluator.FACTS)}.")
    path = pathlib.Path(FLAGS.samples)
    beside = path.expanduser().absolute()
    out = pathlib.Path(FLAGS.out or beside.with_name(f"{beside.stem}_evaluation.json"))
    files.check_out(out)
    result = judging.of_samples(path, FLAGS.against, FLAGS.num, FLAGS.metrics, _progress())
    print(f"{result['samples']['examples']} pictures of {path}, against {FLAGS.against}")
    _show(result["figures"], result, out)


def _progress():
    """Tells of figures as they are done, with the time left, once two seconds have passed; Keras'
    bar needs TensorFlow, which pictures of any origin are judged without."""
    begun = time.monotonic()

    def tell(done, total):
        passed = time.monotonic() - begun
        if passed > 2.0 and done < total:
            left = passed / done * (total - done)
            print(f"  {done} of {total} figures, {left:.0f} s left", flush=True)

    return tell


def _judge_runs():
    from zoo.runs import alike
    from zoo.runs.directory import Run
    from zoo.sampling.loading import find
    from zoo.sampling.model_sampler import RunSampler

    runs = []
    asked = judging.Asked(FLAGS.num, FLAGS.seeds, FLAGS.metrics, FLAGS.split, _samples_of_z())
    if FLAGS.out is not None:
        files.check_out(FLAGS.out)
    if len(FLAGS.run) == 1:
        places = [find(FLAGS.run[0], with_model=True)]
    else:
        if FLAGS.out is None:
            raise UserError("say where the figures of several runs go: --out=x.json.")
        runs = [Run.read(path) for path in FLAGS.run]
        places = [(RunSampler, path) for path in FLAGS.run]
    for kind, path in places:
        if kind is RunSampler:
            files.check_folder(path)
    start_tensorflow(exact=True)
    if runs:  # before any of them is loaded; their models' defaults need TensorFlow
        alike.check(runs)
    from zoo.sampling import several

    samplers, results = [kind(path) for kind, path in places], {}
    for sampler, found in several.of_runs(samplers, asked):
        results[str(sampler.run.path)] = found
        for group, result in found.items():
            # A preset is not written into.
            is_run = isinstance(sampler, RunSampler)
            _show_run(group, result, sampler.run.path / FILES[group] if is_run else None)
    if FLAGS.out is not None:
        _show_joint(several.joined(results, asked), pathlib.Path(FLAGS.out))


def _samples_of_z():
    if FLAGS.k is None:
        return None
    if not FLAGS.k or not all(word.isdecimal() and 0 < int(word) <= HIGHEST for word in FLAGS.k):
        raise UserError(f"--k={','.join(FLAGS.k)} must be whole numbers from 1, such as 1,50,5000.")
    return tuple(dict.fromkeys(map(int, FLAGS.k)))


def _show_run(group, result, out):
    part = result["held_out"]
    print(
        f"{result['model']} on {result['dataset']} (binarize {result['binarize']}), seed "
        f"{result['training_seed']}, step {result['step']}; {part['examples']} examples of "
        f"{part['split']!r}"
    )
    if group == "samples":
        seeds = len(result["sample_seeds"])
        over = f", ± over {joint.SAMPLING}" if seeds > 1 else ""
        print(f"{result['samples']} samples of each of {seeds} seeds{over}")
    else:
        print(f"-log p of {result['of']}, ± its standard error over {joint.PICTURES}")
    _show(result["figures"], result, out)


def _show_joint(result, out):
    if len(result["runs"]) == 1:  # its figures have been shown
        _show({}, result, out)
        return
    seeds = ", ".join(map(str, result["training_seeds"]))
    print(f"{len(result['runs'])} runs of training seeds {seeds}, ± over {joint.TRAINING}")
    together = {}
    for found in result["figures"].values():
        together |= found
    _show(together, result, out)


def _show(found, result, out):
    """Writes the file, if there is to be one, and prints the rest of its table, `found`."""
    if out:
        files.write_whole(out, (json.dumps(result, indent=2) + "\n").encode())
    seen = result.get("evaluator")
    if seen:
        print(
            f"judged by {'the frozen' if seen['frozen'] else 'a'} classifier of "
            f"{seen['trained_on']}{'' if seen['frozen'] else ', trained here'} "
            f"({seen['classifier'][:12]})"
        )
    for name, figure in found.items():
        print(f"  {name:12} {_in_words(figure)}")
    if out:
        print(f"written to {out}")


def _in_words(figure):
    # Of one seed there is no deviation over seeds, but a Parzen window has an error over pictures.
    spread = figure.get("sd") or figure.get("standard_error")
    words = f"{figure['mean']:.4f}" + ("" if spread is None else f" ± {spread:.4f}")
    for key, note in (
        ("real", "the data's own"),
        ("real_of_all", "of all there are"),
        ("independent_pixels", "independent pixels"),
    ):
        if figure.get(key) is not None:
            words += f"   ({note}: {figure[key]:.4f})"
    if "by_class" in figure:
        worst = max(figure["by_class"], key=figure["by_class"].get)
        words += f"   (worst, class {worst}: {figure['by_class'][worst]:.4f})"
    if "sigma" in figure:
        words += f"   (σ {figure['sigma']:.3g})"
    counts = figure.get("counts")
    if counts and counts["drawn"] == counts.get("real"):
        words += f"   of {counts['drawn']} examples each"
    return words


if __name__ == "__main__":
    main()
