"""What each mode of `zoo.diagnose` returns."""

import typing


class Diagnosis(typing.NamedTuple):
    """A figure and its numbers.

    Attributes:
        figure: of matplotlib.
        runs: the facts of each run, dicts as JSON has them.
        words: lines that say the same.
    """

    figure: object
    runs: list
    words: list


def which(sampler):
    """Returns which run a sampler is of, as JSON has it."""
    facts = sampler.run.facts
    return {
        "run": str(sampler.run.path),
        "model": facts["model"],
        "dataset": facts["dataset"],
        "seed": facts["config"]["seed"],
        "step": int(sampler.model.step.numpy()),
    }
