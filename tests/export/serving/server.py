"""A gRPC PredictionService over exports, as a stand-in for TensorFlow Serving.

    python server.py MODELS.CONFIG

It takes the configuration file that TensorFlow Serving takes, prints its port, and answers Predict
and GetModelMetadata with the status codes of TensorFlow Serving's own sources until its standard
input ends.  The file is read at each request and a model is loaded when it is first asked for, by
the loader of TensorFlow 1 without Keras; whether inputs fit is left to TensorFlow's runtime, as a
server leaves it.  What it does not have: REST, batching, warm-up, more than the version of a model
that was the newest when it was loaded.
"""

import pathlib
import sys
from concurrent import futures

sys.modules["keras"] = None  # or TensorFlow imports it

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf.config_pb2 import CallableOptions
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    predict_pb2,
    prediction_service_pb2_grpc,
)
from tensorflow_serving.config import model_server_config_pb2

from zoo.exporting import publish, verify


class RequestError(Exception):
    """A request that cannot be run: (status code, message)."""


class Model:
    """The newest version of an export."""

    def __init__(self, name, version):
        self.name, self.version = name, int(version.name)
        self._session, self.meta_graph = verify.load(version)
        self._calls = {}

    def predict(self, name, inputs):
        """Runs a signature; returns name -> output array."""
        if name not in self.meta_graph.signature_def:
            message = f'Serving signature key "{name}" not found.'
            raise RequestError(grpc.StatusCode.FAILED_PRECONDITION, message)
        signature = self.meta_graph.signature_def[name]
        if set(inputs) != set(signature.inputs):
            message = f"inputs must be {sorted(signature.inputs)}, not {sorted(inputs)}"
            raise RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)
        if name not in self._calls:
            # Not Session.run, which casts what it is given: a wrong type would never reach the
            # runtime.
            options = CallableOptions(
                feed=[info.name for info in _ordered(signature.inputs)],
                fetch=[info.name for info in signature.outputs.values()],
            )
            self._calls[name] = self._session._make_callable_from_options(options)
        return dict(zip(signature.outputs, self._calls[name](*_ordered(inputs)), strict=True))


def _ordered(named):
    return [named[name] for name in sorted(named)]


class Service(prediction_service_pb2_grpc.PredictionServiceServicer):
    """The two calls; a refusal is a status, and the next call is taken."""

    def __init__(self, config):
        self._config = pathlib.Path(config)
        self._models = {}

    def _model(self, spec):
        config = model_server_config_pb2.ModelServerConfig()
        text_format.Parse(self._config.read_text(), config)
        folders = {model.name: model.base_path for model in config.model_config_list.config}
        if spec.name in folders and spec.name not in self._models:
            version = publish.newest_version(pathlib.Path(folders[spec.name]))
            if version is not None:
                self._models[spec.name] = Model(spec.name, version)
        model = self._models.get(spec.name)
        wanted = spec.version.value if spec.HasField("version") else None
        if model is None or wanted not in (None, model.version):
            message = f"Servable not found for request: {spec.name}, version {wanted or 'latest'}"
            raise RequestError(grpc.StatusCode.NOT_FOUND, message)
        return model

    def Predict(self, request, context):  # noqa: N802
        return _answered(self._predict, request, context)

    def GetModelMetadata(self, request, context):  # noqa: N802
        return _answered(self._metadata, request, context)

    def _predict(self, request):
        model = self._model(request.model_spec)
        inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        outputs = model.predict(request.model_spec.signature_name or "serving_default", inputs)
        response = predict_pb2.PredictResponse()
        response.model_spec.name = model.name
        response.model_spec.version.value = model.version
        for name, value in outputs.items():
            response.outputs[name].CopyFrom(tf.make_tensor_proto(np.asarray(value)))
        return response

    def _metadata(self, request):
        if list(request.metadata_field) != ["signature_def"]:
            message = "metadata_field must be signature_def"
            raise RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)
        model = self._model(request.model_spec)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        for name, signature in model.meta_graph.signature_def.items():
            signatures.signature_def[name].CopyFrom(signature)
        response = get_model_metadata_pb2.GetModelMetadataResponse()
        response.model_spec.name = model.name
        response.model_spec.version.value = model.version
        response.metadata["signature_def"].Pack(signatures)
        return response


def _answered(call, request, context):
    try:
        return call(request)
    except RequestError as error:
        code, message = error.args
    except tf.errors.OpError as error:
        # TensorFlow's codes are gRPC's.
        code = next(code for code in grpc.StatusCode if code.value[0] == error.error_code)
        message = error.message
    return context.abort(code, message)


def _main(config):
    server = grpc.server(futures.ThreadPoolExecutor(1))
    service = Service(config)
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(service, server)
    print(server.add_insecure_port("localhost:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(None).wait()


if __name__ == "__main__":
    _main(*sys.argv[1:])
