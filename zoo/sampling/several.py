"""What `zoo.evaluate` writes of one run or several: their figures, ± over training seeds."""

from zoo.metrics import joint
from zoo.runs import alike, provenance
from zoo.sampling import judging


def of_runs(samplers, asked):
    """Evaluates runs that differ in their training seed alone, one after another.

    Args:
        samplers: a `RunSampler` for each, one or more.
        asked: the `judging.Asked`.

    Yields:
        (a run's sampler, what `judging.of_run` returns of it).

    Raises:
        UserError: they differ in something else; or see `judging.prepare`.
    """
    if len(samplers) > 1:
        alike.check([sampler.run for sampler in samplers])  # their `trained_steps` too
    prepared = judging.prepare(samplers[0], asked)
    for sampler in samplers:
        yield sampler, judging.of_run(sampler, prepared)


def joined(results, asked):
    """Returns what the joint file holds; of one run the figures are its own.

    Args:
        results: path of a run -> what `judging.of_run` returned of it.
        asked: the `judging.Asked`.
    """
    each = list(results.values())
    only = {group: result["figures"] for group, result in each[0].items()}
    return {
        "command": judging.command(f"--run={','.join(results)}", *asked.words()),
        "training_seeds": [next(iter(one.values()))["training_seed"] for one in each],
        "figures": only
        if len(each) == 1
        else {group: joint.joined([one[group]["figures"] for one in each]) for group in only},
        "runs": results,
        "code": provenance.code(),
    }
