"""ONNX files: ONNX Runtime draws what Keras draws, seed included."""

import importlib.util
import re

import numpy as np
import pytest

import zoo
from tests import ROOT
from tests.selection import FAMILIES
from zoo.config import UserError
from zoo.exporting import formats, onnx, publish, verify

MISSING = [name for name in ("tf2onnx", "onnxruntime") if not importlib.util.find_spec(name)]
needs_onnx = pytest.mark.skipif(
    bool(MISSING), reason=f"the extra `onnx` is not installed: no {' and no '.join(MISSING)}"
)


@needs_onnx
@pytest.mark.slow
@pytest.mark.parametrize("model", [*FAMILIES, "dcgan", "began", "cgan", "cppn_gan_vae"])
def test_files_draw_what_the_model_draws(model, runs, tmp_path):
    run = zoo.load(runs(model))
    onnx.write(run.model, tmp_path)
    chosen = formats.FLOAT32[:1]
    cases = onnx.cases(verify.cases(run.model, chosen, run.given)[chosen[0].file])
    found = verify.check(tmp_path, cases)
    assert set(found) == {path.name for path in tmp_path.iterdir()} == set(onnx.FILES.values())
    if model != "gan":
        return  # what the check sees, it sees in any
    for file, signatures in cases.items():
        for _, outputs in signatures.values():
            outputs["images"] = outputs["images"] + 1e-4
        with pytest.raises(UserError, match=f"{file}: .* differs from the model"):
            verify.check(tmp_path, {file: signatures})


@needs_onnx
@pytest.mark.slow
def test_the_command_writes_them_beside_the_others(runs, command, tmp_path):
    done = command("export", f"--run={runs('gan')}", f"--out={tmp_path / 'gan'}", "--onnx")
    assert done.returncode == 0, done.stderr
    assert "ONNX        model.onnx, model_sample.onnx" in done.stdout
    version = tmp_path / "gan" / "1"
    publish.check_manifest(version)
    assert {path.name for path in version.glob("*.onnx")} == set(onnx.FILES.values())
    assert "ONNX files, opset 18" in (version / "assets.extra" / "card.md").read_text()
    section = (ROOT / "docs" / "devices.md").read_text().partition("## ONNX")[2]
    (code,) = re.findall(r"```python\n(.*?)```", section.partition("\n## ")[0], re.DOTALL)
    shown = {}
    exec(code.replace("exports/my_gan/1", str(version)), shown)
    expected = zoo.load(runs("gan")).sample(16, 7)
    np.testing.assert_allclose(shown["images"], expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        ({"tf2onnx"}, "--onnx needs tf2onnx: run pip install 'generative-zoo[onnx]'"),
        ({"tf2onnx", "onnxruntime"}, "--onnx needs tf2onnx and onnxruntime: run pip install"),
    ],
)
def test_a_missing_extra_is_one_sentence_before_any_work(missing, sentence, monkeypatch):
    from zoo import export

    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in missing else object()
    )
    with pytest.raises(UserError) as caught:
        onnx.check_installed()
    assert str(caught.value).startswith(sentence)
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name in missing else real(name)
    )
    with pytest.raises(UserError, match="--onnx needs"):
        export.export("no such run", "exports/x", with_onnx=True)
