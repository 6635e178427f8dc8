"""Exports: every loader agrees with the model, one rename publishes, bad ones are named."""

import json
import os
import pathlib
import resource
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

import zoo
from tests import contract
from tests.selection import EXPORTED, PIXELWISE, QUICK_EXPORTS, WHOLE_EXPORTS, fast_first
from zoo.config import UserError
from zoo.exporting import card, facts, formats, metadata, publish, signatures, verify
from zoo.runs import history, provenance
from zoo.training import inputs

# What these offer at least, beside `generate` and `sample`.
EXTRA = {"vae": {"encode", "decode", "reconstruct"}}
EXTRA |= {name: {"complete", "log_prob", "step"} for name in PIXELWISE}
EXTRA["multi_scale"] |= {"step_small"}


def files_of(model):
    """The TensorFlow Lite files of a model's export here, see conftest.py."""
    return [format.file for format in formats.FLOAT32[: 3 if model in WHOLE_EXPORTS else 1]]


@pytest.mark.parametrize("model", fast_first(EXPORTED, QUICK_EXPORTS))
def test_an_export_is_whole(model, runs, exports):
    version = exports(model) / "1"
    names = {str(path.relative_to(version)) for path in version.rglob("*") if path.is_file()}
    assert names - {"assets.extra/conditions.npy"} == {
        "saved_model.pb", "fingerprint.pb", "variables/variables.index",
        "variables/variables.data-00000-of-00001", "assets.extra/card.md",
        "assets.extra/samples.png", "assets.extra/facts.json", "assets.extra/manifest.json",
        "assets.extra/tf_serving_warmup_requests", *files_of(model),
    }  # fmt: skip
    assert [p.name for p in exports(model).iterdir()] == ["1"]
    publish.check_manifest(version)
    facts = json.loads((runs(model) / "run.json").read_text())
    card = (version / "assets.extra" / "card.md").read_text()
    code = provenance.code()
    if code["commit"]:
        assert f"Trained by the code at commit {code['commit']} (tree {code['tree']}) from" in card
    for word in (
        model,
        "60 training steps",
        history.LICENSES[facts["dataset"]],
        "--config.ema=0.9",
        "--steps=60",
        f"{facts['held_out']['examples']} examples of `test`",
        "`generate`",
        "`sample`",
        "LiteRT",
    ):
        assert word in card
    # Weights are stored once.
    weights = sum(p.stat().st_size for p in (version / "variables").iterdir())
    # A PixelRNN's masked and joined kernels are other tensors in its sampler than in its network,
    # and a transposed convolution's kernel is one of 36 places for its 25, or for its 16.
    variables = zoo.load(runs(model)).model.trainable_variables
    fours = [v for v in variables if "conv2d_transpose" in v.path and v.shape[0] == 4]
    most = 6 if model in PIXELWISE else 2.3 if fours else 1.5
    for file in files_of(model):
        graph = 20_000  # bytes of a small one
        assert (version / file).stat().st_size < most * weights + graph


@pytest.mark.parametrize("model", fast_first(EXPORTED, QUICK_EXPORTS))
def test_signatures_of_both_formats(model, runs, exports):
    from ai_edge_litert.interpreter import Interpreter

    version = exports(model) / "1"
    expected = set(zoo.load(runs(model)).model.signatures())
    assert expected >= {"generate", "sample"} | EXTRA.get(model, set())
    is_text = zoo.load(runs(model)).data_spec.modality == "text"
    twins = {"sample_lines"} if is_text else {"sample_png"}
    twins |= {"complete_png"} if model in PIXELWISE else set()
    loaded = tf.saved_model.load(str(version))
    assert set(loaded.signatures) == expected | twins | {"serving_default"}
    for file in files_of(model):
        interpreter = Interpreter(model_path=str(version / file))
        assert set(interpreter.get_signature_list()) == expected
        operations = {detail["op_name"] for detail in interpreter._get_ops_details()}
        assert not [name for name in operations if name.startswith("Flex") or name == "CUSTOM"]
        facts = json.loads(metadata.read((version / file).read_bytes()))
        assert facts == json.loads((version / "assets.extra/facts.json").read_text())


