"""What an export says of itself to programs: `facts.json`, and a copy in each TensorFlow Lite file.

format      of these facts; a reader takes its own
model       its name in the registry
latent      size of z, and
prior       what z is distributed as: parts side by side, [kind, width] each, see `zoo.priors`
pixelwise   whether it draws pixel by pixel
any_size    whether it draws pictures of any size, by `tile`
data_spec   the `DataSpec` of what is drawn and given
about       what comes out, in a sentence or two
inputs      name -> kind, dtype, shape, range and what it is, see `zoo.training.inputs`
"""

import dataclasses
import json
import pathlib

from zoo import priors
from zoo.config import UserError
from zoo.data.spec import DataSpec
from zoo.places import TILE

FORMAT = 2
FILE = pathlib.PurePath("assets.extra/facts.json")


def text(sampler):
    """Returns the facts of a run's or a preset's sampler, as JSON."""
    return json.dumps(
        {
            "format": FORMAT,
            "model": sampler.run.facts["model"],
            "latent": sampler.latent,
            "prior": sampler.prior,
            "pixelwise": sampler.pixelwise,
            "any_size": sampler.any_size,
            "data_spec": dataclasses.asdict(sampler.data_spec),
            "about": about(sampler),
            "inputs": {
                input.name: {
                    "kind": input.kind,
                    "dtype": input.dtype,
                    "shape": input.shape,
                    "range": input.range,
                    "about": input.about,
                }
                for input in inputs(sampler.model)
            },
        },
        indent=2,
    )


def read(version):
    """Returns what a sampler asks of an export: `prior` (parts, see `zoo.priors`), `pixelwise`,
    `any_size` and `data_spec` (a `DataSpec`).

    Raises:
        UserError: they are of another format, or damaged.
    """
    path = version / FILE
    try:
        facts = json.loads(path.read_text()) if path.exists() else {}
        # Exports had no number before there was a second format.
        format = facts.get("format", 1)
        if format == FORMAT:
            return (
                priors.checked(facts["prior"]),
                bool(facts["pixelwise"]),
                bool(facts.get("any_size", False)),  # which older exports do not say
                DataSpec.of_json(facts["data_spec"]),
            )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UserError(f"{str(path)!r} is damaged.") from None
    raise UserError(
        f"{str(version)!r} is of format {format}, and this zoo reads {FORMAT}: export the run "
        "again."
    )


def inputs(model):
    """Returns the `Input`s of all signatures, each once."""
    found = {input.name: input for _, some in model.signatures().values() for input in some}
    return list(found.values())


def about(sampler):
    """Sentences on what comes out."""
    spec, shape = sampler.data_spec, ", ".join(map(str, sampler.data_spec.shape))
    sentences = {
        "images": f"Pictures: float32 [B, {shape}] in [0, 1], rows first, channels last.",
        "points": "Points: float32 [B, 2].",
        "text": f"`text`: float32 [B, {shape}], the probabilities of the symbols at each place; "
        f"`codes`: int32 [B, {spec.shape[0]}], the likeliest of them.",
    }
    said = [sentences[spec.modality]]
    if spec.modality == "text" or spec.condition == "name":
        said.append(
            f"Symbols: {spec.alphabet!r}, the first of them a blank, which ends short lines."
        )
    if sampler.pixelwise:
        said.append(
            f"`log_prob` is that of {sampler.model.likelihood_of}, in nats, each pixel taken for "
            f"the nearest of {spec.levels} levels."
        )
    if sampler.any_size:
        said.append(
            "A picture can have any size: `sample` of the SavedModel takes one, that of TensorFlow "
            f"Lite files has the shape above, and `tile` of both draws {TILE}x{TILE} pixels of any "
            "window."
        )
    return " ".join(said)
