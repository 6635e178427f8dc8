"""Draws a paper's own figure of trained runs: clipping against penalty, WGAN-GP's Figure 1.

    python -m zoo.diagnose --run=runs/clip_0.1,runs/clip_0.01,runs/penalty --out=clipping.png

For each run of `wgan` or `wgan_gp`: how large the gradient of E[f(real)] - E[f(fake)] is at every
layer of the critic, a histogram of the critic's weights, and the share of them within 5 % of ±c
where they are clipped; on data in the plane also the critic's contours.  The numbers go to a .json
of the same name.
"""

import json
import pathlib

from absl import flags

from zoo import cli
from zoo.config import UserError

FLAGS = flags.FLAGS
flags.DEFINE_list("run", None, "run directories of wgan or wgan_gp")
flags.DEFINE_string("out", None, "the .png to write; the numbers stand beside it as .json")

EXAMPLES = 1000  # held-out examples that the gradients are of
NEAR = 0.95  # a weight is near ±c from here on, in units of c


def diagnose(path):
    """Returns (facts of one run, its critic's weights [N], the sheet of its samples).

    The facts: the command's words on the run, the gradient's norm by layer, the share near ±c.
    """
    import numpy as np
    import tensorflow as tf

    from zoo import sheets
    from zoo.sampling import RunSampler

    sampler = RunSampler(path)
    model, facts = sampler.model, sampler.run.facts
    data = sampler.run.data()
    batch = next(iter(data.evaluation(facts["held_out"]["split"], EXAMPLES)))
    norms, histograms = model.diagnose(model.batch(batch))
    if "critic_weights" not in histograms:
        raise UserError(f"{path!r} is a run of {facts['model']}, which has no critic to diagnose.")
    weights = histograms["critic_weights"].numpy()
    clip = facts["config"].get("clip")
    found = {
        "run": path,
        "model": facts["model"],
        "dataset": facts["dataset"],
        "seed": facts["config"]["seed"],
        "step": int(model.step.numpy()),
        "clip": clip,
        "penalty": facts["config"].get("penalty"),
        "examples": int(tf.reduce_sum(batch["weight"])),
        "gradient_norm_by_layer": [float(norm) for norm in norms.values()],
        "weights": len(weights),
        "share_near_clip": clip and float((np.abs(weights) >= NEAR * clip).mean()),
    }
    return found, weights, sheets.Draw(model, data, sampler.given)()


def main():
    """Diagnoses every run, writes the figure and the numbers."""
    from zoo import pictures, plots

    if not FLAGS.run or FLAGS.out is None or not FLAGS.out.endswith(".png"):
        raise UserError("say what to draw: python -m zoo.diagnose --run=runs/a,runs/b --out=x.png.")
    out = pathlib.Path(FLAGS.out)
    if not out.parent.is_dir():
        raise UserError(f"--out={out}: there is no folder {str(out.parent)!r}.")
    cli.start_tensorflow()
    found = [diagnose(path) for path in FLAGS.run]
    plots.write(out, plots.critics(found))
    facts = {
        "command": f"python -m zoo.diagnose --run={','.join(FLAGS.run)} --out={out}",
        "runs": [one for one, _, _ in found],
    }
    pictures.write_whole(out.with_suffix(".json"), (json.dumps(facts, indent=2) + "\n").encode())
    for one in facts["runs"]:
        norms, share = one["gradient_norm_by_layer"], ""
        if one["share_near_clip"] is not None:
            share = f"; {one['share_near_clip']:.1%} of weights near ±{one['clip']}"
        ends = f"{norms[0]:.2e} at layer 1, {norms[-1]:.2e} at {len(norms)}" if norms else "none"
        print(f"{one['run']}: gradient norm {ends}{share}")
    print(f"written to {out} and {out.with_suffix('.json')}")


if __name__ == "__main__":
    cli.run(main)
