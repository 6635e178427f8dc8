"""What makes a run the run that it is, and the refusal to go on with it as another.

Identity is model, data set, every setting, the examples, the preset that it began with, whether XLA
compiles the steps and, where the rate falls, the total of steps.
"""

import dataclasses
import json

from zoo.config import UserError


def training_data(path, facts):
    """Returns the `Dataset` that a run of these facts was trained on.

    Args:
        path: of the run or the preset, to name it.
        facts: what its JSON says.

    Raises:
        UserError: it is not at hand, or a folder's pictures have changed.
    """
    from zoo.config import override
    from zoo.data import load
    from zoo.data.spec import DataOptions

    data = load(facts["dataset"], override(DataOptions(), facts["data"]))
    check_examples(path, facts, data.digest())
    return data


def check(path, old, new):
    """Refuses to go on with a run as another one.

    Args:
        path: of the run, to name it.
        old, new: what its run.json says, and what is asked for.

    Raises:
        UserError: they differ; it names the first key that does.
    """
    for key in ("model", "dataset"):
        if old[key] != new[key]:
            _refuse(path, f"--{key}", old[key], new[key])
    _check_preset(path, old.get("from"), new.get("from"))
    for part, defaults in defaults_of(new["model"]).items():
        for key in sorted(old[part].keys() | new[part].keys()):
            if key not in new[part]:
                raise UserError(
                    f"{str(path)!r} was trained with --{part}.{key}={old[part][key]}, which this "
                    "zoo has no more: train another --run, or install the version in its run.json."
                )
            # A setting that came later: the run was trained with what is its default now.
            before, now = old[part].get(key, defaults[key]), new[part][key]
            if before != now:
                _refuse(path, f"--{part}.{key}", before, now)

    if old["config"].get("decay") == "linear" and old["steps"] != new["steps"]:
        raise UserError(
            f"the learning rate of {str(path)!r} falls to 0 over its {old['steps']} steps: pass "
            f"--steps={old['steps']} to resume it, or train another --run of {new['steps']}."
        )
    before, now = old.get("jit"), new["jit"]
    if None not in (before, now) and before != now:
        _refuse(path, "--jit", *({True: "on", False: "off"}[value] for value in (before, now)))
    check_examples(path, old, new["examples"])


def _check_preset(path, old, new):
    names = [begun["preset"] if begun else None for begun in (old, new)]
    if names[0] != names[1]:
        _refuse(path, "--from", *names)
    if old != new:
        raise UserError(
            f"the weights of {names[0]!r} are not those that {str(path)!r} was begun with: leave "
            "--from out to resume it, or train another --run."
        )


def check_examples(path, facts, digest):
    """Raises `UserError` unless a run of these facts was trained on the examples of a digest."""
    if facts.get("examples") != digest:
        raise UserError(
            f"the examples of {facts['dataset']!r} are not those that {str(path)!r} was trained "
            "on: put them back, or train another --run."
        )


def defaults_of(model):
    """Returns part of the identity -> key -> the model's default, as JSON has it; imports the
    model, and with it TensorFlow."""
    from zoo import registry

    parts = registry.defaults(model).items()
    return json.loads(json.dumps({part: dataclasses.asdict(value) for part, value in parts}))


def _refuse(path, key, old, new):
    raise UserError(
        f"{str(path)!r} was trained with {key}={old} and not {new}: pass the old value to resume "
        "it, or another --run."
    )
