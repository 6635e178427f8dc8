"""What a server does with an export, without Python or across a wire: it answers every signature as
Keras does, refuses bad requests by status, and goes on.

TensorFlow Serving itself is not run; docs/serving.md says what stands in for it.
"""

import io
import json
import os
import pickle
import re
import shutil
import subprocess
import sys
import typing

import grpc
import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)

import zoo
from tests import ROOT
from tests.export.serving import session
from tests.selection import FAMILIES, QUICK_EXPORTS, SERVED, fast_first
from zoo.exporting import saved_model, verify

NUMBERS = {"num", "seed", "position", "size"}  # one for a whole call
INVALID = grpc.StatusCode.INVALID_ARGUMENT.value[0]
NO_SIGNATURE = grpc.StatusCode.FAILED_PRECONDITION.value[0]


class Request(typing.NamedTuple):
    """A request, and what must come of it: `outputs`, or a status `code` and what is `said`."""

    signature: str
    inputs: dict
    outputs: dict
    case_name: str = ""  # see `verify.cases`
    code: int = 0
    said: str = ""


@pytest.fixture(scope="session")
def program(once):
    """The C program, compiled."""
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc to compile the program without Python")
    try:
        return once("session", session.build)
    except FileNotFoundError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def cases(once, runs):
    """model -> requests that Keras has answered, one for each signature."""

    def answer(path):
        sampler = zoo.load(runs(path.name))
        found = verify.cases(sampler.model, [], sampler.given)[verify.SAVED_MODEL]
        path.write_bytes(pickle.dumps(found))

    def requests(model):
        found = pickle.loads(once(f"cases/{model}", answer).read_bytes())
        return [
            Request(name.removeprefix(verify.DRAWN), *case, case_name=name)
            for name, case in found.items()
        ]

    return requests


class Server(typing.NamedTuple):
    """A server in a process of its own; `take(model)` has it serve an export."""

    address: str
    stub: prediction_service_pb2_grpc.PredictionServiceStub
    take: typing.Callable