@pytest.mark.parametrize("model", fast_first(EXPORTED, QUICK_EXPORTS))
def test_one_seed_one_picture(model, runs, exports):
    from ai_edge_litert.interpreter import Interpreter

    run, export = zoo.load(runs(model)), zoo.load(exports(model))
    interpreter = Interpreter(model_path=str(exports(model) / "1" / "model.tflite"))
    server = tf.saved_model.load(str(exports(model) / "1")).signatures["sample"]
    drawn = run.data_spec.modality
    # Ten labels for sixteen pictures: they are taken in turn.
    given = {} if run.given is None else {"label": run.given}
    # Servers are told a size where there is a choice; devices draw the trained one.
    sized = {"size": tf.constant(8)} if run.any_size else {}
    for seed in (0, 7, -1):
        images = run.sample(16, seed)
        np.testing.assert_allclose(export.sample(16, seed), images, rtol=0, atol=1e-5)
        for count in (16, 4):
            for shape in ([], [1], [1, 1]):  # column form, row form, a browser's
                words = [np.full(shape, word, np.int32) for word in (count, seed)]
                inputs = {"num": words[0], "seed": words[1], **given}
                inputs = {key: tf.constant(x) for key, x in inputs.items()}
                found = server(**inputs, **sized)[drawn]
                np.testing.assert_allclose(found, images[:count], rtol=0, atol=1e-5)
            words = [np.array([word], np.int32) for word in (count, seed)]
            sample = interpreter.get_signature_runner("sample")
            found = sample(num=words[0], seed=words[1], **given)
            np.testing.assert_allclose(found[drawn], images[:count], rtol=0, atol=1e-5)


def test_sample_refuses_a_num_out_of_range_and_goes_on(exports):
    server = tf.saved_model.load(str(exports("gan") / "1")).signatures["sample"]
    for num in (0, -1, 1025, 10**9):
        with pytest.raises(tf.errors.InvalidArgumentError, match="num must be 1 to 1024"):
            server(num=tf.constant(num), seed=tf.constant(0))
    assert server(num=tf.constant(1024), seed=tf.constant(0))["images"].shape == (1024, 8, 8, 1)


@pytest.mark.slow
def test_images_are_in_unit_range_whatever_the_model_trained_on(command, tmp_path):
    run = tmp_path / "run"
    words = ["--model=gan", "--steps=20", "--data.range=symmetric", f"--run={run}"]
    done = command("train", *words)
    assert done.returncode == 0, done.stderr
    done = command("export", f"--run={run}", f"--out={tmp_path / 'symmetric'}")
    assert done.returncode == 0, done.stderr
    images = zoo.load(tmp_path / "symmetric").sample(64, 0)
    assert images.min() >= 0
    assert images.max() <= 1
    assert abs(images.mean() - 0.5) < 0.25


@pytest.mark.slow
def test_the_checks_see_a_difference(runs, exports, tmp_path):
    """An export whose numbers are off must not pass."""
    version = exports("vae") / "1"
    model = zoo.load(runs("vae")).model
    expected = verify.cases(model, formats.FLOAT32)
    found = verify.check(version, expected)
    assert list(found) == ["saved_model", *(format.file for format in formats.FLOAT32)]
    assert max(differences["largest"] for differences in found.values()) <= 1e-5
    for file in ("saved_model", "model_batch16.tflite"):
        outputs = expected[file]["generate"][1]
        right = outputs["images"]
        outputs["images"] = right + 1e-4
        with pytest.raises(UserError, match=f"{file}: generate differs"):
            verify.check(version, expected)
        outputs["images"] = right


