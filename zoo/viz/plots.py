"""Plots: a run's curves, points in the plane, and a critic's weights and gradients."""

import io
import math

import numpy as np

from zoo.files import write_whole
from zoo.viz import grid

GRAY, ORANGE = "0.6", "#e8590c"


def figure(width, height):
    """Returns a matplotlib figure of `width` x `height` inches, drawn without a window."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    made = Figure(figsize=(width, height), dpi=110)
    FigureCanvasAgg(made)
    return made


def write(path, made):
    """Writes a figure as a PNG."""
    buffer = io.BytesIO()
    made.savefig(buffer)
    write_whole(path, buffer.getvalue())


def pixels(made):
    """Returns a figure as uint8 [h, w, 3]."""
    made.canvas.draw()
    return np.asarray(made.canvas.buffer_rgba())[..., :3].copy()


def points(fake, real=None, surface=None):
    """Scatters generated points [N, 2] over real ones [M, 2] and the contours of a critic.

    Args:
        fake: what a model drew.
        real: held-out points, or None.
        surface: (x [n], y [n], values [n, n]) of the critic, or None.

    Returns:
        uint8 [h, w, 3].
    """
    made = figure(6, 6)
    axes = made.add_axes((0, 0, 1, 1))
    axes.axis("off")
    if surface is not None and np.ptp(surface[2]):
        axes.contourf(*surface, levels=24, cmap="Blues", alpha=0.35)
        axes.contour(*surface, levels=24, colors="0.75", linewidths=0.5)
    if real is not None:
        axes.scatter(*real.T, s=6, c=GRAY, linewidths=0, label="real")
    axes.scatter(*fake.T, s=6, c=ORANGE, linewidths=0, label="generated")
    side = 1.3 * np.abs(fake if real is None else real).max()
    axes.set(xlim=(-side, side), ylim=(-side, side), aspect="equal")
    if real is not None:
        axes.legend(loc="upper right", markerscale=3, framealpha=0.8)
    return pixels(made)


def critics(found):
    """Draws WGAN-GP's Figure 1 of several runs: gradient norms by layer; and for each run its
    samples, over the critic's contours on the plane, above the histogram of its critic's weights.

    Args:
        found: a list of (facts, weights [N], sheet uint8 [h, w, 3]), see `zoo.diagnose`.

    Returns:
        A matplotlib figure.
    """
    from matplotlib import colormaps

    colors = colormaps["viridis"](np.linspace(0, 0.85, len(found)))
    made = figure(5 + 3.2 * len(found), 6)
    cells = made.add_gridspec(2, 1 + len(found), width_ratios=[1.5] + [1] * len(found))
    norms = made.add_subplot(cells[:, 0])
    for place, (facts, weights, sheet) in enumerate(found):
        title = f"clip {facts['clip']:g}" if facts["clip"] else f"penalty {facts['penalty']:g}"
        layers = np.arange(1, len(facts["gradient_norm_by_layer"]) + 1)
        norms.plot(layers, facts["gradient_norm_by_layer"], "o-", color=colors[place], label=title)
        above = made.add_subplot(cells[0, place + 1])
        above.imshow(sheet)
        above.axis("off")
        above.set_title(title)
        below = made.add_subplot(cells[1, place + 1])
        below.hist(weights, bins=80, color=colors[place])
        below.set_yticks([])
        below.set_xlabel("critic's weights")
        below.spines[["top", "right", "left"]].set_visible(False)
    norms.set_yscale("log")
    norms.set_xlabel("layer of the critic")
    norms.set_title("norm of the gradient at the layer's output")
    norms.legend(frameon=False)
    norms.spines[["top", "right"]].set_visible(False)
    made.tight_layout()
    return made


def contexts(found):
    """Draws what the center pixel depends on: white is no gradient, dark is a large one.

    Args:
        found: a list of (facts, name -> sizes float [H, W]), see `zoo.diagnose`.

    Returns:
        A matplotlib figure: a column a run, a row a context.
    """
    names = list(found[0][1])
    made = figure(2.6 * len(found), 2.9 * len(names))
    cells = made.subplots(len(names), len(found), squeeze=False)
    for column, (facts, sizes) in enumerate(found):
        for row, name in enumerate(names):
            axes, size = cells[row, column], sizes[name]
            height, width = size.shape
            shades = np.log10(np.where(size > 0, size, np.nan))
            axes.imshow(shades, cmap="Blues", vmin=np.nanmax(shades) - 6)
            axes.plot(width // 2, height // 2, "s", color=ORANGE, markersize=90 / width)
            axes.set(xticks=[], yticks=[])
            if row == 0:
                axes.set_title(facts["model"])
            if column == 0:
                axes.set_ylabel(name)
    made.tight_layout()
    return made


def nearest(found, columns):
    """Draws samples above their nearest training pictures, and how far these are.

    Args:
        found: a list of `zoo.diagnosing.nearest.Found`.
        columns: of their sheets.

    Returns:
        A matplotlib figure: a row a run; the distances of samples over those of held-out pictures.
    """
    spaces = max((list(one.distances) for one in found), key=len)  # without labels pixels alone
    made = figure(6 * 2 + 3.4 * len(spaces), 4.3 * len(found))
    made.set_layout_engine("constrained")
    layout = made.add_gridspec(len(found), 2 + len(spaces), width_ratios=[2, 2] + [1] * len(spaces))
    for row, one in enumerate(found):
        below = [*one.distances]
        titles = (
            f"samples of {one.facts['model']}, and below each the nearest in "
            f"{' and in '.join(below)}",
            f"the samples that are nearest in {below[-1]}",
        )
        for column, (title, x) in enumerate(zip(titles, one.sheets, strict=True)):
            axes = made.add_subplot(layout[row, column])
            axes.imshow(grid.grid(x, columns, 1 + len(below)), interpolation="nearest")
            axes.axis("off")
            axes.set_title(title, fontsize=9)
        for column, (space, (drawn, held_out)) in enumerate(one.distances.items(), start=2):
            axes = made.add_subplot(layout[row, column])
            edges = np.linspace(0, max(drawn.max(), held_out.max()), 40)
            axes.hist(held_out, edges, color=GRAY, label="held-out pictures", density=True)
            axes.hist(
                drawn, edges, color=ORANGE, label="samples", density=True, histtype="step",
                linewidth=1.5,
            )  # fmt: skip
            axes.set_yticks([])
            axes.set_xlabel(f"distance in {space}")
            axes.spines[["top", "right", "left"]].set_visible(False)
            axes.legend(frameon=False, fontsize=8)
    return made


def write_curves(path, lines):
    """Plots every metric against the step: raw, its running median, and the same metric on held-out
    data; metrics ``group/1``, ``group/2``, … share one plot.

    Args:
        path: of the picture.
        lines: the content of a `metrics.jsonl`, a dict for each line.
    """
    names = list(dict.fromkeys(key for line in lines for key in line))
    names = [n for n in names if n not in ("step", "time") and not n.startswith("val_")]
    groups = {}
    for name in names:
        groups.setdefault(name.split("/")[0], []).append(name)
    if not groups:
        return
    rows = math.ceil(len(groups) / 2)
    made = figure(10, 3 * rows)
    for place, (title, members) in enumerate(groups.items(), start=1):
        axis = made.add_subplot(rows, 2, place)
        (_one if members == [title] else _several)(axis, lines, members)
        axis.set_title(title)
        axis.set_xlabel("step")
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    made.tight_layout()
    write(path, made)


def _one(axis, lines, members):
    (name,) = members
    steps, values = _series(lines, name)
    axis.plot(steps, values, color="0.8", linewidth=0.7)
    thin = math.ceil(len(steps) / 2000) or 1
    axis.plot(
        steps[::thin], _running_median(values[::thin]), color="C0", label="training, running median"
    )
    steps, values = _series(lines, "val_" + name)
    if len(steps):
        axis.plot(steps, values, "o-", color="C1", markersize=3, label="held out")


def _several(axis, lines, members):
    from matplotlib import colormaps

    colors = colormaps["viridis"](np.linspace(0, 0.9, len(members)))
    for color, name in zip(colors, members, strict=True):
        steps, values = _series(lines, name)
        label = name.split("/")[1] if name in (members[0], members[-1]) else None
        axis.plot(steps, values, color=color, linewidth=1, label=label)
    axis.set_yscale("log")


def _series(lines, name):
    pairs = [(line["step"], line[name]) for line in lines if name in line]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


def _running_median(values, share=0.02):
    half = max(1, int(len(values) * share / 2))
    return [np.median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
