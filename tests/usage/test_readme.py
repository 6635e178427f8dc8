"""The README's blocks run from top to bottom, in an empty folder, made small by a stated rule."""

import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tests import ROOT
from zoo import results, sample

# What is not run, by its first word, and why.
SKIPPED = {
    "make": "minutes: it installs and trains in full, or runs this very test",
    ".": "the environment is on already",
    "pip": "what is tested is this checkout",
    "docker": "needs a daemon and an image from afar",
    "curl": "needs the server that docker starts",
}
# What makes a command small: as many steps as show that it works, and few samples.
SMALLER = [
    (r"--steps=\d+", "--steps=20"),
    (r"steps_per_epoch=\d+", "steps_per_epoch=2"),
    (r"(-m zoo\.evaluate\b)", r"\1 --num=300 --seeds=1"),
]
SHAPE = """
assert pictures.shape == (16, 28, 28, 1)
assert 0 <= pictures.min() <= pictures.max() <= 1
"""


def small(text):
    """`text` with the numbers of `SMALLER`."""
    for pattern, replacement in SMALLER:
        text = re.sub(pattern, replacement, text)
    return text


def commands(block):
    """The commands of a block of shell, a line each, continued lines joined, comments left out."""
    lines = block.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def run(words, folder):
    """Runs one command where `python` is this one and `zoo` is this checkout's."""
    path = os.pathsep.join([str(pathlib.Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        words, cwd=folder, capture_output=True, text=True, check=False, timeout=600,
        env={**os.environ, "PATH": path, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
    )  # fmt: skip
    assert done.returncode == 0, f"README: {words[-1]}\n{done.stdout[-2000:]}{done.stderr[-2000:]}"


def test_its_results_are_those_of_the_files():
    rows = ("dcgan_mnist", "dcgan_mnist_coverage", "wgan_gp_mnist", "cgan_mnist", "vae_mnist")
    rows += ("gan_mnist", "wgan_mnist", "wgan_gp_gaussians25_good")
    text = (ROOT / "README.md").read_text()
    assert f"## [Results](RESULTS.md)\n\n{results.table(rows, ROOT / 'results')}\n" in text


def test_it_stays_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")],
    ids=lambda page: page.name,
)  # fmt: skip
def test_every_file_and_heading_that_is_linked_is_there(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        name, _, heading = target.partition("#")
        linked = page.parent / name if name else page
        assert linked.is_file(), target
        titles = re.findall(r"^#+ (.*)$", linked.read_text(), re.M) if heading else ()
        assert not heading or heading in {_anchor(title) for title in titles}, target


def _anchor(title):
    """The anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", [ROOT / "README.md", *(ROOT / "docs").glob("*.md")],
                         ids=lambda page: page.name)  # fmt: skip
def test_every_file_that_is_named_is_there(page):
    """Files of the checkout in backquotes, such as `zoo/noise.py`."""
    for name in re.findall(r"`((?:zoo|tests|tools|docs|colab|results)/[\w./]+)`", page.read_text()):
        assert (ROOT / name).exists(), name


def test_its_first_picture_is_drawn_by_the_command_beside_it(tmp_path):
    text = (ROOT / "README.md").read_text()
    picture = re.search(r"!\[.*\]\((docs/\w+\.png)\)", text)[1]
    words = re.search(r"`python -m zoo\.sample (.*?)`", text)[1].split()
    sample.main([*words, f"--out={tmp_path / 'x.png'}"])
    one, other = (
        np.asarray(Image.open(path), int) for path in (tmp_path / "x.png", ROOT / picture)
    )
    np.testing.assert_allclose(one, other, rtol=0, atol=1)  # of 255, on any machine


@pytest.mark.slow
def test_every_block_runs(tmp_path):
    blocks = re.findall(r"^```(\w+)\n(.*?)^```", (ROOT / "README.md").read_text(), re.DOTALL | re.M)
    assert {language for language, _ in blocks} >= {"sh", "python"}
    for language, block in blocks:
        if language == "python":
            run([sys.executable, "-c", small(block) + SHAPE], tmp_path)
        for command in commands(block) if language == "sh" else ():
            if (word := command.split()[0]) in SKIPPED:
                print(f"skipped: {command}: {SKIPPED[word]}")
                continue
            run(["bash", "-euc", small(command)], tmp_path)
            for written in re.findall(r"--(?:out|run)=(\S+)", command):
                assert (tmp_path / written).exists(), f"{command} wrote no {written}"
