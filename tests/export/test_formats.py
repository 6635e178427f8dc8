"""TensorFlow Lite files of every precision and batch, and what servers get beside them."""

import io
import json
import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import zoo
from tests import ROOT
from tests.selection import FAMILIES, QUICK_EXPORTS, WHOLE_EXPORTS, fast_first
from zoo.exporting import formats, metadata, signatures, subpixel, warmup

PRECISIONS = tuple(formats.QUANTIZED)


def interpreter(file=None, content=None):
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(file and str(file), content, num_threads=1)


@pytest.fixture(scope="module")
def quantized(once, runs, command):
    """model -> an export with every precision that it can have."""

    def export(path):
        words = [p for p in PRECISIONS if p != "int8" or path.name != "pixelcnn"]
        out = [f"--run={runs(path.name)}", f"--out={path}", f"--quantize={','.join(words)}"]
        done = command("export", *out)
        assert done.returncode == 0, done.stderr

    return lambda model: once(f"quantized/{model}", export) / "1"


@pytest.mark.parametrize("model", fast_first(WHOLE_EXPORTS, QUICK_EXPORTS))
def test_a_batch_of_a_known_size_has_the_same_pictures(model, runs, exports):
    run = zoo.load(runs(model))
    images = run.sample(16, 7)
    for batch in (1, 16):
        file = interpreter(exports(model) / "1" / f"model_batch{batch}.tflite")
        inputs = {"seed": np.array([7], np.int32)}
        if run.given is not None:
            inputs["label"] = run.in_turn(None, batch)
        assert set(file.get_signature_list()["sample"]["inputs"]) == set(inputs)
        found = file.get_signature_runner("sample")(**inputs)[run.data_spec.modality]
        np.testing.assert_allclose(found, images[:batch], rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["dcgan", "vae", "cgan"])
def test_quantized_files_are_smaller_and_draw_alike(model, runs, quantized):
    run, version = zoo.load(runs(model)), quantized(model)
    latents, given = run.latents(64, 3), run.in_turn(None, 64)
    images = run.generate(latents)
    size = (version / "model.tflite").stat().st_size
    # Of files this small, a good part is no weights; the bounds of 0.55 and 0.30 are of the paper's
    # sizes, see test_sizes_at_the_paper's_widths.
    bounds = {"float16": (0.65, 2e-3), "dynamic": (0.55, 0.02), "int8": (0.55, 0.03)}
    for name in PRECISIONS:
        file = version / formats.QUANTIZED[name].file
        smaller, off = bounds[name]
        assert file.stat().st_size < smaller * size
        inputs = {"latents": latents} | ({} if given is None else {"label": given})
        found = interpreter(file).get_signature_runner("generate")(**inputs)["images"]
        difference = np.abs(found - images)
        assert 0 < difference.mean() < off, name
    # The hash's noise does not fit 256 steps.
    held = set(interpreter(version / "model_int8.tflite").get_signature_list())
    assert "generate" in held
    assert "sample" not in held
    card = (version / "assets.extra" / "card.md").read_text()
    for name in PRECISIONS:
        row = next(line for line in card.splitlines() if formats.QUANTIZED[name].file in line)
        assert str((version / formats.QUANTIZED[name].file).stat().st_size) in row
    (header,) = (line for line in card.splitlines() if line.startswith("| file |"))
    assert "frechet" in header
    assert "coverage" not in header, "what looks at every pair takes long, and there are many files"


@pytest.mark.slow
def test_quantized_files_of_a_pixelrnn(runs, quantized, digits):
    run, version = zoo.load(runs("pixelcnn")), quantized("pixelcnn")
    images = digits.examples("test")[0][:16]
    nats = run.log_prob(images)
    for name in ("float16", "dynamic"):
        file = interpreter(version / formats.QUANTIZED[name].file)
        found = file.get_signature_runner("log_prob")(images=images)["log_prob"]
        assert 0 < np.abs(found - nats).max() < 0.02 * -nats.mean(), name
        drawn = file.get_signature_runner("sample")(
            num=np.array([4], np.int32), seed=np.array([7], np.int32)
        )["images"]
        levels = drawn * (run.data_spec.levels - 1)
        np.testing.assert_allclose(levels, np.rint(levels), atol=1e-4)
    assert not (version / "model_int8.tflite").exists()
    assert "bits_per_dim" in (version / "assets.extra" / "card.md").read_text()


@pytest.mark.parametrize(
    ("model", "word", "sentence"),
    [
        ("pixelcnn", "int8", "PixelCNN has no int8 file: int8 activations hold the logits"),
        ("gan", "int4", "--quantize=int4: "),
    ],
)
def test_a_format_that_cannot_be_is_refused_by_name(model, word, sentence, runs, command, tmp_path):
    words = [f"--run={runs(model)}", f"--out={tmp_path / 'name'}", f"--quantize={word}"]
    done = command("export", *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [3, 4, 5, 6])
@pytest.mark.parametrize("bias", [True, False])
def test_a_transposed_convolution_is_a_convolution_and_a_shuffle(size, bias):
    inputs = keras.Input((7, 5, 3))
    layer = keras.layers.Conv2DTranspose(
        4, size, 2, "same", activation="relu", use_bias=bias, bias_initializer="normal"
    )
    network = keras.Sequential([inputs, layer])
    x = np.random.RandomState(0).randn(2, 7, 5, 3).astype(np.float32)
    expected = network(x).numpy()
    with subpixel.as_convolutions():
        function = tf.function(network).get_concrete_function(tf.TensorSpec(x.shape))
        operations = {operation.type for operation in function.graph.get_operations()}
        found = function(tf.constant(x))
    assert "Conv2DBackpropInput" not in operations
    np.testing.assert_allclose(found[0] if isinstance(found, list) else found, expected, atol=1e-5)
    np.testing.assert_array_equal(network(x), expected)  # as it was before


