"""Draws the figures of the papers from trained runs.

    python -m zoo.diagnose --run=runs/clip_0.1,runs/clip_0.01,runs/penalty --out=clipping.png
    python -m zoo.diagnose --run=runs/pixelcnn,runs/row_lstm --out=receptive_field.png
    python -m zoo.diagnose --run=dcgan_mnist --nearest --out=nearest.png
    python -m zoo.diagnose --run=dcgan_mnist --features --labels=1000 --out=features.png
    python -m zoo.diagnose --run=dcgan_mnist --filters --out=filters.png
    python -m zoo.diagnose --run=runs/vae_of_two --manifold --out=manifold.png
    python -m zoo.diagnose --run=vae_digits --reconstructions --out=reconstructions.png
    python -m zoo.diagnose --run=pixelcnn_digits --likelihood_map --out=map.png
    python -m zoo.diagnose --run=runs/wgan,runs/wgan_gp --figure=frechet --beside=wasserstein
                           --out=curves.png
    python -m zoo.diagnose --parallel_lines --out=parallel_lines.png

For each run of `wgan` or `wgan_gp`: the norm of the gradient of E[f(real)] - E[f(fake)] at every
layer of the critic, a histogram of the critic's weights and, with clipping, the share of weights
within 5 % of ±c; on points in the plane also the critic's contours (1704.00028, Figure 1).

For each run of a PixelRNN: the pixels that the center pixel depends on, through one layer and
through the whole network, by the size of the gradient (1601.06759, Figures 2 and 4).

With --nearest, for runs and presets of any model of pictures: samples, below each the training
pictures that are nearest in pixels and in a classifier's features, and how far these are beside
those of held-out pictures: does the model copy?  See docs/evaluation.md.

With --features and --filters, of runs and presets with a discriminator of convolutions: how well a
linear classifier does on its features, beside an untrained one's and the pixels; and what the
filters of its last layer look for (1511.06434, section 5 and Figure 5).

With --manifold, of a model whose latent has two numbers: what it draws all over them (1312.6114,
Figure 4).  With --reconstructions, of any VAE: held-out pictures above its reconstructions.

With --likelihood_map, of PixelRNNs: what each pixel of held-out pictures adds to -log p.

With --figure, for runs that were trained with --figures: the figure by step and by second, and with
--beside its rank correlation with a metric of the training.

With --parallel_lines, of no run: what a discriminator and a critic find of two lines side by side
(1701.07875, Example 1).

The numbers go to a .json of the same name.
"""

import importlib
import json
import pathlib

from absl import flags

from zoo import cli, files
from zoo.config import HIGHEST, LOWEST, UserError
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
# A mode's flag -> the flags that have a meaning with it alone.
MODES = {
    "nearest": ("num", "seed"), "features": ("labels",), "filters": (), "manifold": (),
    "reconstructions": (), "likelihood_map": (), "figure": ("beside",), "parallel_lines": ("seed",),
}  # fmt: skip


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_list(
        "run", None, "run directories, all of wgan and wgan_gp or all of PixelRNNs; with --figure "
        "of any models; with the flags that look into one model also presets",
    )  # fmt: skip
    flags.DEFINE_bool("nearest", False, "compare samples to their nearest training pictures")
    flags.DEFINE_integer("num", 1000, "with --nearest: how many samples", 1, HIGHEST)
    flags.DEFINE_integer(
        "seed", 0, "with --nearest, of the samples; with --parallel_lines, of the training",
        LOWEST, HIGHEST,
    )  # fmt: skip
    flags.DEFINE_bool("features", False, "classify by a discriminator's features, and by others")
    flags.DEFINE_integer(
        "labels", 1000, "with --features: how many labeled pictures, as many of each class",
        1, HIGHEST,
    )  # fmt: skip
    flags.DEFINE_bool("filters", False, "show what a discriminator's filters look for")
    flags.DEFINE_bool("manifold", False, "show all of a latent of two numbers")
    flags.DEFINE_bool("reconstructions", False, "show held-out pictures above a VAE's of them")
    flags.DEFINE_bool("likelihood_map", False, "show what each pixel adds to -log p of a PixelRNN")
    flags.DEFINE_string("figure", None, "compare trainings by a figure, such as frechet")
    flags.DEFINE_string(
        "beside", None, "with --figure: a metric of metrics.jsonl, such as wasserstein"
    )
    flags.DEFINE_bool("parallel_lines", False, "compare two distances of parallel lines")
    flags.DEFINE_string(
        "out", None, "the .png to write; the numbers go to a .json of the same name"
    )


