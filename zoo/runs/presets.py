"""Presets: trained models in folders that are laid out as KerasHub's, those of the zoo by name.

config.json       the model's class, its settings and its `DataSpec`
metadata.json     versions, the step, the sha256 of the weights, and what is recorded of the run
model.weights.h5  what Keras' `save_weights` writes of the model before it is compiled: its weights,
                  a moving average in the place of each weight that has one; no optimizers
conditions.npy    example conditions, where the model takes any
README.md         the page that a hub shows

The settings are those of the run, `ema` too, so that training goes on in the same way; precision is
float32.  A folder may be a stranger's: its JSON is data, the model is looked up in the registry,
and Keras' generic deserializer, which makes objects by their names in a file, is never called.
"""

import dataclasses
import hashlib
import json
import pathlib

from zoo import registry
from zoo.config import UserError, nearest, override
from zoo.data.spec import DataSpec
from zoo.files import reading
from zoo.runs import identity

FOLDER = pathlib.Path(__file__).parent.parent / "presets"  # of the zoo's own
FORMAT = 1
CONFIG, METADATA, README = "config.json", "metadata.json", "README.md"
WEIGHTS, CONDITIONS = "model.weights.h5", "conditions.npy"
KEYS = {
    CONFIG: {"module": str, "class_name": str, "config": dict, "registered_name": str},
    METADATA: {"format": int, "weights_sha256": str, "step": int, "run": dict},
}
RECORDED = {
    "model": str, "dataset": str, "data": dict, "held_out": dict, "stretches": list,
    "evaluations": list,
}  # fmt: skip


def names():
    """Returns the names of the zoo's own presets; imports no TensorFlow."""
    return sorted(path.parent.name for path in FOLDER.glob(f"*/{CONFIG}"))


def summaries():
    """Returns (name, model, data set, steps, parameters) of each of the zoo's own, as words."""
    found = []
    for name in names():
        metadata = _read_json(FOLDER / name / METADATA, KEYS[METADATA])
        run, count = metadata["run"], metadata["parameter_count"]
        words = f"{metadata['step']} steps", f"{count:,} parameters"
        found.append((name, run["model"], run["dataset"], *words))
    return found


def is_preset(path):
    """Whether a folder holds a preset, or what is left of one."""
    return any((pathlib.Path(path) / name).is_file() for name in KEYS)


