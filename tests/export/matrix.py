"""Every released model, in every format, through every loader, against Keras: one table.

    python -m tests.export.matrix [--exports=…] [--runs=runs/release] [--out=results/matrix.json]

A number is the largest difference over all signatures from the run's model in Keras (relative where
values are above 1), of a quantized file the mean one.  The C program and the TF1 session read the
SavedModel; the files for devices are run by `ai_edge_litert`, and by LiteRT's JavaScript in
`tests/export/test_gallery.py`.
"""

import argparse
import json
import pathlib
import tempfile

import zoo
from tests.export.serving import session
from zoo import recipes
from zoo.exporting import facts, formats, publish, verify


def in_c(program, version, cases):
    """The largest difference of the C program's answers."""
    requests = [(name.removeprefix(verify.DRAWN), case[0]) for name, case in cases.items()]
    with tempfile.TemporaryDirectory() as folder:
        answers = session.run(program, version, requests, pathlib.Path(folder))
    return max(
        verify.difference(answer.outputs, expected, name)["largest"]
        for answer, (name, (_, expected)) in zip(answers, cases.items(), strict=True)
    )


def row(program, version, run):
    """column -> difference of one model."""
    sampler = zoo.load(run)
    chosen = [f for f in formats.ALL if (version / f.file).exists()]
    cases = verify.cases(sampler.model, chosen, sampler.given)
    found = verify.check(version, cases)
    columns = {"C program": in_c(program, version, cases[verify.SAVED_MODEL])}
    columns["TF1 session"] = found[verify.SAVED_MODEL]["largest"]
    for format in chosen:
        measure = "largest" if format.precision == "float32" else "mean"
        columns[format.file] = found[format.file][measure]
    return columns


def recipe_of(version):
    """The name of the recipe that an export is released by: the one with a bound."""
    found = json.loads((version / facts.FILE).read_text())
    wanted = found["model"], found["data_spec"]["name"]
    (name,) = (
        name
        for name, one in recipes.RECIPES.items()
        if (one.model, one.dataset) == wanted and (one.at_most or one.at_least)
    )
    return name


def main():
    """Prints the table, writes the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--exports", type=pathlib.Path, default="exports")
    parser.add_argument("--runs", type=pathlib.Path, default="runs/release")
    parser.add_argument("--out", type=pathlib.Path)
    words = parser.parse_args()
    columns = ["C program", "TF1 session", *(format.file for format in formats.ALL)]
    print("| model | " + " | ".join(columns) + " |\n|---" + "|---" * len(columns) + "|")
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        program = pathlib.Path(folder) / "session"
        session.build(program)
        for name in filter(lambda name: (words.exports / name).exists(), zoo.names()):
            version = publish.newest_version(words.exports / name)
            found[name] = row(program, version, words.runs / recipe_of(version))
            cells = [found[name].get(column) for column in columns]
            cells = ["none" if cell is None else f"{cell:.1e}" for cell in cells]
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)
    if words.out:
        command = f"python -m tests.export.matrix --out={words.out}"
        words.out.write_text(json.dumps({"command": command, "models": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
