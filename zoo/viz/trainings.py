"""Trainings side by side: a figure by step and by second, and beside a loss; distances."""

import numpy as np

from zoo.viz.plots import GRAY, ORANGE, figure


def curves(found, names, correlations):
    """Draws a figure over several trainings.

    Args:
        found: a list of `zoo.diagnosing.curves.Curve`.
        names: what each is called.
        correlations: the rank correlation of each, in words.

    Returns:
        A matplotlib figure: by step, by second and, where the curves have it, beside the other
        metric, step by step, with the rank correlation in the legend.
    """
    from matplotlib import colormaps

    beside = found[0].other is not None
    made = figure(4.6 * (3 if beside else 2), 3.6)
    made.set_layout_engine("constrained")
    axes = made.subplots(1, 3 if beside else 2, squeeze=False)[0]
    colors = colormaps["viridis"](np.linspace(0, 0.85, len(found)))
    positive = all((one.values > 0).all() for one in found)
    for color, one, name, told in zip(colors, found, names, correlations, strict=True):
        for axis, x in zip(axes, (one.steps, one.seconds), strict=False):
            axis.plot(x, one.values, "o-", color=color, markersize=2.5, linewidth=1, label=name)
        if beside:
            label = f"{name}: rank correlation {told}"
            axes[2].plot(one.other, one.values, "o", color=color, markersize=3, label=label)
    labels = ("step", "seconds of training", found[0].facts.get("beside"))
    for axis, label in zip(axes, labels, strict=False):
        axis.set_xlabel(label)
        axis.set_yscale("log" if positive else "linear")
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel(found[0].facts["figure"])
    axes[0].legend(frameon=False, fontsize=8)
    if beside:
        axes[2].legend(frameon=False, fontsize=8)
        if all((one.other > 0).all() for one in found):
            axes[2].set_xscale("log")  # estimates of several critics differ by orders of magnitude
        else:
            axes[2].locator_params(axis="x", nbins=5)  # small numbers have long labels
    return made


def distances(offsets, found):
    """Draws distances of two lines over the offset between them.

    Args:
        offsets: float [N].
        found: name -> ``"exact"`` and ``"trained"``, float [N] each.

    Returns:
        A matplotlib figure: a plot for each name.
    """
    made = figure(4.6 * len(found), 3.6)
    made.set_layout_engine("constrained")
    for axes, (name, both) in zip(made.subplots(1, len(found)), found.items(), strict=True):
        # Points alone: one of the distances jumps.
        axes.plot(offsets, both["exact"], "s", color=GRAY, label="exact", markersize=8)
        axes.plot(offsets, both["trained"], "o", color=ORANGE, markersize=4, label="trained")
        axes.set_xlabel("offset between the lines")
        axes.locator_params(axis="x", nbins=5)
        axes.set_ylabel(name)
        axes.set_ylim(bottom=-0.05)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8)
    return made
