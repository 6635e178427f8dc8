"""Nothing torn is served: exports that are killed, collide, fail to write or are changed later."""

import pathlib
import random
import shutil
import subprocess
import sys

import pytest

from tests import ROOT
from tests.reliability.storage import exports as kills
from tests.reliability.storage import shim
from zoo.exporting import publish


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    if not shutil.which("gcc"):
        pytest.skip("needs gcc: install it")
    return shim.build(tmp_path_factory.mktemp("library"))


@pytest.fixture(scope="module")
def states(library, runs, exports, tmp_path_factory):
    """The calls of an export beside a version 1, and the states that a kill leaves."""
    folder = tmp_path_factory.mktemp("states")
    return kills.states(runs("vae"), folder, library, exports("vae") / "1")


def staged(path):
    return list(path.glob(f"{publish.STAGING}*"))


@pytest.mark.slow
def test_a_kill_at_any_call_leaves_nothing_torn(states):
    calls, snapshots = states
    operations = {call.operation for call in calls}
    assert operations >= {"write", "fsync", "rename", "mkdir"}
    found = [kills.served(snapshot / "name") for snapshot in snapshots]
    assert found.count(["1"]) > 50
    assert all(versions in (["1"], ["1", "2"]) for versions in found)
    # What a kill left is cleared by the next export, and the version before stays.
    killed = next(s for s in reversed(snapshots) if staged(s / "name"))
    with publish.staging(killed / "name") as stage:
        assert staged(killed / "name") == [stage]
    assert kills.served(killed / "name") == ["1"]


def test_every_file_is_on_the_disk_before_the_rename(library, exports, tmp_path):
    """Or a crash of the machine could leave a version with empty files."""
    code = (
        "import pathlib, shutil, sys; from zoo.exporting import publish\n"
        "with publish.staging(pathlib.Path(sys.argv[2])) as stage:\n"
        "    shutil.copytree(sys.argv[1], stage, dirs_exist_ok=True)\n"
        "    publish.publish(stage, pathlib.Path(sys.argv[2]))\n"
    )
    out = tmp_path / "out"
    (tmp_path / "exports").mkdir()
    words = [sys.executable, "-c", code, exports("gan") / "1", tmp_path / "exports" / "name"]
    env = shim.environment(library, tmp_path / "exports", out)
    subprocess.run(words, env={**env, "PYTHONPATH": str(ROOT)}, check=True)
    calls = shim.calls(out)
    final = next(c.number for c in calls if c.operation == "rename" and c.path == "name/1")
    synced = {c.path.partition("/")[2].partition("/")[2] for c in calls
              if c.operation == "fsync" and c.number < final}  # fmt: skip
    version = tmp_path / "exports" / "name" / "1"
    assert synced >= {str(path.relative_to(version)) for path in version.rglob("*")}
    after = [c for c in calls if c.number > final and c.operation == "fsync"]
    assert [c.path for c in after] == ["name"]


def test_staging_folders_of_living_exports_stay(tmp_path):
    path = tmp_path / "name"
    with publish.staging(path) as one:
        left = path / f"{publish.STAGING}left"
        left.mkdir()
        with publish.staging(path) as other:
            assert sorted(staged(path)) == sorted([one, other])
        assert one.is_dir()


@pytest.mark.slow
def test_two_exports_at_once_give_two_versions(runs, tmp_path):
    commands = [kills.export(runs("gan"), tmp_path) for _ in range(2)]
    for command in commands:
        error = command.communicate()[1]
        assert command.returncode == 0, error
    assert kills.served(tmp_path / "name") == ["1", "2"]
    assert not staged(tmp_path / "name")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("action", "file"),
    [
        ("enospc", "saved_model.pb"),
        ("eio", "model.tflite"),
        ("full", "manifest.json"),
    ],
)
def test_a_failed_write_is_named_and_loses_nothing(
    action, file, library, runs, exports, states, tmp_path
):
    root = tmp_path / "exports"
    shutil.copytree(exports("vae") / "1", root / "name" / "1")
    write = next(c for c in states[0] if c.operation == "write" and file in c.path)
    command = kills.export(runs("vae"), root, library, tmp_path / "o", f"{action}:{write.number}")
    error = command.communicate()[1].decode()
    assert command.returncode == 2, error
    assert error.startswith("zoo: ")
    assert "Traceback" not in error
    assert kills.served(root / "name") == ["1"]
    assert not staged(root / "name")


@pytest.mark.slow
def test_every_flipped_bit_is_named(exports, tmp_path):
    version = pathlib.Path(shutil.copytree(exports("cgan") / "1", tmp_path / "name" / "1"))
    generator, hit = random.Random(0), set()
    for _ in range(300):
        file, undo = kills.flip(version, generator)
        assert kills.noticed(tmp_path / "name", file), file
        hit.add(file.name)
        undo()
    assert "manifest.json" in hit
    publish.check_versions(tmp_path / "name")


def test_verify_command(exports, command, tmp_path):
    shutil.copytree(exports("gan") / "1", tmp_path / "name" / "1")
    done = command("export", f"--verify={tmp_path / 'name'}")
    assert done.returncode == 0, done.stderr
    assert "every file is the one that was exported" in done.stdout
    card = tmp_path / "name" / "1" / "assets.extra" / "card.md"
    card.write_text(card.read_text().replace("gan", "gam"))
    done = command("export", f"--verify={tmp_path / 'name'}")
    assert done.returncode == 2
    assert "card.md' is not the file that was exported" in done.stderr
    done = command("export", f"--verify={tmp_path}")
    assert done.returncode == 2
    assert "is not an export" in done.stderr
