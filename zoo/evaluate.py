"""Measures a run, or pictures of any origin: figures with their sample counts and their floor.

    python -m zoo.evaluate --run=runs/a [--num=10000] [--seeds=3]
    python -m zoo.evaluate --run=runs/a --metrics=frechet,precision,recall
    python -m zoo.evaluate --run=runs/pixelcnn_mnist --metrics=likelihood --split=test
    python -m zoo.evaluate --samples=mine.npy --against=mnist [--out=mine.json]

Of a run it writes RUN/evaluation.json and prints it as a table.  What is measured goes by the data:
see `zoo.metrics.figures` and `zoo.metrics.evaluation`.  Of a model that draws pixel by pixel also
RUN/likelihood.json: -log p(x) of all held-out pictures, exact, in nats and in bits per dimension,
beside that of a histogram of each pixel's own levels.
Weights are the moving averages where the run keeps them.  The run's data must be at hand, as for
training.  Both files name the code that trained the run, stretch by stretch, and that which judged.

--samples takes a folder of pictures, or an .npy or .npz file of an array [N, H, W] or [N, H, W, 1],
uint8 or floats in [0, 1], and needs neither TensorFlow nor the data.  It writes
mine_evaluation.json beside mine.npy.
"""

import json
import pathlib

from absl import flags

from zoo import cli, files
from zoo.config import HIGHEST, UserError
from zoo.metrics import evaluator, figures
from zoo.sampling import judging
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
FILES = {"samples": "evaluation.json", "likelihood": "likelihood.json"}  # of each group of figures
OF_RUNS, OF_SAMPLES = ("seeds", "split"), ("against", "out")


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_string("run", None, "the run directory")
    flags.DEFINE_string("samples", None, "or the pictures: a folder, an .npy or an .npz file")
    flags.DEFINE_enum(
        "against", None, list(evaluator.FACTS), "the real pictures that --samples are compared to"
    )
    flags.DEFINE_string("out", None, "where the figures of --samples go (default: beside them)")
    flags.DEFINE_integer("num", 10_000, "samples of each seed, or most of --samples", 2, HIGHEST)
    flags.DEFINE_integer("seeds", 3, "seeds 0, 1, … that samples are drawn from", 1, HIGHEST)
    flags.DEFINE_list(
        "metrics",
        None,
        f"which of {', '.join(figures.ALL)}; or likelihood, which is nll and bits_per_dim, or "
        "samples, which is all others (default: all that the data and the model permit)",
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
    _judge_samples() if FLAGS.run is None else _judge_run()


def _judge_samples():
    if FLAGS.against is None:
        raise UserError(f"say what to compare to: --against={' or '.join(evaluator.FACTS)}.")
    path = pathlib.Path(FLAGS.samples)
    out = pathlib.Path(FLAGS.out or path.with_name(f"{path.stem}_evaluation.json"))
    files.check_out(out)
    result = judging.of_samples(path, FLAGS.against, FLAGS.num, FLAGS.metrics)
    print(f"{result['samples']['examples']} pictures of {path}, against {FLAGS.against}")
    _show(result, out)


def _judge_run():
    from zoo.runs.directory import Run

    files.check_folder(Run.read(FLAGS.run).path)
    start_tensorflow(exact=True)
    for group, result in judging.of_run(
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
        _show(result, pathlib.Path(FLAGS.run) / FILES[group])


def _show(result, out):
    """Writes the file and prints the rest of its table."""
    files.write_whole(out, (json.dumps(result, indent=2) + "\n").encode())
    seen = result.get("evaluator")
    if seen:
        print(
            f"judged by {'the frozen' if seen['frozen'] else 'a'} classifier of "
            f"{seen['trained_on']}{'' if seen['frozen'] else ', trained here'} "
            f"({seen['classifier'][:12]})"
        )
    for name, figure in result["figures"].items():
        print(f"  {name:12} {_in_words(figure)}")
    print(f"written to {out}")


def _in_words(figure):
    spread = figure.get("sd", figure.get("standard_error"))
    words = f"{figure['mean']:.4f}" + ("" if spread is None else f" ± {spread:.4f}")
    for key, note in (
        ("real", "the data's own"),
        ("real_of_all", "of all there are"),
        ("independent_pixels", "independent pixels"),
    ):
        if figure.get(key) is not None:
            words += f"   ({note}: {figure[key]:.4f})"
    counts = figure.get("counts")
    if counts and counts["drawn"] == counts.get("real"):
        words += f"   of {counts['drawn']} examples each"
    return words


if __name__ == "__main__":
    main()
