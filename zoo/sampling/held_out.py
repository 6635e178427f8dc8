"""Figures of held-out pictures: the exact likelihood of a model, or a bound of it."""

from zoo.metrics import figures, joint, likelihood

BOUNDS = (1, 50)  # samples of z; 5,000, as in 1509.00519, take minutes to hours
NOISE_SEED = 0  # of these samples


def of(sampler, data, split, names, k=BOUNDS):
    """Returns -log p(x) of all pictures of a split, with its standard error over them.

    Args:
        sampler: the `RunSampler`.
        data: its `Dataset`.
        split: name of the split.
        names: which of `figures.LIKELIHOOD`, or `figures.BOUND`.
        k: of the bound, how many samples of z, several after one another.

    Returns:
        A dict of `of`, what the figures are of, in words, and `figures`, name -> a dict of `mean`,
        `standard_error` and what independent pixels get, as JSON has it.
    """
    from zoo.training.callbacks import DelayedProgressBar

    test, given, _ = data.examples(split)
    alone = {}
    whole = data.spec.condition != "quadrants"  # or the likelihood is of the hidden pixels alone
    if whole and (data.spec.levels == 2 or figures.BOUND[0] not in names):
        flat = likelihood.independent(data.examples("train")[0], test, data.spec.levels)
        alone = likelihood.summary(flat, data.spec)
    if figures.BOUND[0] in names:
        return _bounds(sampler.model, test, given, k, alone)
    nats = -sampler.log_prob(test, DelayedProgressBar("picture"))
    found = likelihood.summary(nats, data.spec)
    return {
        "of": sampler.model.likelihood_of,
        "figures": {name: _figure(*found[name], alone[name][0]) for name in names},
    }


def _bounds(model, images, given, k, alone):
    from zoo.training.callbacks import DelayedProgressBar
    from zoo.variational import bound

    done, total = 0, sum(k) * len(images)
    bar, found = DelayedProgressBar("sample"), {}
    for count in k:
        nats = -bound.of_pictures(
            model,
            images,
            count,
            NOISE_SEED,
            lambda pictures, _, done=done, count=count: bar(done + pictures * count, total),
            given,
        )
        done += count * len(images)
        mean, error = likelihood.mean_and_error(nats)
        found[f"bound_{count}"] = _figure(mean, error, alone.get("nll", (None,))[0])
    return {
        "of": f"{_what(model.data_spec)}, at most: its importance-weighted bound by k samples of z",
        "noise_seed": NOISE_SEED,
        "figures": found,
    }


def _what(spec):
    if spec.condition == "quadrants":
        return "the hidden pixels given the others"
    return "the picture" + ("" if spec.condition == "none" else f" given its {spec.condition}")


def _figure(mean, error, alone):
    found = {"mean": mean, "standard_error": error, "over": joint.PICTURES}
    return found | ({} if alone is None else {"independent_pixels": alone})
