"""docs/tour.md: its commands run from top to bottom in one folder, made small by a stated rule."""

import re
import shlex

import pytest

from tests import ROOT
from tests.usage.test_readme import commands, run

PAGE = ROOT / "docs" / "tour.md"
# As many steps and validations as show that a command works; presets that need no MNIST.
SMALLER = [
    (r"--steps=\d+", "--steps=12"),
    (r"--every=\d+", "--every=2"),
    (r"\b(\w+)_mnist\b", r"\1_digits"),
    (r"(-m zoo\.evaluate\b)", r"\1 --num=300 --seeds=1"),
    (r"--nearest", "--nearest --num=40"),
    (r"--features", "--features --labels=50"),
    (r"--config\.channels=\d+", "--config.channels=8"),
]


def test_every_claim_has_a_file_and_a_command():
    parts = re.split(r"^## ", PAGE.read_text(), flags=re.M)[1:]
    assert len(parts) >= 9
    for part in parts:
        assert "```sh" in part, part.splitlines()[0]
        assert re.search(r"\]\(\.\./zoo/\w+/\w+\.py\)", part), part.splitlines()[0]


@pytest.mark.slow  # some forty commands
def test_commands_run_from_top_to_bottom(command, tmp_path):
    for folder in ("docs", "docs/tour"):
        (tmp_path / folder).mkdir()
    written = set()
    for block in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL):
        for line in commands(block):
            for pattern, replacement in SMALLER:
                line = re.sub(pattern, replacement, line)
            words = shlex.split(line)
            if words[1] == "-c":
                run(words, tmp_path)
                continue
            done = command(words[2].removeprefix("zoo."), *words[3:], cwd=tmp_path)
            assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"
            written |= {word.removeprefix("--out=") for word in words if word.startswith("--out=")}
    assert all((tmp_path / path).is_file() for path in written)
    shown = set(re.findall(r"\]\((tour/\w+\.png)\)", PAGE.read_text()))
    assert {f"docs/{path}" for path in shown} <= written
