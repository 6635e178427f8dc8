"""Requests that TensorFlow Serving makes of a version before it takes any of others.

It traces and allocates at the first call of a signature; with these in
`assets.extra/tf_serving_warmup_requests` no client waits for that.  A record that cannot be run
fails the whole version, so they are the very inputs that the export was verified with.

The messages around TensorFlow's own TensorProto are written field by field: four fields are no
reason to install `tensorflow-serving-api`, with whose classes a test reads them.
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

    with tf.io.TFRecordWriter(str(path)) as writer:
        for name, (inputs, _) in cases.items():
            tensors = {key: tf.make_tensor_proto(value) for key, value in inputs.items()}
            writer.write(record(name.removeprefix(DRAWN), tensors))


def record(signature, tensors):
    """A serialized PredictionLog of one call; `tensors`: input -> TensorProto."""
    # PredictRequest.model_spec = 1, and in that ModelSpec.signature_name = 3
    request = _field(1, _field(3, signature.encode()))
    for name, tensor in tensors.items():
        # PredictRequest.inputs = 2, a map: each entry has its key in 1 and its value in 2
        request += _field(2, _field(1, name.encode()) + _field(2, tensor.SerializeToString()))
    # PredictionLog.predict_log = 6, and in that PredictLog.request = 1
    return _field(6, _field(1, request))


def _field(number, content):
    """A field of bytes as protocol buffers have it: key, length in groups of 7 bits, content."""
    length, groups = len(content), []
    while length > 127:
        groups.append(length % 128 + 128)
        length //= 128
    return bytes([number * 8 + 2, *groups, length]) + content
