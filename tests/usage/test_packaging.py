"""What is written once for the package is the same wherever else it must stand."""

import ast
import re
import subprocess
import sys
import tomllib

import pytest

import zoo
from tests import ROOT
from zoo.runs import provenance

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
COMMANDS = sorted(
    path.stem for path in (ROOT / "zoo").glob("*.py") if "@cli.command" in path.read_text()
)


@pytest.fixture
def script():
    """Runs a command as its entry in [project.scripts] does."""

    def run(name, *words):
        code = f"import sys, zoo.{name}; sys.argv[0] = 'zoo-{name}'; sys.exit(zoo.{name}.main())"
        return subprocess.run(
            [sys.executable, "-c", code, *words],
            capture_output=True, text=True, check=False, cwd=ROOT,
        )  # fmt: skip

    return run


def test_every_command_is_a_script_and_a_target():
    scripts = {f"zoo-{name}": f"zoo.{name}:main" for name in COMMANDS}
    assert PROJECT["project"]["scripts"] == scripts
    (binaries,) = re.findall(r"for command in (\[.*?\])", (ROOT / "BUILD").read_text(), re.DOTALL)
    assert sorted(ast.literal_eval(binaries)) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_a_script_knows_its_own_flags(name, script):
    done = script(name, "--help")
    assert done.returncode == 0, done.stderr
    own = re.findall(r"flags\.DEFINE_\w+\(\s*\"(\w+)\"", (ROOT / "zoo" / f"{name}.py").read_text())
    listed = done.stdout.split("Flags:")[1].split("\n\n")[0]
    assert re.findall(r"^  --(\w+):", listed, re.MULTILINE) == sorted(own)


def test_a_program_may_import_every_command():
    imports = "; ".join(f"import zoo.{name}" for name in COMMANDS)
    subprocess.run([sys.executable, "-c", imports], check=True, cwd=ROOT)


def test_a_mistake_in_a_script_is_one_sentence(script):
    done = script("train", "--modle=gan")
    assert done.returncode == 2
    assert done.stderr.startswith("zoo: unknown flag --modle: did you mean 'model'?")
    assert done.stderr.count("\n") == 1


def test_version_and_license_come_from_one_place():
    assert PROJECT["project"]["dynamic"] == ["version"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "zoo/__init__.py"
    assert f"\n## {zoo.__version__}" in (ROOT / "CHANGELOG.md").read_text()
    assert f"version: {zoo.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_only_our_own_checkout_names_the_commit(tmp_path, monkeypatch):
    """A wheel may be installed within another project's checkout, whose commit is not ours."""

    def git(*words):
        who = ["-c", "user.name=them", "-c", "user.email=them@example.com"]
        done = subprocess.run(
            ["git", *who, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    folder = tmp_path / "lib" / "zoo"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.setattr(zoo, "__file__", str(folder / "__init__.py"))
    git("init")
    git("commit", "--allow-empty", "--message=theirs")
    state = provenance.code()
    assert (state["commit"], state["tree"]) == (None, None)
    assert list(state["versions"]) == ["python", "zoo", "tensorflow", "keras", "numpy"]
    git("add", ".")
    git("commit", "--message=ours")
    state = provenance.code()
    assert state["commit"] == git("rev-parse", "--short", "HEAD")
    assert state["tree"] == git("rev-parse", "HEAD:lib/zoo")
    (folder / "__init__.py").write_text("1")
    changed = provenance.code()
    assert changed == state | {"commit": state["commit"] + "-dirty"}
