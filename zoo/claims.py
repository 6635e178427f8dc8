"""The rows of RESULTS.md: claims, read from results/claims.toml, and the files that answer them.

    [[section]]
    title = "25 Gaussians"
    protocol = "10,000 samples of each of 3 seeds; …"
    drawn = 10_000

    [[section.claim]]
    name = "wgan_gp_gaussians25"
    model = "wgan_gp"
    …

A claim of the paper's has what ours must reach, and a command that trains.  Its figures are in
RECIPE.json, or RECIPE_seed0.json, RECIPE_seed1.json, … of several training seeds.  Where there are
none yet it says so, `not_measured`, or why there will be none, `out_of_reach`.
"""

import dataclasses
import pathlib
import tomllib

from zoo import measured, recipes, registry
from zoo.config import UserError, nearest
from zoo.files import reading

FILE = "claims.toml"


@dataclasses.dataclass(frozen=True)
class Claim:
    """A row.

    Attributes:
        name: its own, by which `zoo.results.table` finds it.
        model: of the registry.
        data, metric: what is measured, in words.
        paper: the paper's number with where it stands in it, or why there is none.
        peer: the best known of others.
        figure: its name in the files, e.g. ``frechet`` or ``bound_5000``.
        at_most, at_least: what ours must reach.
        recipe: which trains it; or else
        train: flags of zoo.train, and
        file: the name of the file in the folder.
        shown: a picture in place of a figure, its path beside RESULTS.md.
        not_measured, out_of_reach: why there is neither.
    """

    name: str
    model: str
    data: str
    metric: str
    paper: str
    peer: str = ""
    figure: str = ""
    at_most: float | None = None
    at_least: float | None = None
    recipe: str = ""
    train: str = ""
    file: str = ""
    shown: str = ""
    not_measured: str = ""
    out_of_reach: str = ""

    @property
    def command(self):
        """What follows ``python -m zoo.train``; empty where nothing can be run."""
        return f"--recipe={self.recipe}" if self.recipe else self.train

    def has_bound(self):
        """Whether it says what ours must reach."""
        return self.at_most is not None or self.at_least is not None

    def bound(self):
        """What ours must reach, in words."""
        words = (("at most", self.at_most), ("at least", self.at_least))
        return (
            " and ".join(f"{word} {limit:g}" for word, limit in words if limit is not None) or "–"
        )

    def is_met(self, mean):
        """Whether a figure keeps the bound; NaN does not."""
        above = self.at_least is None or mean >= self.at_least
        return above and (self.at_most is None or mean <= self.at_most)

    def absent(self):
        """Why there is no figure, or where a picture is instead."""
        if self.shown:
            return f"[picture]({self.shown})"
        if self.out_of_reach:
            return f"out of reach: {self.out_of_reach}"
        return f"not measured yet: {self.not_measured}"

    def files(self, folder):
        """The paths of the files that hold its figures, [] for none."""
        if self.out_of_reach or self.shown:
            return []
        if self.file:
            path = pathlib.Path(folder) / self.file
            return [path] if path.exists() else []
        return measured.files_of(self.recipe, folder)

    def measured(self, folder):
        """The `measured.Measured`, or None where no file holds the figure."""
        found = [run for path in self.files(folder) for run in measured.runs_of(path)]
        found = [run for run in found if self.figure in run["figures"]]
        return measured.Measured(self.figure, found) if found else None

    def problems(self, folder, drawn=None):
        """What is wrong, a sentence for each; `drawn`: the samples that its section asks for."""
        return [f"{FILE}: {self.name!r} {said}." for said in self._problems(folder, drawn)]

    def _problems(self, folder, drawn):
        if self.model not in registry.MODELS:
            yield f"is of no model {self.model!r}: {nearest(self.model, registry.names())}"
        if self.out_of_reach:
            return
        if bool(self.recipe) == bool(self.train):
            yield "needs a command that trains: a recipe, or else the flags of zoo.train"
        elif self.recipe and self.recipe not in recipes.RECIPES:
            yield f"has no recipe {self.recipe!r}: {nearest(self.recipe, recipes.RECIPES)}"
            return
        if self.shown:
            if not (pathlib.Path(folder).parent / self.shown).is_file():
                yield f"has no picture {self.shown!r}"
            return
        if not self.has_bound():
            yield "needs a bound, at_most or at_least"
        if not self.figure:
            yield "needs the name of a figure"
        found = self.measured(folder)
        if found and self.not_measured:
            yield "has been measured: remove not_measured"
        if not found and not self.not_measured:
            yield (
                f"has no file with its {self.figure!r}: evaluate a run with "
                f"--out={pathlib.Path(folder) / (self.file or f'{self.recipe}.json')}"
            )
        for run in found.runs if found else ():
            yield from self._of_another(run, drawn)
        seeds = [run.get("training_seed") for run in found.runs] if found else []
        if len(set(seeds)) < len(seeds):
            yield "has two runs of one training seed"

    def _of_another(self, run, drawn):
        """What tells that a run's figures are not of this claim, or not by its protocol."""
        if not str(run.get("command", "")).startswith("python -m zoo.evaluate "):
            yield "has a file without the command that evaluated"
        wanted = {"model": self.model}
        if self.recipe:
            one = recipes.RECIPES[self.recipe]
            wanted |= {"dataset": one.dataset, "step": one.steps}
            wanted |= {"binarize": one.data.get("binarize", "none")} if "binarize" in run else {}
        for key, value in wanted.items():
            if run.get(key) != value:
                yield f"has a file of {key}={run.get(key)}, and its own is {value}"
        counts = run["figures"][self.figure].get("counts", {"drawn": run.get("samples")})
        if drawn and counts["drawn"] != drawn:
            yield (
                f"has a file of {counts['drawn']} samples, and its section's protocol has {drawn}: "
                f"evaluate with --num={drawn}"
            )
        if drawn and run["held_out"]["split"] != "test":
            yield f"has a file of the split {run['held_out']['split']!r}: evaluate on test"


