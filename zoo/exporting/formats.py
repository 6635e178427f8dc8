"""The TensorFlow Lite files of an export: their precisions, their batches, who can have them."""

import dataclasses

from zoo.config import UserError, nearest


@dataclasses.dataclass(frozen=True)
class Format:
    """One file.

    Attributes:
        file: its name in the version's folder.
        precision: ``"float32"``, or a key of `QUANTIZED`.
        batch: the number of examples in each call; None for any number.
        about: what it is, for the card.
    """

    file: str
    precision: str
    batch: int | None
    about: str


FLOAT32 = (
    Format("model.tflite", "float32", None, "float32, any batch"),
    Format("model_batch1.tflite", "float32", 1, "float32, a batch of 1"),
    Format("model_batch16.tflite", "float32", 16, "float32, a batch of 16"),
)
QUANTIZED = {
    "float16": Format("model_float16.tflite", "float16", None, "float16 weights, any batch"),
    "dynamic": Format(
        "model_dynamic.tflite", "dynamic", None,
        "int8 weights, activations quantized as they come (dynamic range), any batch",
    ),
    "int8": Format("model_int8.tflite", "int8", None, "int8 weights and activations, any batch"),
}  # fmt: skip
ALL = (*FLOAT32, *QUANTIZED.values())


def chosen(words):
    """Returns the formats of an export: all of `FLOAT32`, and what `words` (of ``--quantize``) add.

    Raises:
        UserError: a word is no precision.
    """
    for word in words:
        if word != "none" and word not in QUANTIZED:
            raise UserError(f"--quantize={word}: {nearest(word, ['none', *QUANTIZED])}.")
    return FLOAT32 + tuple(format for name, format in QUANTIZED.items() if name in words)


def refused(precision, model):
    """Why a model cannot have a precision, or None where it can."""
    from zoo.autoregressive.pixelwise import Pixelwise  # not above: loaders run without Keras

    if precision == "int8" and isinstance(model, Pixelwise):
        return (
            "int8 activations hold the logits of a pixel's levels to a few hundredths, and a "
            "sampler feeds each error back into all pixels after it"
        )
    return None


def check(formats, model):
    """Raises `UserError`, with the reason, where a model cannot have one of the formats."""
    for format in formats:
        reason = refused(format.precision, model)
        if reason:
            raise UserError(
                f"{type(model).__name__} has no {format.precision} file: {reason}; leave "
                f"{format.precision} out of --quantize."
            )


def holds(format, inputs):
    """Whether a file of this format holds a signature of these `Input`s.

    Under full int8 none that draws its own noise: the hash's and the logarithm's numbers do not fit
    256 steps.
    """
    return format.precision != "int8" or all(input.kind != "seed" for input in inputs)


def signatures(format, model):
    """Returns the names of the model's signatures that a file of this format holds."""
    return [name for name, (_, inputs) in model.signatures().items() if holds(format, inputs)]
