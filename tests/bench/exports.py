"""Latency and size of a DCGAN generator's files, as ratios measured in turns.

    python -m tests.bench.exports [--out=results/exports.json]

28x28 pictures, one at a time, on one thread; onnxruntime runs the same graph, from tf2onnx (both
are in the extra `onnx`).  The networks are the default's size, and that of 128 channels next to
the picture; weights are the initial ones and statistics are drawn, which changes no time.  Of many
turns the fastest counts.
"""

import argparse
import json
import pathlib
import tempfile
import time

import numpy as np
import tensorflow as tf

from zoo import registry
from zoo.config import override
from zoo.data.spec import DataSpec
from zoo.exporting import formats, signatures, tflite

TURNS, CALLS = 200, 5
WIDE = 293  # scaled to 28x28: 128 channels


def model(channels):
    """An untrained `dcgan` of 28x28 pictures whose BatchNorms have something to do."""
    module = registry.module("dcgan")
    spec = DataSpec("mnist", (28, 28, 1), classes=10, range="symmetric")
    built = module.build(override(module.Config(), {"channels": channels}), spec)
    random = np.random.RandomState(0)
    for variable in built.generator.variables:
        if "moving_variance" in variable.path:
            variable.assign(random.rand(*variable.shape) + 0.5)
        if "moving_mean" in variable.path:
            variable.assign(0.1 * random.randn(*variable.shape))
    return built


def litert(file):
    """A call of one picture."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(file), num_threads=1)
    runner = interpreter.get_signature_runner("generate")

    def call(latents, keep=interpreter):  # a runner does not keep its interpreter alive
        return runner(latents=latents)["images"]

    return call


def onnx(function):
    """The same of onnxruntime, of a function of latents [1, z]."""
    import onnxruntime
    import tf2onnx

    spec = [tf.TensorSpec((1, 100), tf.float32, "latents")]
    graph, _ = tf2onnx.convert.from_function(
        tf.function(function, autograph=False), input_signature=spec, opset=17
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda latents: session.run(None, {session.get_inputs()[0].name: latents})[0]


def as_it_is(model, folder):
    """A float32 file in which the transposed convolutions are left as they are."""
    specs = [tf.TensorSpec((1, model.latent), tf.float32, "latents")]
    function = tf.function(
        lambda latents: {"images": model.generate(latents)}, specs, autograph=False
    ).get_concrete_function()
    module = tf.Module()
    module.weights = list(function.graph.variables)  # raw ones: see `exporting.saved_model`
    tf.saved_model.save(module, str(folder / "transposed"), signatures={"generate": function})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder / "transposed"))
    (folder / "transposed.tflite").write_bytes(converter.convert())
    return litert(folder / "transposed.tflite")


def measured(channels):
    """Times and sizes of one width."""
    built, chosen = model(channels), formats.chosen(["float16", "dynamic", "int8"])
    latents = built.sampling_latents(1, 0).numpy()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        tflite.write(built, chosen, folder, "{}")
        sizes = {f.file: (folder / f.file).stat().st_size for f in chosen}
        calls = {f.file: litert(folder / f.file) for f in chosen if f.batch in (None, 1)}
        calls["transposed convolutions"] = as_it_is(built, folder)
        calls["onnxruntime"] = onnx(built.generate)
        server = signatures.for_servers(built)["generate"]
        calls["SavedModel's function, TensorFlow"] = lambda z: server(tf.constant(z))["images"]
        expected = built.generate(latents).numpy()
        off = {name: float(np.abs(call(latents) - expected).max()) for name, call in calls.items()}
        best = dict.fromkeys(calls, float("inf"))
        for _ in range(TURNS):
            for name, call in calls.items():
                begun = time.perf_counter()
                for _ in range(CALLS):
                    call(latents)
                best[name] = min(best[name], (time.perf_counter() - begun) / CALLS)
    first = formats.FLOAT32[0].file
    return {
        "channels": channels,
        "milliseconds": {name: 1000 * value for name, value in best.items()},
        "latency over onnxruntime's": {n: v / best["onnxruntime"] for n, v in best.items()},
        "float32's latency over": {n: best[first] / v for n, v in best.items()},
        "bytes over float32's": {name: size / sizes[first] for name, size in sizes.items()},
        "largest difference from Keras": off,
    }


def main():
    """Prints a table for each width, writes the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path)
    out = parser.parse_args().out
    found = [measured(channels) for channels in (128, WIDE)]
    for one in found:
        print(f"dcgan, 28x28, --config.channels={one['channels']}")
        for name, ratio in one["latency over onnxruntime's"].items():
            size = one["bytes over float32's"].get(name)
            print(f"  {name:34} {ratio:5.2f} of onnxruntime's time"
                  + ("" if size is None else f", {size:.3f} of float32's bytes"))  # fmt: skip
    if out:
        command = f"python -m tests.bench.exports --out={out}"
        facts = {"command": command, "turns": TURNS, "calls": CALLS, "threads": 1, "cases": found}
        out.write_text(json.dumps(facts, indent=2) + "\n")


if __name__ == "__main__":
    main()
