"""Exports a run or a preset: a SavedModel for servers, TensorFlow Lite files for devices and, by
--onnx, ONNX files, in one version.

    python -m zoo.export --run=runs/a --out=exports/NAME [--quantize=float16,dynamic,int8] [--onnx]
    python -m zoo.export --verify=exports/NAME

The version is checked by the loaders of both worlds and then appears by one rename as
exports/NAME/1, /2, …  What quantization loses is measured on the run's data, which must be at hand
for it, and written on the card.  --verify compares every file of every version with its manifest.
"""

from absl import flags

from zoo import cli
from zoo.config import UserError
from zoo.files import check_folder, reading, writing
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_string("run", None, "a run directory, or a preset")
    flags.DEFINE_string("out", None, "FOLDER/NAME, e.g. exports/digits")
    flags.DEFINE_list(
        "quantize", ["none"], "smaller TensorFlow Lite files as well: float16, dynamic, int8"
    )
    flags.DEFINE_bool("onnx", False, "ONNX files as well; needs the extra `onnx`")
    flags.DEFINE_string(
        "verify", None, "an export, or a version of one, to compare with its manifest"
    )


def export(run_path, out, quantize=("none",), with_onnx=False):
    """Exports a run or a preset to the next version under `out` and returns its folder.

    Raises:
        UserError: `out` is no place for an export, the model cannot have one of the formats, the
            data for the figures of a quantized file is not at hand, a package of the extra `onnx`
            is missing, or a check fails.
    """
    import numpy as np

    from zoo.exporting import (
        card,
        compare,
        facts,
        formats,
        onnx,
        publish,
        saved_model,
        signatures,
        tflite,
        verify,
        warmup,
    )
    from zoo.sampling.loading import load_model
    from zoo.viz import grid, sheet

    with reading(out):
        path = publish.target(out)
    chosen = formats.chosen(quantize)
    if with_onnx:
        onnx.check_installed()
    sampler = load_model(run_path)
    model, run = sampler.model, sampler.run
    formats.check(chosen, model)
    quantized = any(format.precision != "float32" for format in chosen)
    data = run.data() if quantized else None
    functions = signatures.for_servers(model)
    with publish.staging(path) as stage:
        with writing(path, publish.NOTHING):
            saved_model.write(functions, stage)
        said = facts.text(sampler)
        tflite.write(model, chosen, stage, said, sampler.given)
        cases = verify.cases(model, chosen, sampler.given)
        if with_onnx:
            onnx.write(model, stage)
            cases |= onnx.cases(cases[formats.FLOAT32[0].file])
        differences = verify.check(stage, cases)
        held_out = run.facts["held_out"]["split"]
        compared = compare.compare(sampler, data, held_out, stage, chosen)
        extra = stage / "assets.extra"
        text = card.text(sampler, functions, differences, compared, stage)
        with writing(path, publish.NOTHING):
            extra.mkdir()
            warmup.write(stage / warmup.FILE, cases[verify.SAVED_MODEL])
            (extra / "card.md").write_text(text)
            (stage / facts.FILE).write_text(said)
            if sampler.given is not None:
                np.save(stage / publish.CONDITIONS, sampler.given)
        drawn = sheet.sheet(sampler.data_spec, *sheet.arranged(sampler, sheet.NUM, seed=0))
        grid.write_png(extra / "samples.png", drawn)
        return publish.publish(stage, path)


@cli.command(define_flags)
def main():
    """Exports and says where to, or verifies and says what was."""
    if FLAGS.verify is not None:
        from zoo.exporting import publish

        for version in publish.check_versions(FLAGS.verify):
            print(f"{version}: every file is the one that was exported")
        return
    for name in ("run", "out"):
        if FLAGS[name].value is None:
            raise UserError(
                f"--{name} is missing: python -m zoo.export --run=… --out=exports/NAME."
            )
    from zoo.exporting import publish
    from zoo.sampling.loading import find

    find(FLAGS.run, with_model=True)
    with reading(FLAGS.out):
        check_folder(publish.target(FLAGS.out))
    start_tensorflow(exact=True)
    version = export(FLAGS.run, FLAGS.out, FLAGS.quantize, FLAGS.onnx)
    print(f"SavedModel  {version}")
    for title, suffix in (("TFLite", "tflite"), ("ONNX", "onnx")):
        files = ", ".join(sorted(path.name for path in version.glob(f"*.{suffix}")))
        if files:
            print(f"{title:11} {files}")
    print(f"card        {version / 'assets.extra' / 'card.md'}")


if __name__ == "__main__":
    main()
