"""What the files in results/ say, which `zoo.evaluate --out` has written."""

import dataclasses
import json
import pathlib
import re
import statistics

from zoo.config import UserError
from zoo.files import reading
from zoo.metrics import joint


def files_of(recipe, folder="results"):
    """The files in a folder that hold what a recipe's runs have measured, [] for none: the one of
    its name, or else those of a training seed each."""
    one, apart = pathlib.Path(folder) / f"{recipe}.json", re.compile(rf"{recipe}_seed\d+\.json")
    if one.exists():
        return [one]
    return sorted(path for path in one.parent.glob("*.json") if apart.fullmatch(path.name))


def runs_of(path):
    """What `zoo.evaluate` wrote of each run and group of figures that a file holds."""
    try:
        with reading(path):
            found = json.loads(path.read_bytes())
        runs = [part for run in found["runs"].values() for part in run.values()] if (
            "runs" in found
        ) else [found]  # fmt: skip
        return [run for run in runs if run["figures"]]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{str(path)!r} is damaged: evaluate its run again.") from None


@dataclasses.dataclass(frozen=True)
class Measured:
    """A figure of one run, or of several that differ in their training seed.

    Attributes:
        figure: its name.
        runs: what `zoo.evaluate` wrote of each.
    """

    figure: str
    runs: list

    @property
    def _joined(self):
        figures = [run["figures"][self.figure] for run in self.runs]
        return figures[0] if len(figures) == 1 else joint.joined([{"": one} for one in figures])[""]

    @property
    def mean(self):
        """Over the runs."""
        return self._joined["mean"]

    def words(self):
        """E.g. ``0.0712 ± 0.0021 (3 training seeds; real 0.0020)``."""
        found = self._joined
        spread = found.get("sd")
        notes = (
            [f"{len(found['each'])} {found.get('over') or joint.SAMPLING}"]
            if spread is not None
            else []
        )
        if "standard_error" in found:
            spread = found["standard_error"]
            part = self.runs[0]["held_out"]
            notes = [f"{part['examples']} {joint.PICTURES} of {part['split']}"]
        if found.get("real") is not None:
            notes.append(f"real {found['real']:.4g}")
        value = f"{found['mean']:.4g}" + ("" if spread is None else f" ± {spread:.2g}")
        return value + (f" ({'; '.join(notes)})" if notes else "")

    def minutes(self):
        """Of a training, as the runs recorded it, and on how many cores."""
        seconds = [run.get("trained_seconds") for run in self.runs]
        if None in seconds:
            return "not recorded"
        cores = {
            str(stretch["processors"]) if "processors" in stretch else "?"
            for run in self.runs
            for stretch in run["stretches"]
        }
        return f"{statistics.fmean(seconds) / 60:.1f}, on {' or '.join(sorted(cores))}"
