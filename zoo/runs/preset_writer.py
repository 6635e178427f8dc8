"""Writes a preset: one folder, whole or not at all; `presets` says what is in it."""

import dataclasses
import datetime
import hashlib
import importlib.metadata
import json
import os
import pathlib
import tempfile

import keras
import numpy as np

from zoo import registry
from zoo.config import UserError
from zoo.data import names as spelling
from zoo.files import reading, write_whole, writing
from zoo.runs import history, presets, provenance


def save(model, folder, conditions=None, run=None):
    """Writes a preset; see `GenerativeModel.save_to_preset`.

    Args:
        model: a `GenerativeModel`.
        folder: where to; its last part is the preset's name.  A preset there is replaced.
        conditions: examples of them; needed where the model is given pictures.
        run: the `Run` or the `Preset` that it is from, or None.

    Raises:
        UserError: the model is not of the registry, or `folder` holds something else.
        WriteError: the file system refuses.
    """
    folder = pathlib.Path(folder).absolute()
    with reading(folder):
        if folder.exists() and not presets.is_preset(folder) and (
            not folder.is_dir() or any(folder.iterdir())
        ):  # fmt: skip
            raise UserError(f"{str(folder)!r} holds other files: name a new folder.")
    _name(model)
    conditions = _conditions(model.data_spec, conditions)
    plain = type(model)(model.config, model.data_spec)
    for (_, drawn), target in zip(model.sampled_weights(), plain.weights, strict=True):
        target.assign(drawn.numpy())
    with writing(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".staging-", dir=folder.parent) as stage:
        new = pathlib.Path(stage) / folder.name
        with writing(folder, "nothing there has changed"):
            new.mkdir()
            plain.save_weights(new / presets.WEIGHTS)
            if conditions is not None:
                np.save(new / presets.CONDITIONS, conditions)
        _write_json(new / presets.CONFIG, _config(model))
        _write_json(new / presets.METADATA, _metadata(plain, new / presets.WEIGHTS, run))
        write_whole(new / presets.README, _readme(presets.Preset(new)).encode())
        with writing(folder):
            if folder.exists():
                os.rename(folder, pathlib.Path(stage) / "old")
            os.rename(new, folder)


def _config(model):
    """Returns what config.json says of a model: the keys are those of Keras' serialization."""
    kind = type(model)
    settings = dataclasses.replace(model.config, precision="float32")
    return {
        "module": kind.__module__,
        "class_name": kind.__name__,
        "config": {
            "config": dataclasses.asdict(settings),
            "data_spec": dataclasses.asdict(model.data_spec),
        },
        "registered_name": keras.saving.get_registered_name(kind),
    }


def _name(model):
    """Returns the registry's name of a model.

    Raises:
        UserError: it has none.
    """
    kind = type(model)
    for name, entry in registry.MODELS.items():
        if entry.module == kind.__module__:
            return name
    raise UserError(
        f"only models of the registry have presets, and {kind.__module__}.{kind.__name__} is not "
        "one: use save_weights."
    )


def _metadata(model, weights, run):
    """Returns what metadata.json says: KerasHub's keys, then ours."""
    step = int(model.step.numpy())
    if run is not None and run.facts["trained_steps"] == step:
        kept = ("model", "dataset", "data", "steps", "held_out", "stretches", "examples", "from")
        recorded = {key: run.facts[key] for key in kept if key in run.facts}
        recorded["recipe"] = history.recipe(run.facts)
        recorded |= {"validated": run.validated, "evaluations": run.evaluations}
        recorded["seconds"] = run.seconds
    else:
        spec = model.data_spec
        data = {
            "range": spec.range,
            "binarize": spec.binarize,
            "dequantize": spec.dequantized,
            "condition": spec.condition,
            "visible": spec.visible,
            "target": "name" if spec.modality == "text" and not spec.symbols else "image",
        }
        recorded = {
            "model": _name(model),
            "dataset": spec.name,
            "data": data,
            "held_out": {"split": None, "examples": 0},
            "stretches": [],
            "evaluations": [],
        }
    return {
        "keras_version": importlib.metadata.version("keras"),
        "zoo_version": provenance.ZOO.__version__,
        "parameter_count": model.count_params(),
        "date_saved": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d@%H:%M:%S"),
        "format": presets.FORMAT,
        "weights_sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        "step": step,
        "run": recorded,
    }


def _write_json(path, value):
    write_whole(path, (json.dumps(value, indent=2) + "\n").encode())


def _conditions(spec, given):
    """Returns example conditions as a model takes them, one of each class unless given; or None."""
    if spec.condition == "none":
        return None
    if given is None and spec.condition == "label":
        given = np.arange(spec.classes)
    if given is None and spec.condition == "name":
        given = spelling.encode(spec.names, spec.names)
    if given is None:
        raise UserError("this model is given pictures: pass some of them, conditions=….")
    return presets.checked(spec, np.asarray(given))


def _readme(preset):
    """The page of a preset, with the head that hubs read."""
    facts, spec, name = preset.facts, preset.data_spec, preset.path.name
    tags = ["generative-model", "tensorflow", "keras", facts["model"], spec.name]
    head = {"library_name": "generative-zoo", "license": "apache-2.0"}
    if spec.modality == "images" and spec.condition == "none":
        head["pipeline_tag"] = "unconditional-image-generation"
    lines = [f"{key}: {json.dumps(value)}" for key, value in head.items()]
    lines += ["tags:", *(f"- {json.dumps(tag)}" for tag in tags)]
    head = "\n".join(lines)
    return f"""---
{head}
---

# {name}

{history.trained(preset)}
Draws examples float32 [B, {", ".join(map(str, spec.shape))}]{_given(spec)}:

```python
import zoo

x = zoo.load("{name}").sample(16, seed=7)  # or the path of a copy of this folder
```

`python -m zoo.train --from={name} --dataset=…` trains on, on data of your own. `model.weights.h5`
holds the moving average of each weight that has one, and no optimizers.

{history.settings(preset)}
"""


def _given(spec):
    if spec.condition == "none":
        return ""
    words = {
        "label": "a class",
        "name": "a name",
        "image": "a picture",
        "quadrants": "pictures, of which it sees some quadrants",
    }
    return f" given {words[spec.condition]} (`condition=…`)"
