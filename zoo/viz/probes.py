"""Figures of what is inside one model: features, filters, latents, likelihoods."""

import numpy as np

from zoo.viz import grid
from zoo.viz.plots import GRAY, ORANGE, figure


def accuracies(found):
    """Draws the accuracy on several features: a line the mean, a point a draw of the labels.

    Args:
        found: a list of `zoo.diagnosing.features.Found`.

    Returns:
        A matplotlib figure: a plot for each run.
    """
    made = figure(5.2 * len(found), 2.6)
    made.set_layout_engine("constrained")
    for axes, one in zip(made.subplots(1, len(found), squeeze=False)[0], found, strict=True):
        names, values = list(one.accuracies), list(one.accuracies.values())
        for place, points in enumerate(values):
            mean, color = 100 * points.mean(), GRAY if place else ORANGE
            axes.plot(mean, place, "|", color=color, markersize=26, markeredgewidth=3)
            axes.plot(100 * points, [place] * len(points), "k.", markersize=4)
        axes.set_yticks(range(len(names)), names)
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.margins(x=0.1)
        axes.set_xlabel(f"% right, linear SVM on {one.facts['labels']} labels")
        axes.set_title(one.facts["run"])
        axes.spines[["top", "right"]].set_visible(False)
    return made


def sheets(found, columns, group=1):
    """Draws sheets of pictures beside one another.

    Args:
        found: a list of rows, each a list of (title, pictures float [N, H, W, C] in [0, 1]).
        columns: of each sheet.
        group: so many rows of a sheet belong together.

    Returns:
        A matplotlib figure.
    """
    drawn = [[(title, grid.grid(x, columns, group)) for title, x in row] for row in found]
    height = sum(max(x.shape[0] / x.shape[1] for _, x in row) for row in drawn)
    made = figure(5 * len(drawn[0]), 5 * height + 0.4 * len(drawn))
    made.set_layout_engine("constrained")
    cells = made.subplots(len(drawn), len(drawn[0]), squeeze=False)
    for axes, (title, x) in zip(cells.ravel(), (one for row in drawn for one in row), strict=True):
        axes.imshow(x, interpolation="nearest")
        axes.axis("off")
        axes.set_title(title, fontsize=9)
    return made


def signed(x):
    """Returns gradients [N, H, W, C] as pictures: gray is 0, the largest of each is black or
    white."""
    most = np.abs(x).max(axis=(1, 2, 3), keepdims=True)
    return 0.5 + 0.5 * x / np.where(most > 0, most, 1)


def manifolds(found, side):
    """Draws what a latent of two numbers draws, and beside it where held-out pictures lie.

    Args:
        found: a list of `zoo.diagnosing.manifold.Found`.
        side: pictures a side.

    Returns:
        A matplotlib figure: a row for each run.
    """
    from matplotlib import colormaps

    made = figure(13.6, 6.6 * len(found))
    made.set_layout_engine("constrained")
    cells = made.subplots(len(found), 2, squeeze=False)
    for (drawn, codes), one in zip(cells, found, strict=True):
        drawn.imshow(grid.grid(one.pictures, side), extent=(0, 1, 0, 1), interpolation="nearest")
        drawn.set_title(one.facts["run"], fontsize=9)
        for axes in (drawn, codes):
            axes.set(xlabel="Φ(z₁)", ylabel="Φ(z₂)", xlim=(0, 1), ylim=(0, 1), aspect="equal")
        if one.codes is None:
            codes.axis("off")
            continue
        for label in np.unique(one.labels):
            color = colormaps["tab10"](label % 10)
            of_class = one.codes[one.labels == label]
            codes.scatter(*of_class.T, s=7, color=color, linewidths=0, label=str(label))
        codes.set_title("means of q(z|x) of held-out pictures", fontsize=9)
        if len(np.unique(one.labels)) > 1:
            codes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1, 0.5))
    return made


def likelihood_maps(found):
    """Draws pictures, and below each what each of its pixels adds to -log p.

    Args:
        found: a list of `zoo.diagnosing.likelihood_map.Found`.

    Returns:
        A matplotlib figure: two rows a run, all on one scale of nats; the mean map last.
    """
    columns = 1 + max(len(one.maps) for one in found)
    made = figure(1.25 * columns + 0.7, 2.9 * len(found))
    made.set_layout_engine("constrained")
    cells = made.subplots(2 * len(found), columns, squeeze=False)
    for axes in cells.ravel():
        axes.axis("off")
    most = max(float(one.maps.max()) for one in found)
    heat = {"cmap": "magma", "vmin": 0, "vmax": most, "interpolation": "nearest"}
    for row, one in enumerate(found):
        above, below = cells[2 * row], cells[2 * row + 1]
        for place, (x, nats) in enumerate(zip(one.pictures, one.maps, strict=True)):
            above[place].imshow(grid.colored(x[None])[0], interpolation="nearest")
            shown = below[place].imshow(nats, **heat)
            below[place].set_title(f"{nats.sum():.1f} nats", fontsize=8)
        below[-1].imshow(one.mean, **heat)
        below[-1].set_title(f"mean: {one.mean.sum():.1f}", fontsize=8)
        above[0].set_title(one.facts["run"], fontsize=9, loc="left")
    made.colorbar(shown, ax=cells, label="nats a pixel", shrink=0.5)
    return made