@pytest.mark.slow
def test_files_of_a_convolutional_generator_hold_no_transposed_convolution(exports):
    file = interpreter(exports("dcgan") / "1" / "model.tflite")
    operations = {detail["op_name"] for detail in file._get_ops_details()}
    assert "CONV_2D" in operations
    assert "DEPTH_TO_SPACE" in operations
    assert "TRANSPOSE_CONV" not in operations


@pytest.mark.slow
def test_a_file_tells_its_facts_and_keeps_each_weight_once(exports):
    from ai_edge_litert import schema_py_generated as schema

    content = (exports("dcgan") / "1" / "model.tflite").read_bytes()
    facts = json.loads(metadata.read(content))
    assert facts["model"] == "dcgan"
    assert facts["prior"] == [["symmetric", 100]]
    assert "float32 [B, 8, 8, 1] in [0, 1], rows first, channels last" in facts["about"]
    assert metadata.read(content, "no such") is None
    model = schema.ModelT.InitFromPackedBuf(content)
    kept = [bytes(b.data) for b in model.buffers if b.data is not None and len(b.data)]
    assert len(kept) == len(set(kept))
    # Kernels read their weights 16 bytes at a time.
    for data in kept:
        if len(data) >= 1024:
            assert content.index(data) % 16 == 0


def test_servers_get_png_files_from_signatures_of_their_own(exports):
    server = tf.saved_model.load(str(exports("vae") / "1")).signatures
    call = {"num": tf.constant(3), "seed": tf.constant(7)}
    drawn, files = server["sample"](**call)["images"], server["sample_png"](**call)["images_bytes"]
    assert files.shape == (3,)
    for picture, file in zip(drawn.numpy(), files.numpy(), strict=True):
        read = np.asarray(Image.open(io.BytesIO(file)))
        np.testing.assert_array_equal(read, np.rint(picture[..., 0] * 255).astype(np.uint8))
    outputs = {name: set(server[name].structured_outputs) for name in server}
    assert outputs["encode"] == {"mean", "log_variance"}
    assert outputs["sample_png"] == {"images_bytes"}
    for name in ("serving_default", "generate", "sample", "decode", "reconstruct"):
        assert outputs[name] == {"images"}


def test_only_signatures_of_png_files_hold_the_operation(runs):
    for model in FAMILIES:
        for name, function in signatures.for_servers(zoo.load(runs(model)).model).items():
            graph = function.graph.as_graph_def()
            nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
            found = "EncodePng" in {node.op for node in nodes}
            assert found == name.endswith("_png"), (model, name)


def test_the_documentation_claims_what_was_measured():
    text = (ROOT / "docs" / "devices.md").read_text()
    cases = json.loads((ROOT / "results" / "exports.json").read_text())["cases"]
    for format in formats.QUANTIZED.values():
        (row,) = (line for line in text.splitlines() if line.startswith(f"| `{format.file}` |"))
        shares = [case["bytes over float32's"][format.file] for case in cases]
        assert set(re.findall(r"0\.\d\d", row)) == {f"{share:.2f}" for share in shares}, row
    # TensorFlow Serving takes one signature of such a file, of another name.
    assert not [p for p in (ROOT / "docs").glob("*.md") if "prefer_tflite_model" in p.read_text()]


def test_a_saved_model_converts_again(runs, exports):
    """As docs/devices.md says: the named signatures do, with built-in ops."""
    code = re.findall(
        r"```python\n(converter = .*?)```", (ROOT / "docs/devices.md").read_text(), re.DOTALL
    )
    version, shown = exports("gan") / "1", {"tensorflow": tf}
    exec(code[0].replace("exports/gan/3", str(version)), shown)
    file = interpreter(content=shown["content"])
    assert set(file.get_signature_list()) == {"serving_default", "sample"}
    words = {"num": np.array([4], np.int32), "seed": np.array([7], np.int32)}
    found = file.get_signature_runner("sample")(**words)["images"]
    np.testing.assert_allclose(found, zoo.load(runs("gan")).sample(4, 7), rtol=0, atol=1e-5)
    whole = tf.lite.TFLiteConverter.from_saved_model(str(version))
    with pytest.raises(Exception, match="EncodePng"):
        whole.convert()


@pytest.mark.parametrize("rows", [1, 40, 5000])  # lengths of one, two and three bytes
def test_a_warm_up_record_is_what_the_stubs_write(rows):
    from tensorflow_serving.apis import prediction_log_pb2

    tensors = {
        "latents": tf.make_tensor_proto(np.random.RandomState(0).rand(rows, 9)),
        "seed": tf.make_tensor_proto(np.int32([7])),
    }
    expected = prediction_log_pb2.PredictionLog()
    request = expected.predict_log.request
    request.model_spec.signature_name = "generate"
    for key, value in tensors.items():
        request.inputs[key].CopyFrom(value)
    written = warmup.record("generate", tensors)
    assert prediction_log_pb2.PredictionLog.FromString(written) == expected


@pytest.mark.parametrize("model", fast_first(["vae", "cgan"], FAMILIES))
def test_warm_up_records_run(model, exports):
    from tensorflow_serving.apis import prediction_log_pb2

    version = exports(model) / "1"
    server = tf.saved_model.load(str(version)).signatures
    names = []
    file = str(version / "assets.extra" / "tf_serving_warmup_requests")
    for record in tf.data.TFRecordDataset(file):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        names.append(request.model_spec.signature_name)
        inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        server[names[-1]](**{key: tf.constant(value) for key, value in inputs.items()})
    assert set(names) == set(server) - {"serving_default"}
