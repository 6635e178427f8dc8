"""Exports a run: a SavedModel for servers and a TensorFlow Lite file for devices, in one version.

    python -m zoo.export --run=runs/a --out=exports/NAME

The version is checked by the loaders of both worlds and then appears by one rename as
exports/NAME/1, /2, …
"""

import tempfile

from absl import flags

from zoo import cli
from zoo.config import UserError

FLAGS = flags.FLAGS
flags.DEFINE_string("run", None, "the run directory")
flags.DEFINE_string("out", None, "FOLDER/NAME, e.g. exports/digits")


def export(run_path, out):
    """Exports the run at `run_path` to the next version under `out` and returns its folder."""
    import numpy as np
    import tensorflow as tf

    from zoo import pictures, sheets
    from zoo.exporting import card, publish, saved_model, signatures, tflite, verify
    from zoo.sampling import RunSampler

    path = publish.target(out)
    # A GPU's default rounding of matrix products is coarser than the 1e-5 that is promised.
    tf.config.experimental.enable_tensor_float_32_execution(False)
    sampler = RunSampler(run_path)
    model, run = sampler.model, sampler.run
    run.facts["trained_steps"] = int(model.step.numpy())
    functions = signatures.concrete(model)
    with publish.staging(path) as stage:
        saved_model.write(functions, stage)
        with tempfile.TemporaryDirectory() as source:
            # TensorFlow Lite has no Assert.
            saved_model.write(signatures.concrete(model, checked=False), source)
            tflite.write(source, stage / "model.tflite")
        differences = verify.check(stage, verify.cases(functions, model, sampler.given))
        extra = stage / "assets.extra"
        extra.mkdir()
        text = card.text(run, model, functions, differences, stage / "model.tflite")
        (extra / "card.md").write_text(text)
        (stage / publish.FACTS).write_text(card.facts(sampler))
        if sampler.given is not None:
            np.save(stage / publish.CONDITIONS, sampler.given)
        sheet = sheets.sheet(sampler.data_spec, *sheets.arranged(sampler, sheets.NUM, seed=0))
        pictures.write_png(extra / "samples.png", sheet)
        return publish.publish(stage, path)


@cli.command
def main():
    """Exports and says where to."""
    for name in ("run", "out"):
        if FLAGS[name].value is None:
            raise UserError(
                f"--{name} is missing: python -m zoo.export --run=… --out=exports/NAME."
            )
    cli.start_tensorflow()
    version = export(FLAGS.run, FLAGS.out)
    print(
        f"SavedModel  {version}\n"
        f"TFLite      {version / 'model.tflite'}\n"
        f"card        {version / 'assets.extra' / 'card.md'}"
    )


if __name__ == "__main__":
    main()
