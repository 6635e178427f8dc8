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


def which(sampler, name):
    """Returns which run a sampler is of, loaded by a path or a preset's name, as JSON has it."""
    facts = sampler.run.facts
    return {
        "run": str(name),
        "model": facts["model"],
        "dataset": facts["dataset"],
        "seed": facts["config"]["seed"],
        "step": int(sampler.model.step.numpy()),
    }
