"""What stands in exports/ is whole, small and named; a release is gated."""

import json
import types

import numpy as np
import pytest
from google.protobuf import text_format

import zoo
from tests import ROOT
from tools import release
from zoo import recipes
from zoo.config import UserError
from zoo.exporting import facts, formats, metadata, publish

EXPORTS = ROOT / "exports"
# Not what a user's own commands left there.
RELEASED = [name for name in zoo.names() if (EXPORTS / name).exists()]


def test_every_released_model_is_there_once_and_whole():
    assert RELEASED
    for name in RELEASED:
        (version,) = publish.check_versions(EXPORTS / name)
        found = json.loads((version / facts.FILE).read_text())
        assert (found["format"], found["model"]) == (facts.FORMAT, name)
        without = ("dynamic", "int8") if found["pixelwise"] else ()
        wanted = {format.file for format in formats.ALL if format.precision not in without}
        assert {path.name for path in version.glob("*.tflite")} == wanted
        for file in wanted:
            assert json.loads(metadata.read((version / file).read_bytes())) == found
    files = [path for name in RELEASED for path in (EXPORTS / name).rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= release.LARGEST


def test_released_figures_keep_their_bounds():
    for name in RELEASED:
        recipe = recipes.recipe(f"{name}_digits")
        (version,) = publish.check_versions(EXPORTS / name)
        card = (version / "assets.extra" / "card.md").read_text()
        rows = [line.split("|") for line in card.splitlines() if "python -m zoo.evaluate" in line]
        figures = {row[1].strip(): float(row[2]) for row in rows}
        release._gate(name, recipe, figures)


def test_a_server_reads_the_list():
    from tensorflow_serving.config import model_server_config_pb2

    config = model_server_config_pb2.ModelServerConfig()
    text_format.Parse((EXPORTS / release.CONFIG).read_text(), config)
    models = config.model_config_list.config
    assert {model.name: model.base_path for model in models} == {
        name: f"/models/{name}" for name in RELEASED
    }


def test_what_misses_a_bound_is_not_released():
    recipe = recipes.Recipe(
        "", "gan", "digits", 1, at_most={"frechet": 0.1}, at_least={"good": 0.9}
    )
    release._gate("gan", recipe, {"frechet": 0.1, "good": 0.9})
    for figures, words in (
        ({"frechet": 0.11, "good": 0.95}, "its frechet is 0.1100 and has to be at most 0.1"),
        ({"frechet": 0.05, "good": 0.89}, "its good is 0.8900 and has to be at least 0.9"),
        ({"frechet": float("nan"), "good": 1.0}, "its frechet is nan"),
    ):
        with pytest.raises(UserError, match=words):
            release._gate("gan", recipe, figures)


@pytest.fixture
def faked(monkeypatch, tmp_path):
    """A release without training: `drawn` is what the run draws, versions are bare folders."""
    state = types.SimpleNamespace(drawn=0.0, said=[], exports=tmp_path / "exports")

    def command(name, *words):
        state.said.append(name)
        if name == "evaluate":
            (tmp_path / "runs" / "gan").mkdir(parents=True, exist_ok=True)
            figures = {"figures": {"frechet": {"mean": 0.05}}}
            (tmp_path / "runs" / "gan" / "evaluation.json").write_text(json.dumps(figures))
        if name == "export":
            with publish.staging(state.exports / "gan") as stage:
                (stage / "assets.extra").mkdir()
                (stage / "saved_model.pb").write_text(str(state.drawn))
                publish.publish(stage, state.exports / "gan")

    def load(path):
        drawn = state.drawn if "runs" in str(path) else float((path / "saved_model.pb").read_text())
        return types.SimpleNamespace(pixelwise=False, sample=lambda num: np.full((num, 1), drawn))

    monkeypatch.setattr(release, "_command", command)
    monkeypatch.setattr("zoo.sampling.sampler.load", load)
    state.release = lambda: release.released("gan", state.exports, tmp_path / "runs")
    return state


def test_a_release_says_what_changed_and_takes_the_old_one_away(faked):
    assert faked.release().startswith("gan: new, version 1; frechet 0.0500; ")
    assert faked.said == ["train", "evaluate", "export"]
    assert faked.release() == "gan: unchanged, version 1"
    faked.drawn = 1.0
    assert faked.release().startswith("gan: version 1 -> 2; frechet 0.0500; ")
    assert [path.name for path in (faked.exports / "gan").iterdir()] == ["2"]
    release.write_config(faked.exports)
    assert '"/models/gan"' in (faked.exports / release.CONFIG).read_text()