def test_an_export_needs_no_keras_and_none_of_our_code(exports):
    code = (
        "import sys; sys.modules['keras'] = sys.modules['zoo'] = None\n"
        "import tensorflow as tf\n"
        f"server = tf.saved_model.load({str(exports('vae') / '1')!r}).signatures\n"
        "assert server['generate'](latents=tf.zeros((3, 20)))['images'].shape == (3, 8, 8, 1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
def test_the_next_export_is_the_next_version(runs, exports, command, tmp_path):
    folder = tmp_path / "again"
    shutil.copytree(exports("vae"), folder)
    done = command("export", f"--run={runs('vae')}", f"--out={folder}")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["1", "2"]
    assert zoo.load(folder).path.name == "2"


def test_publish_takes_the_next_number_when_another_was_faster(tmp_path, monkeypatch):
    path = tmp_path / "name"
    real = os.rename

    def slower(source, target):
        if target.name == "1":
            target.mkdir()
            (target / "saved_model.pb").touch()
        real(source, target)

    monkeypatch.setattr(os, "rename", slower)
    with publish.staging(path) as stage:
        (stage / "assets.extra").mkdir()
        (stage / "saved_model.pb").write_bytes(b"x")
        assert publish.publish(stage, path).name == "2"
    assert sorted(p.name for p in path.iterdir()) == ["1", "2"]


def test_a_failed_export_leaves_nothing(tmp_path):
    path = tmp_path / "name"
    with pytest.raises(OSError, match="full"), publish.staging(path) as stage:  # noqa: PT012
        (stage / "saved_model.pb").write_bytes(b"half")
        raise OSError("full")
    assert list(tmp_path.iterdir()) == []


def damage_changed(version):
    (version / "model.tflite").write_bytes(b"other")


def damage_missing(version):
    (version / "variables" / "variables.index").unlink()


def damage_added(version):
    (version / "more.txt").write_text("more")


def damage_manifest(version):
    manifest = version / "assets.extra" / "manifest.json"
    facts = json.loads(manifest.read_text())
    (version / "model.tflite").write_bytes(b"other")
    facts["files"]["model.tflite"] = publish._hash(version / "model.tflite")
    manifest.write_text(json.dumps(facts, indent=2))


def damage_no_manifest(version):
    (version / "assets.extra" / "manifest.json").write_text("{")


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (damage_changed, "model.tflite' is not the file that was exported"),
        (damage_missing, "variables.index' is missing"),
        (damage_added, "more.txt' does not belong to this export"),
        (damage_manifest, "manifest.json' has been changed"),
        (damage_no_manifest, "manifest.json' is missing or damaged"),
    ],
)
def test_a_damaged_export_is_named(damage, sentence, exports, tmp_path):
    shutil.copytree(exports("gan"), tmp_path / "name")
    damage(tmp_path / "name" / "1")
    with pytest.raises(UserError) as caught:
        zoo.load(tmp_path / "name")
    assert sentence in str(caught.value)


@pytest.mark.parametrize(("number", "named"), [(None, 1), (3, 3)])
def test_an_export_of_another_format_is_refused(number, named, exports, tmp_path):
    version = pathlib.Path(shutil.copytree(exports("gan") / "1", tmp_path / "name" / "1"))
    found = json.loads((version / facts.FILE).read_text()) | {"format": number}
    if number is None:
        del found["format"]
    (version / facts.FILE).write_text(json.dumps(found))
    (version / publish.MANIFEST).unlink()
    publish._write_manifest(version)
    sentence = f"is of format {named}, and this zoo reads 2: export the run again."
    with pytest.raises(UserError, match=sentence):
        zoo.load(tmp_path / "name")


