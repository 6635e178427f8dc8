"""What a model's own Keras file holds beside its weights: settings, data's facts, optimizers.

model.save("m.keras")
zoo.load("m.keras"), or keras.saving.load_model("m.keras") after `import zoo.models`
"""

import keras

from zoo.config import UserError
from zoo.serializable import Serializable


class Saved(Serializable):
    """The part of a `GenerativeModel` that Keras' saving calls.

    A loaded model draws the same pictures, and `fit` goes on from where the saved one was.
    """

    def get_compile_config(self):
        """Returns the optimizers, in the order in which `compile` takes them, and its options."""
        if not self.compiled:
            return {}
        return {
            "optimizers": [optimizer for _, optimizer in self.optimizers().values()],
            "jit_compile": bool(self.jit_compile),
            "steps_per_execution": int(self.steps_per_execution),
            "run_eagerly": bool(self.run_eagerly),
        }

    def compile_from_config(self, config):
        """Compiles with what `get_compile_config` returned, after its way through JSON."""
        config = keras.saving.deserialize_keras_object(config)
        self.compile(*config.pop("optimizers"), **config)

    def load_own_variables(self, store):
        """See Keras.

        Raises:
            UserError: there are averages in the file, and the model is not compiled.
        """
        try:
            super().load_own_variables(store)
        except ValueError:
            # A preset's file has none: its weights are the averages.
            if not self.config.ema or self.compiled:
                raise
            raise UserError(
                "this model draws with averages, which are made when it is compiled: load it with "
                "compile=True."
            ) from None

    def export(self, *args, **kwargs):
        """Not Keras' own, whose file a server cannot run: see `zoo.export`.

        Raises:
            UserError: always.
        """
        raise UserError(
            "a server's and a device's files are written from a run: train it by zoo.train, and "
            "export it by python -m zoo.export --run=RUN --out=exports/NAME."
        )
