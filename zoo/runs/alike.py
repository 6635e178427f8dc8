"""Whether runs are one training with several seeds, so that a spread over them means something."""

import dataclasses

from zoo.config import UserError
from zoo.data.spec import DataOptions
from zoo.runs import identity

FREE = ("config.seed", "stretches")  # the seed itself, and which code trained when


def check(runs):
    """Checks that runs differ in their training seeds, and in nothing else.

    Args:
        runs: `Run`s, one or more.

    Raises:
        UserError: two have one seed, or another key differs.
    """
    first, facts, seeds = runs[0], _facts(runs[0]), {}
    for run in runs:
        other = _facts(run)
        for key in ("model", *sorted(facts.keys() | other.keys())):
            if facts.get(key) != other.get(key):
                refuse(first.path, run.path, key, facts.get(key), other.get(key))
        seed = run.facts["config"]["seed"]
        if seed in seeds:
            raise UserError(
                f"{str(seeds[seed])!r} and {str(run.path)!r} were both trained with seed {seed}, "
                "and a spread over training seeds needs different ones: leave one out."
            )
        seeds[seed] = run.path


def refuse(path, other_path, key, value, other):
    """Raises the `UserError` that two runs differ in `key`."""
    raise UserError(
        f"{str(path)!r} has {key}={value} and {str(other_path)!r} has {key}={other}: runs that are "
        "evaluated together may differ in their seed alone."
    )


def _facts(run):
    """What `run.json` says, with the defaults of options that are newer than the run."""
    options = dataclasses.asdict(DataOptions()) | run.facts["data"]
    spec = {"visible": 0, "symbols": ""} | run.facts["data_spec"]
    config = identity.defaults_of(run.facts["model"])["config"] | run.facts["config"]
    return _flat(run.facts | {"data": options, "data_spec": spec, "config": config})


def _flat(facts, prefix=""):
    """Key -> value, with the keys of dicts joined by dots; without those that are `FREE`."""
    found = {}
    for key, value in facts.items():
        name = f"{prefix}{key}"
        if name in FREE:
            continue
        found |= _flat(value, f"{name}.") if isinstance(value, dict) else {name: value}
    return found
