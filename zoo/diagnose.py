"""Draws the figures of the papers from trained runs.

    python -m zoo.diagnose --run=runs/clip_0.1,runs/clip_0.01,runs/penalty --out=clipping.png
    python -m zoo.diagnose --run=runs/pixelcnn,runs/row_lstm --out=receptive_field.png
    python -m zoo.diagnose --run=dcgan_mnist --nearest --out=nearest.png

For each run of `wgan` or `wgan_gp`: the norm of the gradient of E[f(real)] - E[f(fake)] at every
layer of the critic, a histogram of the critic's weights and, with clipping, the share of weights
within 5 % of ±c; on points in the plane also the critic's contours (1704.00028, Figure 1).

For each run of a PixelRNN: the pixels that the center pixel depends on, through one layer and
through the whole network, by the size of the gradient (1601.06759, Figures 2 and 4).

With --nearest, for runs and presets of any model of pictures: samples, below each the training
pictures that are nearest in pixels and in a classifier's features, and how far these are beside
those of held-out pictures: does the model copy?  See docs/evaluation.md.

The numbers go to a .json of the same name.
"""

import json
import pathlib

from absl import flags

from zoo import cli, files
from zoo.config import HIGHEST, LOWEST, UserError
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
EXAMPLES = 1000  # held-out examples for a critic's gradients
PICTURES = 64  # held-out pictures over which a context is averaged
NEAR = 0.95  # a weight is near ±c from here on, in units of c


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_list(
        "run", None, "run directories, all of wgan and wgan_gp or all of PixelRNNs; with --nearest "
        "also presets",
    )  # fmt: skip
    flags.DEFINE_bool("nearest", False, "compare samples to their nearest training pictures")
    flags.DEFINE_integer("num", 1000, "with --nearest: how many samples", 1, HIGHEST)
    flags.DEFINE_integer("seed", 0, "with --nearest: of the samples", LOWEST, HIGHEST)
    flags.DEFINE_string(
        "out", None, "the .png to write; the numbers go to a .json of the same name"
    )


def critic(sampler):
    """Returns (facts of one run, its critic's weights [N], the sheet of its samples).

    The facts: what run it is, the gradient's norm by layer, the share of weights near ±c.
    """
    import numpy as np
    import tensorflow as tf

    from zoo.viz import sheet

    model, facts = sampler.model, sampler.run.facts
    data = sampler.run.data()
    batch = next(iter(data.evaluation(facts["held_out"]["split"], EXAMPLES)))
    norms, histograms = model.diagnose(model.batch(batch))
    weights = histograms["critic_weights"].numpy()
    clip = facts["config"].get("clip")
    found = _which(sampler) | {
        "clip": clip,
        "penalty": facts["config"].get("penalty"),
        "examples": int(tf.reduce_sum(batch["weight"])),
        "gradient_norm_by_layer": [float(norm) for norm in norms.values()],
        "weights": len(weights),
        "share_near_clip": clip and float((np.abs(weights) >= NEAR * clip).mean()),
    }
    return found, weights, sheet.Draw(model, data, sampler.given)()


def context(sampler):
    """Returns (facts of one run, name -> the size of the gradient [H, W]).

    The facts: what run it is, and of each context how many pixels are in it.
    """
    from zoo.autoregressive import receptive_field

    model, data = sampler.model, sampler.run.data()
    x = next(iter(data.evaluation(sampler.run.facts["held_out"]["split"], PICTURES)))["x"]
    sizes = {
        "one layer": receptive_field.of_layer(model, x.shape[1:3]).numpy(),
        "whole network": receptive_field.of_network(model, x).numpy(),
    }
    counts = {f"pixels in the context of {k}": int((v > 0).sum()) for k, v in sizes.items()}
    return _which(sampler) | counts, sizes


def _which(sampler):
    facts = sampler.run.facts
    return {
        "run": str(sampler.run.path),
        "model": facts["model"],
        "dataset": facts["dataset"],
        "seed": facts["config"]["seed"],
        "step": int(sampler.model.step.numpy()),
    }


def _in_words(facts):
    if "gradient_norm_by_layer" not in facts:
        return "; ".join(f"{facts[key]} {key}" for key in facts if key.startswith("pixels"))
    norms, share = facts["gradient_norm_by_layer"], ""
    if facts["share_near_clip"] is not None:
        share = f"; {facts['share_near_clip']:.1%} of weights near ±{facts['clip']}"
    ends = f"{norms[0]:.2e} at layer 1, {norms[-1]:.2e} at {len(norms)}" if norms else "none"
    return f"gradient norm {ends}{share}"


def nearest_pictures(out):
    """Draws the figure of --nearest and writes its numbers."""
    from zoo.sampling.sampler import find

    places = [find(path, with_model=True) for path in FLAGS.run]
    start_tensorflow(exact=True)
    from zoo.sampling import memory
    from zoo.viz import plots

    found = [
        memory.of(kind(path), name, FLAGS.num, FLAGS.seed)
        for name, (kind, path) in zip(FLAGS.run, places, strict=True)
    ]
    plots.write(out, plots.nearest(found, memory.COLUMNS))
    words = f"--nearest --num={FLAGS.num} --seed={FLAGS.seed}"
    _write_facts(out, [one.facts for one in found], words)
    for one in found:
        print(f"{one.facts['run']}: {memory.in_words(one.facts)}")


def _write_facts(out, runs, *words):
    line = " ".join(["python -m zoo.diagnose", f"--run={','.join(FLAGS.run)}", *words])
    facts = {"command": f"{line} --out={out}", "runs": runs}
    files.write_whole(out.with_suffix(".json"), (json.dumps(facts, indent=2) + "\n").encode())


@cli.command(define_flags)
def main():
    """Diagnoses every run, writes the figure and the numbers."""
    if not FLAGS.run or FLAGS.out is None or not FLAGS.out.lower().endswith(".png"):
        raise UserError("say what to draw: python -m zoo.diagnose --run=runs/a,runs/b --out=x.png.")
    out = pathlib.Path(FLAGS.out)
    for path in (out, out.with_suffix(".json")):
        files.check_out(path)
    if FLAGS.nearest:
        nearest_pictures(out)
        print(f"written to {out} and {out.with_suffix('.json')}")
        return
    for name in ("num", "seed"):
        if FLAGS[name].present:
            raise UserError(f"--{name} has a meaning with --nearest alone: leave it out.")
    from zoo.runs.directory import Run

    for path in FLAGS.run:
        Run.read(path)
    start_tensorflow(exact=True)
    from zoo.sampling.sampler import RunSampler
    from zoo.viz import plots

    samplers = [RunSampler(path) for path in FLAGS.run]
    pixelwise = samplers[0].pixelwise
    for sampler in samplers:
        if sampler.pixelwise != pixelwise or not (pixelwise or hasattr(sampler.model, "critic")):
            raise UserError(
                f"{str(sampler.run.path)!r} is a run of {sampler.run.facts['model']}, which has no "
                f"{'context' if pixelwise else 'critic'} to diagnose."
            )
    found = [(context if pixelwise else critic)(sampler) for sampler in samplers]
    plots.write(out, (plots.contexts if pixelwise else plots.critics)(found))
    _write_facts(out, [one for one, *_ in found])
    for one, *_ in found:
        print(f"{one['run']}: {_in_words(one)}")
    print(f"written to {out} and {out.with_suffix('.json')}")


if __name__ == "__main__":
    main()