@dataclasses.dataclass(frozen=True)
class Section:
    """Rows of one protocol, which compare to each other.

    Attributes:
        title, protocol: Markdown.
        claims: the rows.
        drawn: how many samples the protocol compares with the test split, if it does.
    """

    title: str
    protocol: str
    claims: list
    drawn: int | None = None

    def problems(self, folder):
        """What is wrong with its rows, a sentence for each."""
        return [said for claim in self.claims for said in claim.problems(folder, self.drawn)]


def read(folder):
    """Returns the `Section`s of a folder's claims.toml.

    Raises:
        UserError: it cannot be read, or is not of this form.
    """
    path = pathlib.Path(folder) / FILE
    with reading(path):
        content = path.read_bytes()
    try:
        found = tomllib.loads(content.decode())
    except ValueError as error:
        raise UserError(f"{str(path)!r} is damaged: {error}.") from None
    sections = []
    for one in found.get("section", []):
        rows = [_typed(Claim, row) for row in one.pop("claim", [])]
        sections.append(_typed(Section, {**one, "claims": rows}))
    names = [claim.name for section in sections for claim in section.claims]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{FILE}: there are two rows {twice[0]!r}: name them apart.")
    return sections


def check_names(names, known):
    """Raises `UserError` with the nearest one unless all names are known."""
    for name in names:
        if name not in known:
            raise UserError(f"there is no claim {name!r}: {nearest(name, known)}.")


def _typed(kind, values):
    """An object of a dataclass from a table of TOML, whose keys and types are checked."""
    fields = {field.name: field for field in dataclasses.fields(kind)}
    called = repr(values.get("name", values.get("title", "a row")))
    for key, value in values.items():
        if key not in fields:
            raise UserError(f"{FILE}: {called} has {key!r}: {nearest(key, fields)}.")
        if type(value) is int and fields[key].type == float | None:
            continue
        if not isinstance(value, fields[key].type):
            raise UserError(f"{FILE}: {called} has {key} = {value!r}, which is of another type.")
    for key, field in fields.items():
        if field.default is dataclasses.MISSING and key not in values:
            raise UserError(f"{FILE}: {called} needs {key!r}.")
    return kind(**values)
