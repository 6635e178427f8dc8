"""What a pixel depends on in a PixelRNN (van den Oord et al. 2016, 1601.06759, Figures 2, 4)."""

from zoo.autoregressive import receptive_field
from zoo.diagnosing.diagnosis import Diagnosis, which
from zoo.viz import plots

PICTURES = 64  # held-out pictures over which a context is averaged


def diagnosed(samplers):
    """Returns the `Diagnosis` of runs of PixelRNNs."""
    found = [of(sampler) for sampler in samplers]
    facts = [one for one, _ in found]
    return Diagnosis(plots.contexts(found), facts, [f"{one['run']}: {_said(one)}" for one in facts])


def of(sampler):
    """Returns (facts of one run, name -> the size of the gradient [H, W]).

    The facts: what run it is, and of each context how many pixels are in it.
    """
    model, data = sampler.model, sampler.run.data()
    x = next(iter(data.evaluation(sampler.run.facts["held_out"]["split"], PICTURES)))["x"]
    sizes = {
        "one layer": receptive_field.of_layer(model, x.shape[1:3]).numpy(),
        "whole network": receptive_field.of_network(model, x).numpy(),
    }
    counts = {f"pixels in the context of {k}": int((v > 0).sum()) for k, v in sizes.items()}
    return which(sampler, sampler.run.path) | counts, sizes


def _said(facts):
    return "; ".join(f"{facts[key]} {key}" for key in facts if key.startswith("pixels"))
