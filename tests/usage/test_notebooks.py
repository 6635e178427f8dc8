"""The notebooks of colab/: stripped in git, and run from top to bottom, each in an empty folder,
with trainings of a few steps."""

import importlib.util
import os
import re
import subprocess
import sys

import nbformat
import pytest
from nbclient import NotebookClient

from tests import ROOT

NOTEBOOKS = sorted((ROOT / "colab").glob("*.ipynb"))
LONGEST = 900  # seconds that a cell may take, on a machine that does much else
# A cell in which one of these stands shows a picture.
SHOWS = ("show(", "display(Picture.", "display(Image")
# What says how long a training is; its curves are means of up to 100 steps.
STEPS = re.compile(r"(steps_per_epoch=|--steps=|\btrain\([\w\", ]+, )\d[\d_]+\b")


def read(path):
    notebook = nbformat.read(path, as_version=4)
    return notebook, [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request):
    return request.param


def test_one_for_each_family():
    names = {path.stem for path in NOTEBOOKS}
    assert names == {
        "adversarial", "clipping_and_penalty", "codes_and_sizes", "export_and_serve", "pixelrnn",
        "text", "vae",
    }  # fmt: skip


def test_git_holds_no_outputs(notebook):
    found, code = read(notebook)
    assert set(found.metadata) <= {"kernelspec", "language_info"}
    for cell in code:
        assert cell.outputs == []
        assert cell.execution_count is None
        assert cell.metadata == {}


def test_the_idea_is_an_equation_and_the_loop_is_the_source(notebook):
    found, code = read(notebook)
    first = found.cells[0]
    assert first.cell_type == "markdown"
    assert first.source.count("$$") == 2
    text = "\n".join(cell.source for cell in code)
    assert "inspect.getsource(" in text
    assert "def train_step" not in text  # a copy would drift


@pytest.mark.parametrize("found", [True, False], ids=["there", "missing"])
@pytest.mark.parametrize("checkout", [True, False], ids=["a checkout", "a page alone"])
def test_the_first_cell_installs_the_zoo_where_it_is_missing(
    notebook, found, checkout, monkeypatch, tmp_path
):
    called = []
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if found else None)
    monkeypatch.setattr(subprocess, "run", lambda words, check: called.append((words, check)))
    monkeypatch.chdir(ROOT / "colab" if checkout else tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    exec(read(notebook)[1][0].source, {})
    package = str(ROOT) if checkout else "generative-zoo"
    words = [sys.executable, "-m", "pip", "install", "--quiet", package]
    assert called == ([] if found else [(words, True)])


@pytest.mark.slow
def test_runs_from_top_to_bottom(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT))  # this tree's zoo
    found, code = read(notebook)
    # Its arithmetic needs exemplars of some digits among the samples.
    shortened, steps = 0, 200 if notebook.stem == "adversarial" else 100
    for cell in code:
        cell.source, count = STEPS.subn(rf"\g<1>{steps}", cell.source)
        shortened += count
    assert shortened
    NotebookClient(
        found, timeout=LONGEST, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    ).execute()
    nbformat.write(found, tmp_path / notebook.name)  # to look at
    for cell in code:
        said = [output.text for output in cell.outputs if output.get("name") == "stderr"]
        assert not said, f"{cell.source}\n{said}"
        pictures = [o for o in cell.outputs if "image/png" in o.get("data", {})]
        assert pictures or not any(word in _without_definitions(cell.source) for word in SHOWS)


def _without_definitions(source):
    """Top-level statements of a cell that are no functions."""
    lines, within = [], False
    for line in source.splitlines():
        if line and not line.startswith((" ", ")")):
            within = line.startswith("def ")
        if not within:
            lines.append(line)
    return "\n".join(lines)
