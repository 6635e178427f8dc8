"""Every committed file that names the code that made it names code which the history has."""

import json
import re
import subprocess

import pytest

from tests import ROOT

KEYS = ("commit", "tree", "zoo")  # an older result calls the tree by its folder
HASH = re.compile(r"(?:.*-g)?([0-9a-f]{7,40})(?:-dirty)?")  # what `git describe` writes
SPOKEN = re.compile(r"at commit (\S+?)(?: \(tree ([0-9a-f]{40})\)|\.? |\.?$)", re.MULTILINE)


def git(*words, given=None):
    done = subprocess.run(
        ["git", *words], cwd=ROOT, input=given, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


@pytest.fixture(scope="module")
def history():
    """The ids of all commits before this one, and of their trees of `zoo`."""
    try:
        (shallow,) = git("rev-parse", "--is-shallow-repository")
        (root,) = git("rev-parse", "--show-prefix") or [""]
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the history: this is no git checkout")
    if shallow == "true":
        pytest.skip("needs the history: this clone is shallow, git fetch --unshallow")
    if root:
        pytest.skip("needs the history: the checkout is another project's")
    commits = git("rev-list", "HEAD")
    asked = "".join(f"{commit}:zoo\n" for commit in commits)
    trees = git("cat-file", "--batch-check=%(objectname)", given=asked)
    return commits, set(trees)


def states(name, text):
    """Yields (commit, tree), either of them None, of each state of the code that a file names."""
    if name.endswith(".json"):
        yield from _in_json(json.loads(text))
    else:
        yield from ((commit, tree or None) for commit, tree in SPOKEN.findall(text))


def _in_json(value):
    if isinstance(value, dict):
        named = {key: value.get(key) for key in KEYS if isinstance(value.get(key), str)}
        if "commit" in named or "tree" in named:
            yield named.get("commit"), named.get("tree", named.get("zoo"))
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from _in_json(one)


def known(commit, tree, history):
    commits, trees = history
    match = HASH.fullmatch(commit or "")
    return tree in trees or (bool(match) and any(one.startswith(match[1]) for one in commits))


def test_committed_files_name_code_that_is_in_the_history(history):
    files = git(
        "ls-files",
        "exports/*.md",
        "exports/*.json",
        "zoo/presets/*.md",
        "zoo/presets/*.json",
        "results/*.json",
        "docs/*.json",
    )
    named = {name: list(states(name, (ROOT / name).read_text())) for name in files}
    assert any(named.values())
    lost = {
        name for name, found in named.items() if not all(known(*state, history) for state in found)
    }
    assert lost == set(), "made by code that no commit holds: make them again"


def test_what_names_the_code_is_found():
    tree, commit = "1" * 40, "a" * 40
    card = f"Trained by the code at commit abc1234 (tree {tree}) from step 0; the code at commit "
    card += f"v1-3-gabc1235-dirty (tree {tree}) from step 9. It is\n\nCode at commit {commit}. On 9"
    assert list(states("card.md", card)) == [
        ("abc1234", tree), ("v1-3-gabc1235-dirty", tree), (commit, None),
    ]  # fmt: skip
    facts = {"code": {"commit": "abc1234", "zoo": tree}, "stretches": [
        {"commit": None, "tree": None, "versions": {"zoo": "0.1.0"}}, {"commit": "abc1235-dirty",
         "tree": tree, "versions": {"zoo": "0.1.0"}}]}  # fmt: skip
    assert list(states("x.json", json.dumps(facts))) == [
        ("abc1234", tree), ("abc1235-dirty", tree),
    ]  # fmt: skip
    history = [commit, "abc1235" + "0" * 33], {tree}
    assert known(commit, None, history)
    assert known("v1-3-gabc1235-dirty", None, history)
    assert known("abc1234", tree, history)
    assert not known("abc1234", "2" * 40, history)
    assert not known(None, None, history)
