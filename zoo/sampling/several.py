"""What `zoo.evaluate` writes of several runs: their figures, ± over training seeds."""

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
    """Returns what the joint file holds.

    Args:
        results: path of a run -> what `judging.of_run` returned of it.
        asked: the `judging.Asked`.
    """
    each = list(results.values())
    return {
        "command": judging.command(f"--run={','.join(results)}", *asked.words()),
        "training_seeds": [next(iter(one.values()))["training_seed"] for one in each],
        "figures": {
            group: joint.joined([one[group]["figures"] for one in each]) for group in each[0]
        },
        "runs": results,
        "code": provenance.code(),
    }