def mode_asked():
    """Returns which of `MODES` is asked for, or None: what the runs' models have.

    Raises:
        UserError: several are, or a flag of another one is given.
    """
    asked = [name for name in MODES if FLAGS[name].value]
    if len(asked) > 1:
        raise UserError(f"give one of --{asked[0]} and --{asked[1]}, not both.")
    mode = asked[0] if asked else None
    own = MODES.get(mode, ())
    for name in sorted({name for names in MODES.values() for name in names} - {*own}):
        if FLAGS[name].present:
            owners = " and ".join(f"--{one}" for one, names in MODES.items() if name in names)
            raise UserError(f"--{name} has a meaning with {owners} alone: leave it out.")
    return mode


def diagnosed(mode):
    """Returns the `Diagnosis` that the flags ask for."""
    if mode == "parallel_lines":
        start_tensorflow(exact=True)
        from zoo.diagnosing import parallel_lines

        return parallel_lines.diagnosed(FLAGS.seed)
    from zoo.runs.directory import Run

    if mode == "figure":
        from zoo.diagnosing import curves

        return curves.diagnosed([Run.read(path) for path in FLAGS.run], FLAGS.figure, FLAGS.beside)
    from zoo.sampling.loading import find
    from zoo.sampling.model_sampler import RunSampler

    if mode is not None:
        places = [find(path, with_model=True) for path in FLAGS.run]
        start_tensorflow(exact=True)
        file = importlib.import_module(f"zoo.diagnosing.{mode}")
        given = {name: FLAGS[name].value for name in MODES[mode]}
        return file.diagnosed([kind(path) for kind, path in places], FLAGS.run, **given)
    for path in FLAGS.run:
        Run.read(path)
    start_tensorflow(exact=True)
    from zoo.diagnosing import contexts, critics

    samplers = [RunSampler(path) for path in FLAGS.run]
    pixelwise = samplers[0].pixelwise
    for sampler in samplers:
        if sampler.pixelwise != pixelwise or not (pixelwise or hasattr(sampler.model, "critic")):
            raise UserError(
                f"{str(sampler.run.path)!r} is a run of {sampler.run.facts['model']}, which has no "
                f"{'context' if pixelwise else 'critic'} to diagnose."
            )
    return (contexts if pixelwise else critics).diagnosed(samplers)


def command(mode):
    """Returns the command's words, to be kept beside the numbers."""
    words = ["python -m zoo.diagnose"]
    if FLAGS.run:
        words.append(f"--run={','.join(FLAGS.run)}")
    if mode:
        value = FLAGS[mode].value
        words.append(f"--{mode}" if value is True else f"--{mode}={value}")
    given = [(name, FLAGS[name].value) for name in MODES.get(mode, ())]
    words += [f"--{name}={value}" for name, value in given if value is not None]
    return " ".join([*words, f"--out={FLAGS.out}"])


@cli.command(define_flags)
def main():
    """Diagnoses every run, writes the figure and the numbers."""
    mode = mode_asked()
    if mode == "parallel_lines" and FLAGS.run:
        raise UserError("--parallel_lines is of no run: leave --run out.")
    given = FLAGS.run or mode == "parallel_lines"
    if not given or FLAGS.out is None or not FLAGS.out.lower().endswith(".png"):
        raise UserError("say what to draw: python -m zoo.diagnose --run=runs/a,runs/b --out=x.png.")
    out = pathlib.Path(FLAGS.out)
    for path in (out, out.with_suffix(".json")):
        files.check_out(path)
    found = diagnosed(mode)
    from zoo.viz import plots

    plots.write(out, found.figure)
    facts = {"command": command(mode), "runs": found.runs}
    files.write_whole(out.with_suffix(".json"), (json.dumps(facts, indent=2) + "\n").encode())
    print("\n".join(found.words))
    print(f"written to {out} and {out.with_suffix('.json')}")


if __name__ == "__main__":
    main()
