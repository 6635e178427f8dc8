"""What stands in exports/ is whole, small and named; a release is gated."""

import json
import types

import pytest
from google.protobuf import text_format

import zoo
from tests import ROOT
from tests.export.matrix import recipe_of
from tools import release
from zoo import recipes
from zoo.config import UserError
from zoo.exporting import facts, formats, metadata, publish
from zoo.runs import presets, provenance

EXPORTS = ROOT / "exports"
# Not what a user's own commands left there.
RELEASED = [name for name in zoo.names() if (EXPORTS / name).exists()]


def test_every_released_model_is_there_once_and_whole():
    assert RELEASED
    for name in RELEASED:
        (version,) = publish.check_versions(EXPORTS / name)
        found = json.loads((version / facts.FILE).read_text())
        assert (found["format"], found["model"]) == (facts.FORMAT, name)
        recipe = recipes.recipe(recipe_of(version))
        words = release.precisions(found["pixelwise"], recipe)
        wanted = {format.file for format in formats.chosen(words)}
        assert ("model_int8.tflite" in wanted) == (recipe.int8 and not found["pixelwise"])
        assert {path.name for path in version.glob("*.tflite")} == wanted
        for file in wanted:
            assert json.loads(metadata.read((version / file).read_bytes())) == found
    files = [path for name in RELEASED for path in (EXPORTS / name).rglob("*") if path.is_file()]
    files += [path for path in presets.FOLDER.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= release.LARGEST


def test_released_figures_keep_their_bounds():
    for name in RELEASED:
        (version,) = publish.check_versions(EXPORTS / name)
        recipe = recipes.recipe(recipe_of(version))
        card = (version / "assets.extra" / "card.md").read_text()
        rows = [line.split("|") for line in card.splitlines() if "python -m zoo.evaluate" in line]
        figures = {row[1].strip(): float(row[2]) for row in rows}
        release._gate(name, recipe, figures)
    for name in zoo.presets():
        found = json.loads((presets.FOLDER / name / presets.METADATA).read_text())["run"]
        assert found["recipe"] == name
        figures = {}
        for one in found["evaluations"]:
            figures |= {key: figure["mean"] for key, figure in one["figures"].items()}
        release._gate(name, recipes.recipe(name), figures)


def test_what_is_released_by_default():
    """One recipe of each model, all with bounds; MNIST's where there is one."""
    names = recipes.released()
    models = [recipes.recipe(name).model for name in names]
    assert len(models) == len(set(models))
    assert {"dcgan_mnist", "pixelcnn_mnist_short", "row_lstm_digits"} <= set(names)
    assert "dcgan_digits" not in names
    release._check(names)
    for name in names:
        assert recipes.recipe(name).at_most


def test_what_cannot_be_released_is_one_sentence():
    for names, words in (
        (["dcgan_mnst"], "did you mean 'dcgan_mnist'"),
        (["vae_mnist_iwae"], "'vae_mnist_iwae' has no bound to hold it to"),
        (["vae_mnist", "vae_digits"], "'vae_mnist' and 'vae_digits' are both of vae"),
    ):
        with pytest.raises(UserError, match=words):
            release._check(names)


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
    state = types.SimpleNamespace(drawn=0.0, figure=0.05, said=[], root=tmp_path, name="gan_digits")
    places = release.Places(*(tmp_path / name for name in ("runs", "presets", "exports")))

    def command(name, *words):
        state.said.append(name)
        if name == "evaluate":
            (tmp_path / "runs" / state.name).mkdir(parents=True, exist_ok=True)
            result = {
                "figures": {"frechet": {"mean": state.figure}},
                "step": recipes.recipe(state.name).steps,
                "code": {"tree": "1" * 40},
            }
            (tmp_path / "runs" / state.name / "evaluation.json").write_text(json.dumps(result))
        if name == "export":
            with publish.staging(tmp_path / "exports" / "gan") as stage:
                (stage / "assets.extra").mkdir()
                (stage / "saved_model.pb").write_text(str(state.drawn))
                publish.publish(stage, tmp_path / "exports" / "gan")

    def is_export_of(sampler, precisions, version):
        return float((version / "saved_model.pb").read_text()) == state.drawn

    sampler = types.SimpleNamespace(
        pixelwise=False, save_to_preset=lambda folder: folder.mkdir(parents=True, exist_ok=True)
    )
    monkeypatch.setattr(provenance, "code", lambda: {"tree": "1" * 40})
    monkeypatch.setattr(release, "_command", command)
    monkeypatch.setattr(release, "_is_export_of", is_export_of)
    monkeypatch.setattr("zoo.sampling.loading.load", lambda path: sampler)
    state.release = lambda: release.released(
        state.name, release.judged(state.name, tmp_path / "runs" / state.name), places
    )
    return state


def test_a_release_says_what_changed_and_takes_the_old_one_away(faked):
    said = faked.release()
    assert said.startswith("gan_digits: preset written, 0 bytes; export new, version 1, ")
    assert said.endswith("; frechet 0.0500")
    assert faked.said == ["train", "evaluate", "export"]
    assert faked.release().endswith("export unchanged, version 1; frechet 0.0500")
    # The code of this commit has judged these weights already.
    assert faked.said == ["train", "evaluate", "export", "train"]
    faked.drawn = 1.0
    assert "export version 1 -> 2, " in faked.release()
    assert [path.name for path in (faked.root / "exports" / "gan").iterdir()] == ["2"]
    release.write_config(faked.root / "exports")
    assert '"/models/gan"' in (faked.root / "exports" / release.CONFIG).read_text()
    assert [path.name for path in (faked.root / "presets").iterdir()] == ["gan_digits"]


def test_mnist_takes_the_place_of_the_digits(faked):
    """Presets of both stay; there is one export of a model, which servers know by its name."""
    faked.release()
    faked.name, faked.drawn = "gan_mnist", 1.0
    assert "export version 1 -> 2, " in faked.release()
    assert [path.name for path in (faked.root / "exports").iterdir()] == ["gan"]
    assert [path.name for path in (faked.root / "exports" / "gan").iterdir()] == ["2"]
    kept = sorted(path.name for path in (faked.root / "presets").iterdir())
    assert kept == ["gan_digits", "gan_mnist"]


def test_one_that_fails_leaves_the_others_released(faked, monkeypatch, capsys):
    words = [f"--{name}={faked.root}/{name}" for name in ("runs", "presets")]
    words += [f"--out={faked.root}/exports", "--recipes=vae_digits,gan_digits"]
    command = release._command

    def failing(name, *rest):
        if any("vae" in word for word in rest):
            raise UserError(f"zoo.{name} failed.")
        command(name, *rest)

    monkeypatch.setattr(release, "_command", failing)
    with pytest.raises(UserError, match=r"zoo\.train failed"):
        release.main(words)
    assert "gan_digits: preset written" in capsys.readouterr().out
    faked.figure = 0.5
    (faked.root / "runs" / "gan_digits" / "evaluation.json").unlink()
    before = sorted(faked.root.glob("exports/gan/*"))
    with pytest.raises(UserError, match=r"frechet is 0\.5000 and has to be at most 0\.1"):
        release.main([*words[:-1], "--recipes=gan_digits"])
    assert sorted(faked.root.glob("exports/gan/*")) == before


# Traces and writes a SavedModel five times: 10 s of work.
@pytest.mark.slow
def test_what_this_code_would_write_again_is_left_alone(runs, exports, monkeypatch, tmp_path):
    from zoo.exporting import signatures
    from zoo.sampling import loading

    sampler, version = loading.load(runs("vae")), exports("vae") / "1"
    assert release._is_export_of(sampler, ["none"], version)
    assert not release._is_export_of(sampler, ["float16"], version)
    with monkeypatch.context() as patch:  # an export from before there were PNG signatures
        patch.setattr(signatures, "pictures", lambda name, outputs: [])
        assert not release._is_export_of(sampler, ["none"], version)
    with monkeypatch.context() as patch:  # one of before several numbers were refused
        patch.setattr(signatures, "_checked", signatures._taken)
        assert not release._is_export_of(sampler, ["none"], version)

    assert release.preset(sampler, tmp_path / "a").startswith("preset written")
    assert release.preset(sampler, tmp_path / "a") == "preset unchanged"
    (tmp_path / "a" / presets.WEIGHTS).write_bytes(b"")
    assert release.preset(sampler, tmp_path / "a").startswith("preset written")
    _, drawn = sampler.model.sampled_weights()[-1]
    drawn.assign(drawn + 1)
    assert release.preset(sampler, tmp_path / "a").startswith("preset written")
    moved = loading.load(tmp_path / "a")
    assert not release._is_export_of(moved, ["none"], version)
