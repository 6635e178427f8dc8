"""Writes RESULTS.md: what the papers claim, and what runs of this zoo have measured.

    python -m zoo.results             # writes RESULTS.md
    python -m zoo.results --check     # writes nothing; fails where a row lacks something, or is old

Rows are in results/claims.toml, see `zoo.claims`.  Figures of ours, and how long a training took,
come from results/*.json, which `zoo.evaluate --run=… --out=results/RECIPE.json` writes; nothing is
measured here.
"""

import os
import pathlib

from absl import flags

from zoo import claims, cli, files
from zoo.config import UserError

FLAGS = flags.FLAGS
COLUMNS = (
    "model", "data", "figure", "ours", "ours must be", "the paper's", "best peer", "command",
    "minutes",
)  # fmt: skip
SHORT = ("model", "data", "figure", "ours", "the paper's", "best peer")
HEAD = """# Results

Written by `python -m zoo.results` from [`claims.toml`]({folder}/claims.toml) and from files that
`zoo.evaluate` wrote, not by hand.

* *Ours* is a mean, ± the standard deviation over what stands beside it, or the standard error over
  pictures; *real* is the same figure of other real data. The linked file has the counts, the seeds,
  the command that evaluated and the code.
* *Command* is what follows `python -m zoo.train`. *Minutes* are what the run recorded, and on how
  many cores.
* Rows that are *not measured yet* or *out of reach* say so.
"""


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_bool(
        "check", False, "write nothing; fail where a row's file, command or bound is missing, or "
        "--out is not what would be written",
    )  # fmt: skip
    flags.DEFINE_string("results", "results", "the folder of claims.toml and of the figures")
    flags.DEFINE_string("out", "RESULTS.md", "the page")


def page(sections, folder, link):
    """Returns RESULTS.md.

    Args:
        sections: `claims.read`'s.
        folder: of the figures.
        link: the folder as the page names it.
    """
    parts = [HEAD.format(folder=link)]
    for section in sections:
        rows = [cells(claim, folder, link) for claim in section.claims]
        parts.append(f"## {section.title}\n\n{section.protocol}\n\n{markdown(rows, COLUMNS)}\n")
    return "\n".join(parts)


def table(names, folder="results", link="results"):
    """Returns a short Markdown table of the rows of these names, e.g. for the README.

    Raises:
        UserError: there is no row of a name.
    """
    found = {
        claim.name: claim for section in claims.read(folder) for claim in section.claims
    }  # fmt: skip
    claims.check_names(names, found)
    return markdown([cells(found[name], folder, link) for name in names], SHORT)


def cells(claim, folder, link):
    """Returns a row's cells, name of the column -> Markdown."""
    measured = claim.measured(folder)
    words = {
        "model": f"`{claim.model}`",
        "data": claim.data,
        "figure": claim.metric,
        "ours must be": claim.bound() + _verdict(claim, measured),
        "the paper's": claim.paper,
        "best peer": claim.peer or "–",
        "command": f"`{claim.command}`" if claim.command else "–",
    }
    if measured:
        paths = claim.files(folder)
        links = ", ".join(f"[{_short(path, claim)}]({link}/{path.name})" for path in paths)
        words["ours"] = f"{measured.words()} {links}"
    else:
        words["ours"] = claim.absent()
    words["minutes"] = measured.minutes() if measured else "–"
    return words


def _verdict(claim, measured):
    if not measured or not claim.has_bound():
        return ""
    return ", met" if claim.is_met(measured.mean) else ", **missed**"


def _short(path, claim):
    """What a link is called: `file`, or of one run of several its seed."""
    return path.stem.removeprefix(f"{claim.recipe}_").replace("seed", "seed ") if (
        claim.recipe and path.stem != claim.recipe
    ) else "file"  # fmt: skip


def markdown(rows, columns):
    """Returns a table of rows, each a dict of cells."""
    lines = [columns, ["---"] * len(columns)]
    lines += [[row[column].replace("|", "\\|") for column in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@cli.command(define_flags)
def main():
    """Writes the page, or checks it."""
    folder, out = pathlib.Path(FLAGS.results), pathlib.Path(FLAGS.out)
    sections = claims.read(folder)
    wrong = [said for section in sections for said in section.problems(folder)]
    if wrong:
        raise UserError(" ".join(wrong))
    files.check_out(out)
    text = page(sections, folder, os.path.relpath(folder, out.parent))
    if FLAGS.check:
        with files.reading(out):
            kept = out.read_text()
        if kept != text:
            raise UserError(f"{out} is not what zoo.results writes: run python -m zoo.results.")
    else:
        files.write_whole(out, text.encode())
    count = sum(len(section.claims) for section in sections)
    print(f"{count} rows, {'as they should be in' if FLAGS.check else 'written to'} {out}")


if __name__ == "__main__":
    main()
