"""What Keras' files need of a class: a name to find it by, and the arguments that make its objects.

A file holds neither code nor pickles: a class by its registered name, its arguments as plain JSON.
"""

import copy
import dataclasses
import inspect

import keras

from zoo.config import Plain, UserError


class Serializable:
    """A base, before Keras' own, of layers, networks and models that `keras.saving` can read.

    A subclass is registered when it is defined, e.g. as ``zoo>dcgan.Generator``, the package first;
    its `get_config` has the arguments of its constructor.  Those may be plain values, arrays,
    settings and other `Plain`s, registered classes, and objects with a `get_config` themselves.
    """

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        package, name = _name(cls).split(">", 1)  # a local class has another > in its name
        keras.saving.register_keras_serializable(package, name)(cls)

    def __new__(cls, *args, **kwargs):
        """Keeps the arguments for `get_config`."""
        made = super().__new__(cls, *args, **kwargs)
        bound = inspect.signature(cls.__init__).bind(made, *args, **kwargs)
        bound.apply_defaults()
        _, *arguments = bound.arguments.items()
        # Copies, since an `Initializers` counts on.  Past Keras, which would track what it holds.
        object.__setattr__(made, "_arguments", {name: copy.copy(v) for name, v in arguments})
        return made

    def get_config(self):
        """Returns the constructor's arguments as JSON can hold them."""
        return {name: _encoded(value) for name, value in self._arguments.items()}

    @classmethod
    def from_config(cls, config):
        """Makes an object from what `get_config` returned.

        Raises:
            UserError: a setting is damaged, or a class has not been imported.
        """
        return cls(**{name: _decoded(value) for name, value in config.items()})


def _name(cls):
    """Without the folders, so that a file outlives a move of the module to another one."""
    path = cls.__module__.split(".")
    return f"{path[0]}>{path[-1]}.{cls.__qualname__}"


def _encoded(value):
    if isinstance(value, type):
        return {"registered": keras.saving.get_registered_name(value)}
    if isinstance(value, Plain):
        return {"plain": _name(type(value)), "values": dataclasses.asdict(value)}
    return keras.saving.serialize_keras_object(value)


def _decoded(value):
    if isinstance(value, dict) and value.keys() == {"registered"}:
        return _imported(value["registered"], keras.saving.get_registered_object)
    if isinstance(value, dict) and value.keys() == {"plain", "values"}:
        return _imported(value["plain"], _plain).of_json(value["values"])
    return keras.saving.deserialize_keras_object(value)


def _plain(name):
    """The `Plain` class of that name, the newest where a notebook defined it again, or None."""
    classes = [Plain]
    for one in classes:
        classes += one.__subclasses__()
    return next((one for one in reversed(classes) if _name(one) == name), None)


def _imported(name, find):
    found = find(name)
    if found is None:
        raise UserError(f"{name!r} is not known here: import the module that defines it first.")
    return found
