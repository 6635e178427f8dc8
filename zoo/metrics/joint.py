"""One table of several runs that differ in their training seed."""

import statistics

TRAINING, SAMPLING, PICTURES = "training seeds", "sampling seeds", "pictures"  # what ± is over


def joined(results):
    """Returns name -> figure of several runs: its mean over them, and `sd` over training seeds.

    `sd` is the standard deviation of the runs' means.  `each` has these means, in the runs' order,
    and `by_class` is the mean of theirs.  The data's own figure and the counts are kept where they
    are those of every run.

    Args:
        results: of each run name -> figure, a dict of `mean` and more; two runs or more.
    """
    first = results[0]
    return {name: _joined([one[name] for one in results]) for name in first}


def _joined(figures):
    means = [one["mean"] for one in figures]
    shared = {
        key: value
        for key, value in figures[0].items()
        if key in ("real", "independent_pixels", "counts")
        and all(one.get(key) == value for one in figures)
    }
    if "by_class" in figures[0]:
        shared["by_class"] = {
            name: statistics.fmean(one["by_class"][name] for one in figures)
            for name in figures[0]["by_class"]
        }
    return {
        "mean": statistics.fmean(means),
        "sd": statistics.stdev(means),
        "over": TRAINING,
        "each": means,
        **shared,
    }
