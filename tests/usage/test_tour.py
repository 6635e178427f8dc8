"""docs/tour.md: its commands run from top to bottom in one folder, made small by a stated rule."""

import re
import shlex
import shutil

import pytest

from tests import ROOT
from tests.usage.test_readme import commands, run
from zoo import recipes, registry
from zoo.config import override

PAGE = ROOT / "docs" / "tour.md"
# As many steps and validations as show that a command works; presets that need no MNIST.
SMALLER = [
    (r"--steps=\d+", "--steps=12 --jit=off"),  # to compile takes longer than that
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


def settings_of(words):
    """The settings that --config.KEY=VALUE of a training give, checked as its command checks them;
    (the words without them and --run, the run)."""
    plain = [word for word in words if not word.startswith(("--config.", "--run="))]
    given = dict(word.removeprefix("--config.").split("=", 1)
                 for word in words if word.startswith("--config."))  # fmt: skip
    named = dict(word.removeprefix("--").split("=", 1) for word in plain if "=" in word)
    recipe = recipes.recipe(named["recipe"]) if "recipe" in named else None
    module = registry.module(recipe.model if recipe else named["model"])
    override(override(module.Config(), recipe.config if recipe else {}), given)
    (path,) = (word.removeprefix("--run=") for word in words if word.startswith("--run="))
    return tuple(plain), path


def test_settings_of_every_training_are_valid():
    found = [shlex.split(line) for block in blocks() for line in commands(block)]
    trainings = [words[3:] for words in found if words[2] == "zoo.train"]
    assert len(trainings) > 10
    runs = [settings_of(words)[1] for words in trainings]
    assert len(set(runs)) == len(runs)


def blocks(page=None):
    return re.findall(r"```sh\n(.*?)```", page or PAGE.read_text(), re.DOTALL)


# Some thirty commands; a training that differs in settings alone is not repeated.  The second half
# begins where nothing of the first is used.
@pytest.mark.slow
@pytest.mark.minutes
@pytest.mark.parametrize("half", [0, 1], ids=["PixelRNN to DCGAN", "WGAN and on"])
def test_commands_run_from_top_to_bottom(half, command, tmp_path):
    for folder in ("docs", "docs/tour"):
        (tmp_path / folder).mkdir()
    page = PAGE.read_text().partition("\n## WGAN\n")[2 * half]
    written, trained = set(), {}
    for block in blocks(page):
        for line in commands(block):
            for pattern, replacement in SMALLER:
                line = re.sub(pattern, replacement, line)
            words = shlex.split(line)
            if words[1] == "-c":
                run(words, tmp_path)
                continue
            if words[2] == "zoo.train":
                plain, path = settings_of(words[3:])
                if plain in trained:
                    shutil.copytree(tmp_path / trained[plain], tmp_path / path)
                    continue
                trained[plain] = path
            done = command(words[2].removeprefix("zoo."), *words[3:], cwd=tmp_path)
            assert done.returncode == 0, f"{line}\n{done.stderr[-2000:]}"
            written |= {word.removeprefix("--out=") for word in words if word.startswith("--out=")}
    assert all((tmp_path / path).is_file() for path in written)
    shown = set(re.findall(r"\]\((tour/\w+\.png)\)", page))
    assert {f"docs/{path}" for path in shown} <= written