def test_a_model_with_another_input_only_describes_it(digits, monkeypatch):
    """Its check, its examples and the card's line follow."""
    model = contract.make("gan", digits.spec)
    size = inputs.number("size", "the side of a picture", example=3, range=(1, 8))
    tint = inputs.unit("tint", (2,), "two colors")

    def draw(tint, size):
        return {"images": tf.cast(size, tf.float32) * tf.reduce_sum(tint, axis=-1)}

    offered = {**model.signatures(), "draw": (draw, [tint, size])}
    monkeypatch.setattr(type(model), "signatures", lambda self: offered)
    values, outputs = verify.cases(model, [])[verify.SAVED_MODEL]["draw"]
    assert {name: value.shape for name, value in values.items()} == {"tint": (4, 2), "size": (1,)}
    server = signatures.for_servers(model)["draw"]
    for shape in ((), (1,), (1, 1)):
        found = server(tint=tf.constant(values["tint"]), size=tf.fill(shape, 3))["images"]
        np.testing.assert_allclose(found, outputs["images"], atol=1e-6)
    with pytest.raises(tf.errors.InvalidArgumentError, match="size must be 1 to 8"):
        server(tint=tf.constant(values["tint"]), size=tf.constant(9))
    device = signatures.for_devices(model, batch=2)["draw"].structured_input_signature[0]
    assert [list(spec.shape) for spec in device] == [[2, 2], [1]]
    assert "| `size` | 1 to 8 | the side of a picture |" in card.inputs_table(model)


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("exports/my/model", "an export's name has no slash"),
        ("name/", "must be FOLDER/NAME"),
        ("exports/3", "must be FOLDER/NAME"),
        ("exports/.hidden", "must be FOLDER/NAME"),
    ],
)
def test_bad_export_names(out, sentence, runs, command, tmp_path):
    done = command("export", f"--run={runs('gan')}", f"--out={out}", cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_name_inside_an_export_or_a_run_is_refused(runs, exports):
    inside = [exports("gan") / "x", exports("gan") / "1" / "x", runs("gan")]
    for out in inside:
        with pytest.raises(UserError, match="an export's name has no slash"):
            publish.target(str(out))
    assert publish.target(str(exports("gan"))) == exports("gan")


@pytest.mark.slow
def test_a_full_disk_is_named_and_leaves_nothing(runs, command, tmp_path):
    def little_space():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    words = [f"--run={runs('vae')}", f"--out={tmp_path / 'name'}"]
    done = command("export", *words, preexec_fn=little_space)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("zoo: ")
    assert list(tmp_path.iterdir()) == []


def test_sample_command(runs, exports, command, tmp_path):
    arrays = []
    for source in (runs("gan"), exports("gan")):
        out = tmp_path / f"{len(arrays)}.npy"
        done = command("sample", f"--run={source}", "--num=6", "--seed=4", f"--out={out}")
        assert done.returncode == 0, done.stderr
        arrays.append(np.load(out))
    assert arrays[0].shape == (6, 8, 8, 1)
    np.testing.assert_allclose(*arrays, rtol=0, atol=1e-5)
    walk = tmp_path / "walk.png"
    done = command("sample", f"--run={runs('gan')}", "--num=16", "--interpolate", f"--out={walk}")
    assert done.returncode == 0, done.stderr
    from PIL import Image

    assert Image.open(walk).size[0] > 3 * Image.open(walk).size[1]


def test_a_walk_begins_and_ends_at_its_latents(runs):
    from zoo.sampling.walks import walks

    sampler = zoo.load(runs("gan"))
    images, _, _ = walks(sampler, 2, seed=5, steps=8)
    ends = sampler.sample(4, seed=5)
    np.testing.assert_allclose(images[[0, 7, 8, 15]], ends, atol=1e-6)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "say what to sample"),
        (["--run=/nowhere"], "is neither a run directory nor an export"),
        (["--run=/nowhere", "--out=x.jpg"], "must end in .png"),
        (["--run=/nowhere", "--out=/nowhere/x.png"], "the folder '/nowhere' does not exist"),
        (["--run=/nowhere", "--num=0"], "--num=0"),
        (["--run=/nowhere", "--config.latent=3"], "unknown flag --config.latent"),
    ],
)
def test_bad_sample_calls(words, sentence, command, tmp_path):
    done = command("sample", *words, cwd=tmp_path)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert sentence in done.stderr
    assert list(tmp_path.iterdir()) == []
