"""Shows the catalog: models, data sets, recipes, presets and exports.

python -m zoo.list
"""

import pathlib

from zoo import cli, measured, recipes, registry
from zoo.data.source import EMBEDDED, MADE_OF, prepared_names
from zoo.runs import presets


def table(title, rows):
    """Returns rows of words as lines in aligned columns below a title."""
    if not rows:
        return [title, "  none yet", ""]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  " + "  ".join(w.ljust(n) for w, n in zip(row, widths, strict=True)) for row in rows]
    return [title, *(line.rstrip() for line in lines), ""]


def exports(folder="exports"):
    """Returns (name, newest version) of the exports in a folder."""
    found = {}
    for path in pathlib.Path(folder).glob("*/*/saved_model.pb"):
        version = path.parent.name
        if version.isdigit():
            name = path.parent.parent.name
            found[name] = max(found.get(name, 0), int(version))
    return [(name, f"version {version}") for name, version in sorted(found.items())]


def files_of(recipe, folder="results"):
    """Returns where a recipe's figures and its cost are, in words."""
    absent = "not measured" if pathlib.Path(folder).is_dir() else "–"
    return ", ".join(map(str, measured.files_of(recipe, folder))) or absent


@cli.command()
def main():
    """Prints the five tables."""
    models = [(n, e.title, e.link) for n, e in registry.MODELS.items()]
    data = [(name, "embedded") for name in EMBEDDED]
    prepared = prepared_names()
    data += [
        (name, f"made of {base}, {'prepared here' if base in prepared else 'by --download'}")
        for name, base in MADE_OF.items()
    ]
    data += [(name, "prepared here") for name in prepared if name not in EMBEDDED]
    data += [("any name of TensorFlow Datasets", "by zoo.train --download")]
    named = [(n, r.model, r.dataset, f"{r.steps} steps", files_of(n), r.about)
             for n, r in recipes.RECIPES.items()]  # fmt: skip
    for title, rows in (("models", models), ("data sets", data), ("recipes", named),
                        ("presets", presets.summaries()), ("exports", exports())):  # fmt: skip
        print("\n".join(table(title, rows)))


if __name__ == "__main__":
    main()