@pytest.fixture(scope="module")
def server(exports, tmp_path_factory):
    """One server for all tests here."""
    config = tmp_path_factory.mktemp("served") / "models.config"
    taken = {}

    def take(model):
        taken[model] = (
            f"config {{ name: '{model}' base_path: '{exports(model)}' "
            "model_platform: 'tensorflow' }"
        )
        config.write_text("model_config_list {\n" + "\n".join(taken.values()) + "\n}\n")

    process = subprocess.Popen(
        [sys.executable, ROOT / "tests" / "export" / "serving" / "server.py", config],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    port = process.stdout.readline().strip()
    assert port, "the server has not started"
    address = f"localhost:{port}"
    with grpc.insecure_channel(address) as channel:
        yield Server(address, prediction_service_pb2_grpc.PredictionServiceStub(channel), take)
    assert process.poll() is None, "the server has not gone on"
    process.communicate(timeout=60)  # its input ends, and so does it
    assert process.returncode == 0


def all_requests(good):
    """Good requests; then after each bad one a good one again; and at the end all good ones, each
    also batched with itself where a server may do that."""
    by_name = {request.signature: request for request in good}
    sample = by_name["sample"]
    quick = by_name.get("log_prob", sample)
    requests = [by_name["generate"]._replace(signature="serving_default")]
    for shape in ((), (1, 1)):  # the column form of REST, and a browser's; [1] is the row form
        words = {key: sample.inputs[key].reshape(shape) for key in ("num", "seed")}
        requests.append(sample._replace(inputs={**sample.inputs, **words}))
    for bad in bad_requests(good):
        requests += [bad, quick]
    return [*requests, *good, *(batched(request) for request in good if may_be_batched(request))]


def may_be_batched(request):
    """Whether a server may merge calls of this signature: none of its inputs is one number."""
    return not NUMBERS & set(request.inputs)


def batched(request):
    """Two such calls as a server with `--enable_batching` merges them: rows after rows."""
    rows = max(len(value) for value in request.inputs.values())
    inputs = {
        # It merges calls of as many conditions as rows only.
        name: np.concatenate([np.resize(value, (rows, *value.shape[1:]))] * 2)
        for name, value in request.inputs.items()
    }
    outputs = {name: np.concatenate([value] * 2) for name, value in request.outputs.items()}
    return request._replace(inputs=inputs, outputs=outputs)


def bad_requests(good):
    """One mistake each, in every input of every signature."""
    ranges = {"num": (1, 1024), "label": (0, 9), "position": (0, 63), "size": (1, 4096)}
    for request in good:
        for name, value in request.inputs.items():

            def bad(other, said="", request=request, name=name):
                inputs = {**request.inputs, name: other}
                return Request(request.signature, inputs, {}, code=INVALID, said=said)

            if name in NUMBERS:
                said = f"{name} must be one number for the whole call"
                yield bad(np.concatenate([value, value]), said)  # two rows, or batched calls
                yield bad(value[:0], said)
            if name in ranges:
                low, high = ranges[name]
                for outside in sorted({-1, low - 1, high + 1, 10**9}):
                    said = f"{name} must be {low} to {high}"
                    yield bad(np.full_like(value, outside), said)
            if value.ndim > 1:
                said = "is not compatible with expected shape"
                yield bad(np.concatenate([value, value[:, :1]], axis=1), said)
                yield bad(value[:, :-1], said)
            if name in ("label", "condition"):
                yield bad(value[:0])
            yield bad(value.astype(np.float64 if value.dtype == np.float32 else np.float32))
            others = {key: x for key, x in request.inputs.items() if key != name}
            more = {**request.inputs, "other": value}
            yield Request(request.signature, others, {}, code=INVALID)
            yield Request(request.signature, more, {}, code=INVALID)
    yield Request("no_such_signature", good[0].inputs, {}, code=NO_SIGNATURE)


def check(request, answer):
    """An answer against what must come of its request."""
    about = f"{request.signature} of { {k: (v.dtype, v.shape) for k, v in request.inputs.items()} }"
    assert answer.code == request.code, f"{about}: {answer}"
    assert request.said in answer.message, about
    assert set(answer.outputs) == set(request.outputs), about
    if request.outputs:
        off = verify.difference(answer.outputs, request.outputs, request.case_name)["largest"]
        assert off <= verify.TOLERANCES["float32"], f"{about}: it differs by {off:.2e}"


def check_pictures(files, images):
    """PNG files against the pictures in [0, 1] that they are of."""
    assert files.shape == images.shape[:1]
    for file, image in zip(files, images, strict=True):
        assert file.startswith(b"\x89PNG\r\n\x1a\n")
        pixels = np.asarray(Image.open(io.BytesIO(file)), np.float32) / 255
        np.testing.assert_allclose(pixels.reshape(image.shape), image, rtol=0, atol=1 / 255)


@pytest.mark.parametrize("model", fast_first(SERVED, QUICK_EXPORTS))
def test_a_program_in_c_agrees_refuses_and_goes_on(model, program, exports, cases, tmp_path):
    requests = all_requests(cases(model))
    calls = [(request.signature, request.inputs) for request in requests]
    answers = session.run(program, exports(model) / "1", calls, tmp_path)
    assert len(answers) == len(requests)
    for request, answer in zip(requests, answers, strict=True):
        check(request, answer)


@pytest.mark.parametrize("model", fast_first(SERVED, QUICK_EXPORTS))
def test_a_server_agrees_refuses_and_goes_on(model, server, cases):
    server.take(model)
    for request in all_requests(cases(model)):
        check(request, predict(server, model, request.signature, request.inputs))


def predict(server, model, signature, inputs):
    """What the client of a server does; returns a `session.Answer`."""
    asked = predict_pb2.PredictRequest()
    asked.model_spec.name, asked.model_spec.signature_name = model, signature
    for name, value in inputs.items():
        asked.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    try:
        given = server.stub.Predict(asked, timeout=60)
    except grpc.RpcError as error:
        return session.Answer(error.code().value[0], error.details(), {})
    outputs = {name: tf.make_ndarray(value) for name, value in given.outputs.items()}
    assert (given.model_spec.name, given.model_spec.version.value) == (model, 1)
    return session.Answer(0, "", outputs)


def test_a_server_describes_its_signatures(server, cases):
    server.take("vae")
    asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    asked.model_spec.name = "vae"
    packed = server.stub.GetModelMetadata(asked, timeout=60).metadata["signature_def"]
    found = get_model_metadata_pb2.SignatureDefMap()
    assert packed.Unpack(found)
    good = {request.signature: request for request in cases("vae")}
    assert set(found.signature_def) - {"__saved_model_init_op"} == {*good, "serving_default"}
    for name, request in good.items():
        signature = found.signature_def[name]
        assert signature.method_name == "tensorflow/serving/predict"
        assert set(signature.inputs) == set(request.inputs)
        assert set(signature.outputs) == set(request.outputs)
        for key, value in request.inputs.items():
            info = signature.inputs[key]
            assert tf.as_dtype(info.dtype) == value.dtype
            number = key in NUMBERS
            assert info.tensor_shape.unknown_rank == number
            sizes = [dim.size for dim in info.tensor_shape.dim]
            assert number or sizes == [-1, *value.shape[1:]]


def test_what_is_not_served_is_not_found(server, cases):
    server.take("vae")
    sample = next(request for request in cases("vae") if request.signature == "sample")
    answer = predict(server, "no_such_model", "sample", sample.inputs)
    assert answer.code == grpc.StatusCode.NOT_FOUND.value[0]
    asked = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    asked.model_spec.name = "vae"
    asked.model_spec.version.value = 2
    with pytest.raises(grpc.RpcError) as caught:
        server.stub.GetModelMetadata(asked, timeout=60)
    assert caught.value.code() == grpc.StatusCode.NOT_FOUND
    check(sample, predict(server, "vae", "sample", sample.inputs))


def test_the_documentation_says_what_may_be_batched(cases):
    """A server merges calls by rows; docs/serving.md has a list of what that suits."""
    text = (ROOT / "docs" / "serving.md").read_text()
    (listed,) = re.findall(r"signatures may be batched:(.*?)\.", text, re.DOTALL)
    found = {r.signature for model in FAMILIES for r in cases(model) if may_be_batched(r)}
    assert set(re.findall(r"`(\w+)`", listed)) == found | {"serving_default"}


def test_what_the_documentation_shows(server):
    server.take("vae")
    text = (ROOT / "docs" / "serving.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    shown = {}
    exec(code.replace("localhost:8500", server.address), shown)
    assert shown["images"].shape == (4, 8, 8, 1)
    check_pictures(np.array(shown["files"], object), shown["images"])
    bodies = [json.loads(body) for body in re.findall(r"curl .*-d '(.*?)' http", text)]
    assert len(bodies) == 3
    for body in bodies:  # as tensors, by the rules of TensorFlow Serving's page on REST
        inputs = body.get("inputs", {})
        for row in body.get("instances", []):
            inputs |= {name: [*inputs.get(name, []), value] for name, value in row.items()}
        inputs = {name: np.array(value, np.int32) for name, value in inputs.items()}
        (output,) = predict(server, "vae", body["signature_name"], inputs).outputs.values()
        drawn = shown["images"][: int(inputs["num"].ravel()[0])]
        if body["signature_name"] == "sample_png":
            check_pictures(output, drawn)
        else:
            np.testing.assert_allclose(output, drawn, rtol=0, atol=1e-5)


def test_the_program_sees_a_model_that_only_python_can_load(program, tmp_path):
    """A SavedModel that tracks Keras objects reloads in Python and fails in a server."""
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    spec = tf.TensorSpec((None, 3), tf.float32, "latents")
    generate = tf.function(lambda latents: {"images": network(latents)}, input_signature=[spec])
    function = generate.get_concrete_function()
    inputs = {"latents": np.ones((4, 3), np.float32)}
    expected = network(inputs["latents"]).numpy()

    tf.saved_model.save(network, str(tmp_path / "keras"), signatures={"generate": function})
    saved_model.write({"generate": function}, tmp_path / "ours")
    revived = tf.saved_model.load(str(tmp_path / "keras")).signatures["generate"]
    np.testing.assert_allclose(revived(**inputs)["images"], expected, atol=1e-6)

    calls = [("generate", inputs)]
    ours, theirs = (
        session.run(program, tmp_path / name, calls, tmp_path)[0] for name in ("ours", "keras")
    )
    np.testing.assert_allclose(ours.outputs["images"], expected, atol=1e-6)
    assert theirs.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert "Could not find variable" in theirs.message