class Preset:
    """A preset, opened for looking; `read` makes one.

    Attributes:
        path: its folder.
        facts: as a `Run`'s, of the run that the weights are from, with `trained_steps`.
        kind: the `GenerativeModel`'s class.
        config: its settings.
        data_spec: its `DataSpec`.
        validated, evaluations, seconds: as a `Run`'s.
        weights_sha256: of the file.
    """

    @classmethod
    def read(cls, preset):
        """Opens a preset; imports TensorFlow.

        Args:
            preset: a folder, or else a name of `names()`.

        Raises:
            UserError: there is none, or its files are damaged, of another zoo or of another format.
        """
        return cls(_folder(preset))

    def __init__(self, path):
        self.path = path
        config, metadata = (_read_json(path / name, keys) for name, keys in KEYS.items())
        if metadata["format"] != FORMAT:
            raise UserError(
                f"{str(path)!r} is of format {metadata['format']}, and this zoo reads {FORMAT}: "
                "save the preset again."
            )
        model = _registered(path, config)
        self.weights_sha256 = metadata["weights_sha256"]
        try:
            settings = override(registry.module(model).Config(), config["config"]["config"])
            self.config = dataclasses.replace(settings, precision="float32")
            self.data_spec = DataSpec.of_json(dict(config["config"]["data_spec"]))
            run = _of_kinds(metadata["run"], RECORDED)
            _of_kinds(run["held_out"], {"examples": int})
        except (UserError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise UserError(f"{str(path)!r} is damaged: {_said(error)}.") from None
        self.kind = _kinds(model)[config["class_name"]]
        self.validated, self.evaluations = run.get("validated"), run["evaluations"]
        self.seconds = run.get("seconds")
        self.facts = {
            **run,
            "config": json.loads(json.dumps(dataclasses.asdict(self.config))),
            "trained_steps": metadata["step"],
        }

    def conditions(self):
        """Returns the example conditions, or None; as a `Run`'s."""
        import numpy as np

        path = self.path / CONDITIONS
        if self.data_spec.condition == "none":
            return None
        try:
            with reading(path):
                return checked(self.data_spec, np.load(path, allow_pickle=False))
        except (ValueError, EOFError):  # a UserError is one
            raise UserError(
                f"{str(path)!r} is missing or damaged: put a copy of the preset back."
            ) from None

    def data(self):
        """Returns the `Dataset` of the run; see `identity.training_data`."""
        if not self.facts["stretches"]:
            raise UserError(f"the data of {str(self.path)!r} is not recorded: name a run.")
        return identity.training_data(self.path, self.facts)

    def model(self):
        """Returns the model with its weights, not compiled: to draw from."""
        try:
            model = self.kind(self.config, self.data_spec)
        except UserError as error:
            raise UserError(f"{str(self.path)!r} is damaged: {_said(error)}.") from None
        if not self._fills(model):
            raise UserError(
                f"{str(self.path / WEIGHTS)!r} holds other weights than {CONFIG} says: put a copy "
                "of the preset back."
            )
        return model

    def begin(self, model):
        """Puts the weights into a compiled `model`, which may have been made of other settings or
        data; its averages begin with them too, and its optimizers and its step stay.

        Raises:
            UserError: they do not fit it.
        """
        plain = self.kind(model.config, model.data_spec)
        if not self._fills(plain):
            self.model()  # which says so where the file is to blame
            raise UserError(
                f"the weights of the preset {self.path.name!r} do not fit: leave out the "
                "--config.KEY or --data.KEY that changes the sizes of its networks."
            )
        step = model.step.numpy()
        with model.distribute_strategy.scope():
            pairs = zip(model.sampled_weights(), plain.weights, strict=True)
            for (weight, drawn), new in pairs:
                weight.assign(new.numpy())
                if drawn is not weight:
                    drawn.assign(new.numpy())
            model.step.assign(step)

    def check_data(self, spec):
        """Refuses data that the model cannot go on with.

        Raises:
            UserError: its `DataSpec` differs in what the networks or their losses follow.
        """
        own, name = self.data_spec, self.path.name
        for key, words, help in (
            ("shape", "draws {}", _size_help(own)),
            ("range", "trained on the range {}", "leave --data.range out"),
            ("condition", "is given the condition {}", "leave --condition out"),
            ("condition_shape", "is given a condition of shape {}", "name data with these classes"),
            ("visible", "is given {} quadrants", "leave --data.visible out"),
            ("symbols", "draws the symbols {}", "name data of these symbols"),
        ):
            mine, theirs = getattr(own, key), getattr(spec, key)
            if mine != theirs:
                raise UserError(
                    f"the preset {name!r} {words.format(_sides(mine))}, and {spec.name!r} has "
                    f"{_sides(theirs)}: {help}."
                )
        if self.kind.on_levels and own.levels != spec.levels:
            raise UserError(
                f"the preset {name!r} draws {own.levels} levels, and {spec.name!r} has "
                f"{spec.levels}: name data of {own.levels} levels."
            )

    def _fills(self, model):
        """Loads the weights into a model that is not compiled; returns whether they are its own."""
        path = self.path / WEIGHTS
        with reading(path):
            content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != self.weights_sha256:
            raise UserError(
                f"{str(path)!r} is not the file that {METADATA} names, cut or changed: put a copy "
                "of the preset back."
            )
        try:
            model.load_weights(path)
        except Exception:  # Keras and its HDF5 reader raise many kinds of errors on other files
            return False
        return True


def load(preset, steps=None, **overrides):
    """Returns a compiled model that goes on from a preset; see `GenerativeModel.from_preset`."""
    found = Preset.read(preset)
    config = override(found.config, overrides)
    if steps is None and getattr(config, "decay", "none") != "none" and "decay" not in overrides:
        config = dataclasses.replace(config, decay="none")
    module = registry.module(found.facts["model"])
    model = module.build(config, found.data_spec, steps=steps)
    found.begin(model)
    model.step.assign(found.facts["trained_steps"])
    return model


def _folder(preset):
    path = pathlib.Path(preset)
    with reading(path):
        if is_preset(path):
            return path
        if path.exists():
            raise UserError(f"{str(path)!r} is not a preset: it has no {CONFIG}.")
    if str(preset) in names():
        return FOLDER / str(preset)
    raise UserError(f"there is no preset {str(preset)!r}: {nearest(preset, names())}.")


def _read_json(path, keys):
    try:
        with reading(path):
            found = json.loads(path.read_bytes())
        return _of_kinds(found, keys)
    except UserError:
        raise
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UserError(
            f"{str(path)!r} is damaged or not of a preset of this zoo: {_said(error)}."
        ) from None


def _of_kinds(found, kinds):
    """Checks the values of a dict by their types, and returns it."""
    if not isinstance(found, dict):
        raise TypeError("it is not a JSON object")
    for key, kind in kinds.items():
        if not isinstance(found.get(key), kind):
            raise TypeError(f"its {key!r} must be of type {kind.__name__}")
    return found


def _said(error):
    if isinstance(error, KeyError):
        return f"it has no {error}"
    return str(error).rstrip(".") if isinstance(error, UserError | TypeError) else "it is not JSON"


def _kinds(model):
    """Returns class name -> class of the models that a registered module makes."""
    from zoo.training.model import GenerativeModel

    module = registry.module(model)
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, GenerativeModel)
        and value.__module__ == module.__name__
    }


def _registered(path, config):
    """Returns the registry's name of the model of a config.json."""
    for name, entry in registry.MODELS.items():
        if entry.module == config["module"] and config["class_name"] in _kinds(name):
            return name
    raise UserError(
        f"{str(path)!r} is a preset of {config['registered_name']!r}, which is no model of this "
        "zoo: load it by the package that wrote it."
    )


def checked(spec, given):
    """Returns example conditions, an array, as a model of `spec` takes them; or a `UserError`."""
    if spec.condition == "label":
        if given.ndim != 1 or given.dtype.kind not in "iu" or not len(given):
            raise UserError("conditions of this model are labels, int [L].")
        spec.check_labels(given)
        return given.astype("int32")
    given = given.astype("float32").reshape(len(given), -1)
    if given.shape[1] != spec.condition_size or not len(given):
        raise UserError(f"conditions of this model are float32 [L, {spec.condition_size}].")
    return given


def _size_help(spec):
    if spec.symbols:
        return f"pass --data.length={spec.shape[0]}, or name data of these symbols"
    if spec.modality != "images":
        return "name data of this shape"
    side = spec.shape[0]
    return f"pass --data.image_size={side}" if spec.shape[0] == spec.shape[1] else "crop them"


def _sides(value):
    return "x".join(map(str, value)) if isinstance(value, tuple) else repr(value)
