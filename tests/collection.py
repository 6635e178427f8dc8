"""What each model of the collection was seen to do: one table.

    python -m tests.collection [--models=gan,vae] [--seeds=5] [--out=results/collection.json]
    python -m tests.collection --page=docs/collection.md [--out=results/collection.json]

The first measures, and adds each model to the file as it ends: the short run of its test file from
each seed; a training that is saved, forgotten, restored and continued; two replicas; the SavedModel
and the files for devices against Keras, through `zoo.exporting.verify`; files of Keras.  A check
that fails ends it with a traceback.  The second writes the page from the file, see
`tests/usage/test_collection.py`.
"""

import argparse
import contextlib
import importlib
import json
import pathlib
import tempfile

import zoo
from tests import ROOT, contract, keras_files
from zoo import files, registry
from zoo.exporting import facts, formats, onnx, saved_model, signatures, tflite, verify
from zoo.runs import provenance

STEPS = 4  # of a model before it is exported, and before its replicas are compared
RESUMES = "restored run continues bit for bit"
KERAS = ".keras file read again is the same"
TFLITE = formats.FLOAT32[0].file
HEAD = """# The collection, model by model

Written by `python -m tests.collection --page={page}` from
[`{name}`](../results/{name}), not by hand. In each row:

* *Lines* are those of the model's own file.
* *Learns*: figures before and after the short run of the model's test file, each as its range over
  {seeds} training seeds. `frechet` is the relative Fréchet distance of 1,000 samples, `score` a
  classifier's, `elbo` in nats, `good` the share of points within 3σ, `js_1` to `js_4` divergences
  of n-grams. Before, a VAE's or PixelRNN's is the likelihood of independent pixels. These runs are
  short; [RESULTS.md](../RESULTS.md) has trainings, and the figures of real data.
* *Resumes*: saved, forgotten, restored and continued, all weights, optimizers and averages are bit
  for bit those of a training that was never interrupted. [`kills.json`](../results/kills.json) has
  kills at every call of whole runs.
* *Replicas*: the largest difference of a weight after {steps} steps on two replicas from one
  device's. *SavedModel*, *TFLite*, *ONNX*: of a signature's values from the model's in Keras.
* *.keras*: a file read again has the same weights, optimizers, settings and pictures.

| model | lines | data | learns | resumes | replicas | SavedModel | TFLite | ONNX | .keras |
|---|---|---|---|---|---|---|---|---|---|
"""


def learned(name, seeds):
    """data -> figure -> [[before, after] of each seed]."""
    short_run = importlib.import_module(f"tests.models.test_{name}").short_run
    found = {}
    for seed in range(seeds):
        for data, (before, after) in short_run(seed=seed).items():
            of_data = found.setdefault(data, {})
            for figure in after:
                pair = [float(before[figure]), float(after[figure])]
                of_data.setdefault(figure, []).append(pair)
    return found


def exported(name, data, folder):
    """File -> the largest difference of its signatures from the model."""
    model = contract.make(name, data.spec, ema=0.9)
    contract.run_steps(model, data, STEPS)
    model.save_to_preset(folder / "preset", data.conditions())
    sampler = zoo.load(folder / "preset")
    stage, chosen = folder / "export", formats.FLOAT32[:1]
    saved_model.write(signatures.for_servers(sampler.model), stage)
    tflite.write(sampler.model, chosen, stage, facts.text(sampler), sampler.given)
    onnx.write(sampler.model, stage)
    cases = verify.cases(sampler.model, chosen, sampler.given)
    cases |= onnx.cases(cases[TFLITE])
    return {file: found["largest"] for file, found in verify.check(stage, cases).items()}


def measured(name, seeds):
    """The facts of a model."""
    data = zoo.load_data(name)
    source = pathlib.Path(registry.module(name).__file__)
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        here = pathlib.Path(folder)
        contract.check_restored_run_continues(name, data, here)
        keras_files.check_round_trip(name, data, here)
        (apart,) = contract.replicas_apart(name, data, [STEPS])
        differences = exported(name, data, here)
    return {
        "file": str(source.relative_to(ROOT)),
        "lines": len(source.read_text().splitlines()),
        RESUMES: True,  # or its check has raised
        KERAS: True,
        "replicas": apart,
        "files": differences,
        "learned": learned(name, seeds),
        "code": provenance.code(),
    }


def page(found, path, out):
    """Returns the page that is written to `path` of the facts in the file `out`."""
    head = HEAD.format(page=path, name=out.name, seeds=found["seeds"], steps=STEPS)
    return head + "".join(f"{row(name, one)}\n" for name, one in found["models"].items())


def row(name, one):
    """A model's line of the table."""
    found = one["files"]
    onnx_files = max(found[file] for file in onnx.FILES.values())
    cells = [f"[`{name}`](../{one['file']})", str(one["lines"])]
    cells += ["<br>".join(one["learned"]), "<br>".join(map(figures, one["learned"].values()))]
    cells.append("✓" if one[RESUMES] else "no")
    differences = one["replicas"], found[verify.SAVED_MODEL], found[TFLITE], onnx_files
    cells += [f"{value:.1e}" if value else "0" for value in differences]
    cells.append("✓" if one[KERAS] else "no")
    return f"| {' | '.join(cells)} |"


def figures(found):
    """Each figure's range over seeds, before and after."""
    said = []
    for figure, pairs in found.items():
        before, after = zip(*pairs, strict=True)
        said.append(f"`{figure}` {_range(before)} → {_range(after)}")
    return "<br>".join(said)


def _range(values):
    low, high = (f"{value:.3g}" for value in (min(values), max(values)))
    return low if low == high else f"{low}…{high}"


def main():
    """Measures and writes the file, or writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default=",".join(zoo.names()))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=pathlib.Path, default="results/collection.json")
    parser.add_argument("--page", type=pathlib.Path)
    words = parser.parse_args()
    if words.page:
        words.page.write_text(page(json.loads(words.out.read_text()), words.page, words.out))
        return
    out = words.out.resolve()
    files.check_out(out)
    found = {"command": "python -m tests.collection", "seeds": words.seeds, "models": {}}
    if out.exists():  # by other models, or begun
        found = json.loads(out.read_text())
    contract.two_cpus()
    for name in words.models.split(","):
        one = measured(name, words.seeds)
        models = found["models"] | {name: one}
        found["models"] = {name: models[name] for name in zoo.names() if name in models}
        files.write_whole(out, (json.dumps(found, indent=2) + "\n").encode())
        print(row(name, one), flush=True)


if __name__ == "__main__":
    main()
