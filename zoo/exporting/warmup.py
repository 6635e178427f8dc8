"""Requests that TensorFlow Serving makes of a version before it takes any of others.

It traces and allocates at the first call of a signature; with these in
`assets.extra/tf_serving_warmup_requests` no client waits for that.  A record that cannot be run
fails the whole version, so they are the very inputs that the export was verified with.
"""

from zoo.exporting.verify import DRAWN

FILE = "assets.extra/tf_serving_warmup_requests"


def write(path, cases):
    """Writes a TFRecord of PredictionLogs.

    Args:
        path: the file.
        cases: signature -> (inputs, outputs), of the SavedModel, as in `verify.cases`.
    """
    import tensorflow as tf
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, (inputs, _) in cases.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.signature_name = name.removeprefix(DRAWN)
            for key, value in inputs.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
            log = prediction_log_pb2.PredictionLog()
            log.predict_log.request.CopyFrom(request)
            writer.write(log.SerializeToString())
