"""How a model was made, in words: what the card of an export and the page of a preset share.

`run` is a `Run`, or the `Preset` that keeps what was recorded of one.
"""

from zoo import recipes, registry
from zoo.config import override

LICENSES = {
    "digits": "UCI Optical Recognition of Handwritten Digits, CC BY 4.0",
    "mnist": "MNIST by LeCun, Cortes and Burges, CC BY-SA 3.0",
    "stacked": "made of MNIST by LeCun, Cortes and Burges, CC BY-SA 3.0",
    "gaussians8": "points drawn by this package, CC0",
    "gaussians25": "points drawn by this package, CC0",
    "swiss_roll": "points drawn by this package, CC0",
    "surnames": "U.S. Census Bureau, 1990, public domain",
    "folder:emoji": "Noto Emoji by Google, Apache License 2.0 (tools/emoji.py)",
}


def trained(run):
    """Returns Markdown: model, paper, command, code, held-out losses and figures."""
    facts = run.facts
    entry, steps = registry.MODELS[facts["model"]], facts["trained_steps"]
    return f"""{entry.title} ([{entry.paper}]({entry.link})), {steps} training steps.

{_how(facts)} {_held_out(run)}
{_figures(run)}"""


def settings(run):
    """Returns Markdown: the data and its license, and the model's settings."""
    facts = run.facts
    data = ", ".join(f"{key}={value}" for key, value in facts["data"].items())
    license = LICENSES.get(facts["dataset"], "see the data set's own page")
    rows = "\n".join(f"| {key} | {value} |" for key, value in facts["config"].items())
    return f"""Data: {facts["dataset"]} ({data}). License of the data: {license}.

| setting | value |
|---|---|
{rows}"""


def recipe(facts):
    """Returns the name of the recipe that a run is of, or None."""
    model = facts["model"]
    if facts.get("from"):
        return None
    defaults = registry.defaults(model)
    wanted = (model, facts["dataset"], facts["trained_steps"])
    for name, one in recipes.RECIPES.items():
        # Over the defaults both, since a setting may be newer than the run.
        if (one.model, one.dataset, one.steps) == wanted and all(
            override(default, getattr(one, part)) == override(default, facts[part])
            for part, default in defaults.items()
        ):
            return name
    return None


def _how(facts):
    """The command and the code that trained it."""
    if not facts["stretches"]:
        return "Trained outside of a run directory: command, code and data are not recorded."
    begun = facts.get("from")
    began = f"It began with the weights of {_origin(begun)}. " if begun else ""
    return f"    {_command(facts)}\n\n{began}Trained by {_codes(facts['stretches'])}."


def _origin(begun):
    return f"the preset {begun['preset']} (sha256 {begun['weights_sha256']})"


def _command(facts):
    """The command that trains this run again, with every setting that is not the default."""
    model, begun = facts["model"], facts.get("from")
    first = f"--from={begun['preset']}" if begun else f"--model={model}"
    words = [first, f"--dataset={facts['dataset']}"]
    for part, default in registry.defaults(model).items():
        for key, value in facts[part].items():
            value = tuple(value) if isinstance(value, list) else value
            # What a preset has in place of a default is not known here.
            if begun or value != getattr(default, key):
                shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
                words.append(f"--{part}.{key}={shown}")
    return " ".join(["python -m zoo.train", *words, f"--steps={facts['trained_steps']}"])


def _codes(stretches):
    """The code of each stretch, those that follow one another with the same code as one."""
    parts = []
    for stretch in stretches:
        words = _code(stretch)
        if not parts or parts[-1][0] != words:
            parts.append((words, stretch["from_step"]))
    return "; ".join(f"{words} from step {step}" for words, step in parts)


def _code(state):
    """What `provenance.code` returned, in words."""
    if state["commit"] is None:
        return f"generative-zoo {state['versions']['zoo']}, installed outside of a git checkout"
    return f"the code at commit {state['commit']} (tree {state['tree']})"


def _held_out(run):
    """A sentence with the losses of the last validation."""
    last = run.validated
    if not last:
        return "Not validated yet."
    losses = ", ".join(f"{k[4:]} {v:.4f}" for k, v in last.items() if k.startswith("val_"))
    part = run.facts["held_out"]
    return (
        f"On the {part['examples']} examples of `{part['split']}`, with the weights of step "
        f"{last['step']} (no moving average): {losses}."
    )


def _figures(run):
    """A table of what `zoo.evaluate` has written for these very weights."""
    rows, codes = [], {}
    for result in run.evaluations:
        codes[_code(result["code"])] = None
        for name, figure in result["figures"].items():
            spread = figure.get("sd") or figure.get("standard_error")
            beside = figure.get("real", figure.get("independent_pixels"))
            values = [figure["mean"], spread, beside]
            words = ["" if value is None else f"{value:.4f}" for value in values]
            words.append(_counts(figure, result))
            rows.append(f"| {name} | {' | '.join(words)} | `{result['command']}` |")
    if not rows:
        return ""
    return "\n".join([
        "", "| figure | value | ± | the data's own, or independent pixels' | of | command |",
        "|---|---|---|---|---|---|", *rows, "", f"Evaluated by {' and '.join(codes)}.", "",
    ])  # fmt: skip


def _counts(figure, result):
    """Of how many examples a figure and the data's own are."""
    counts = figure.get("counts", {"drawn": result["held_out"]["examples"]})
    words = str(counts["drawn"])
    if counts.get("real", counts["drawn"]) != counts["drawn"]:
        words += f", the data's own of {counts['real']}"
    return words + (f", against {counts['held_out']}" if "held_out" in counts else "")
