"""Critics: gradients by layer, weights, contours (Gulrajani et al. 2017, 1704.00028, Figure 1)."""

import numpy as np
import tensorflow as tf

from zoo.diagnosing.diagnosis import Diagnosis, which
from zoo.viz import plots, sheet

EXAMPLES = 1000  # held-out examples for the gradients
NEAR = 0.95  # a weight is near ±c from here on, in units of c


def diagnosed(samplers):
    """Returns the `Diagnosis` of runs of `wgan` and `wgan_gp`."""
    found = [of(sampler) for sampler in samplers]
    facts = [one for one, *_ in found]
    return Diagnosis(plots.critics(found), facts, [f"{one['run']}: {_said(one)}" for one in facts])


def of(sampler):
    """Returns (facts of one run, its critic's weights [N], the sheet of its samples).

    The facts: what run it is, the gradient's norm by layer, the share of weights near ±c.
    """
    model, facts = sampler.model, sampler.run.facts
    data = sampler.run.data()
    batch = next(iter(data.evaluation(facts["held_out"]["split"], EXAMPLES)))
    norms, histograms = model.diagnose(model.batch(batch))
    weights = histograms["critic_weights"].numpy()
    clip = facts["config"].get("clip")
    found = which(sampler, sampler.run.path) | {
        "clip": clip,
        "penalty": facts["config"].get("penalty"),
        "examples": int(tf.reduce_sum(batch["weight"])),
        "gradient_norm_by_layer": [float(norm) for norm in norms.values()],
        "weights": len(weights),
        "share_near_clip": clip and float((np.abs(weights) >= NEAR * clip).mean()),
    }
    return found, weights, sheet.Draw(model, data, sampler.given)()


def _said(facts):
    norms, share = facts["gradient_norm_by_layer"], ""
    if facts["share_near_clip"] is not None:
        share = f"; {facts['share_near_clip']:.1%} of weights near ±{facts['clip']}"
    ends = f"{norms[0]:.2e} at layer 1, {norms[-1]:.2e} at {len(norms)}" if norms else "none"
    return f"gradient norm {ends}{share}"
