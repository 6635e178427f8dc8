"""Settings: typed overrides, ranges, and the nearest name for a wrong one.

A settings class is a frozen dataclass whose fields are made by `setting`.  `override` is the only
way in for words from a command line or keyword arguments from a program: it refuses a misspelled
key, a wrong type or a value out of range in one sentence.
"""

import dataclasses
import difflib
import math

LOWEST, HIGHEST = -(2**31), 2**31 - 1  # of a whole number

WORDS = {
    int: "a whole number",
    float: "a number",
    str: "a word",
    bool: "true or false",
    tuple: "whole numbers such as 400,200",
}


class UserError(ValueError):
    """A mistake of the caller's; its message is one sentence that says what to do."""


def setting(default, doc, *, low=None, high=None, above=None, choices=None):
    """A dataclass field: `low` and `high` are inclusive bounds, `above` an exclusive one."""
    bounds = {"doc": doc, "low": low, "high": high, "above": above, "choices": choices}
    return dataclasses.field(default=default, metadata=bounds)


def default(settings, key, value):
    """A setting of a base class with another default."""
    (field,) = (field for field in dataclasses.fields(settings) if field.name == key)
    return dataclasses.field(default=value, metadata=field.metadata)


class Plain:
    """A dataclass of plain values, which a JSON file can hold."""

    @classmethod
    def of_json(cls, values):
        """Makes an object of what `dataclasses.asdict` wrote to a JSON file, tuples as lists.

        Raises:
            UserError: the values are none of this class.
        """
        return override(cls(), values)


@dataclasses.dataclass(frozen=True)
class Common(Plain):
    """The settings that every model has."""

    batch_size: int = setting(64, "examples in a batch, over all replicas", low=1)
    ema: float = setting(
        0.0,
        "decay of the moving average of the weights that draw; 0 keeps none",
        low=0,
        high=0.999999,
    )
    precision: str = setting(
        "float32", "precision of the hidden layers; weights and losses stay float32",
        choices=("float32", "bfloat16"),
    )  # fmt: skip
    seed: int = setting(0, "seed of every random number")


def override(settings, words):
    """Returns a copy of `settings` with `words` (key -> value or text) put in.

    Raises:
        UserError: an unknown key, a value of another type or out of its range.
    """
    fields = {field.name: field for field in dataclasses.fields(settings)}
    changes = {}
    for key, value in words.items():
        if key not in fields:
            raise UserError(f"unknown setting {key!r}: {nearest(key, fields)}.")
        changes[key] = _checked(fields[key], value)
    return dataclasses.replace(settings, **changes)


def nearest(word, known):
    """Returns e.g. ``did you mean 'gan'? (choose from gan, vae)``."""
    known = list(known)
    close = difflib.get_close_matches(str(word), known, n=1, cutoff=0.5)
    choice = f"choose from {', '.join(known)}" if known else "there are none"
    return f"did you mean {close[0]!r}? ({choice})" if close else choice


def describe(settings_class):
    """Returns lines ``key (type, default, range): doc`` for ``--help``."""
    lines = []
    for field in dataclasses.fields(settings_class):
        allowed = _allowed(field)
        facts = f"{_kind(field).__name__}, default {_spelt(field.default)}"
        facts += f", {allowed}" if allowed else ""
        lines.append(f"{field.name}: {field.metadata['doc']} ({facts})")
    return lines


def _kind(field):
    return field.type if isinstance(field.type, type) else tuple


def _spelt(value):
    return ",".join(map(str, value)) if isinstance(value, tuple) else repr(value)


def _allowed(field):
    meta = field.metadata
    if meta["choices"]:
        return "one of " + ", ".join(map(str, meta["choices"]))
    parts = [
        f"{words} {meta[key]}"
        for key, words in (("low", "at least"), ("above", "above"), ("high", "at most"))
        if meta[key] is not None
    ]
    return " and ".join(parts)


def _checked(field, value):
    kind = _kind(field)
    try:
        value = _typed(kind, value)
    except (TypeError, ValueError, KeyError, OverflowError):
        wanted = WORDS[kind]
        raise UserError(f"{field.name} must be {wanted}, and {value!r} is not.") from None
    meta = field.metadata
    if meta["choices"] and value not in meta["choices"]:
        raise UserError(
            f"{field.name} cannot be {value!r}: {nearest(value, map(str, meta['choices']))}."
        )
    for number in value if kind is tuple else (value,):
        if isinstance(number, int) and not LOWEST <= number <= HIGHEST:
            raise UserError(f"{field.name} must fit into 32 bits, and {number!r} does not.")
        outside = (
            (meta["low"] is not None and number < meta["low"])
            or (meta["high"] is not None and number > meta["high"])
            or (meta["above"] is not None and number <= meta["above"])
        )
        if outside:
            raise UserError(f"{field.name} must be {_allowed(field)}, and {number!r} is not.")
    return value


def _typed(kind, value):
    if kind is bool:
        if isinstance(value, bool):
            return value
        return {"true": True, "false": False, "1": True, "0": False}[str(value).lower()]
    if kind is tuple:
        parts = value.split(",") if isinstance(value, str) else list(value)
        return tuple(_typed(int, part) for part in parts if part != "")
    if kind is str:
        if not isinstance(value, str):
            raise TypeError
        return value
    if isinstance(value, bool):
        raise TypeError
    if kind is int and not isinstance(value, str) and value != int(value):
        raise ValueError
    number = kind(value)
    if not math.isfinite(number):
        raise ValueError
    return number
