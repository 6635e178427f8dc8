"""What `zoo.sample` draws, a function for each of its modes."""

import typing

import numpy as np

from zoo.config import UserError
from zoo.sampling import completion, inversion, latent, moments, walks

COLUMNS = 8  # of walks, and of given pictures
LATENT = ("invert", "arithmetic", "directions")  # what looks at the space of latents
MODES = ("codes", "interpolate", "complete", *LATENT)  # instead of samples


class Asked(typing.NamedTuple):
    """What `zoo.sample` is asked for.

    Attributes:
        num: examples, see `zoo.sample`.
        seed: of their latents.
        condition: as a caller gives it, or None.
        mode: one of `MODES`, or None for samples.
        value: of the mode's flag.
        mask: a file, with ``"complete"``.
        temperature, method: of a model that draws pixel by pixel.
    """

    num: int
    seed: int
    condition: object = None
    mode: str | None = None
    value: object = None
    mask: str | None = None
    temperature: float = 1.0
    method: str = "cached"


class Drawn(typing.NamedTuple):
    """What came of it.

    Attributes:
        array: what a .npy holds: examples float32 [N, …], or latents float32 [N, z].
        x: the examples of the sheet, float32 [n, …], blank where there is none.
        given: the condition of each or None.
        columns: of the sheet, or None.
        words: what it is, in a line.
        group: how many rows of the sheet belong together, or None.
        names: what is written left of each group, or None.
    """

    array: np.ndarray
    x: np.ndarray
    given: np.ndarray | None
    columns: int | None
    words: str
    group: int | None = None
    names: list | None = None


def drawn(sampler, asked):
    """Returns what is asked of a sampler, a `Drawn`.

    Raises:
        UserError: the model has no such mode, or the flag's value does not fit it.
    """
    latents = {"invert": inverted, "arithmetic": added, "directions": directed}
    if asked.mode in latents:
        return latents[asked.mode](sampler, asked)
    walk = asked.mode in ("codes", "interpolate")
    if sampler.pixelwise and not walk and asked.condition is None:
        return pixel_by_pixel(sampler, asked)
    return of_examples(sampler, *examples(sampler, asked))


def of_examples(sampler, x, given=None, columns=None, words=None):
    """Returns the `Drawn` of examples [N, …]."""
    what = {"images": "pictures", "text": "lines"}.get(sampler.data_spec.modality, "examples")
    return Drawn(x, x, given, columns, words or f"{len(x)} {what}")


def examples(sampler, asked):
    """Draws samples, walks between latents, or along codes; returns (x float32 [N, …], the
    condition of each or None, the number of columns or None)."""
    from zoo.viz import sheet

    num, seed, condition = asked.num, asked.seed, asked.condition
    if asked.mode == "codes":
        return walks.codes(sampler, num, seed, condition)
    if asked.mode == "interpolate":
        return walks.walks(sampler, -(-num // COLUMNS), seed, COLUMNS, condition)
    if condition is None:
        return sheet.arranged(sampler, num, seed)
    return sampler.sample(num, seed, condition), sampler.in_turn(condition, num), None


def pixel_by_pixel(sampler, asked):
    """Draws, or completes a picture, which the sheet begins with, gray where it is erased."""
    from zoo.training.callbacks import DelayedProgressBar

    spec = sampler.data_spec
    picture, mask = np.zeros((1, *spec.shape)), np.ones(spec.shape[:2])
    if asked.mode == "complete":
        picture = completion.read_picture(asked.value, spec)
        mask = completion.read_mask(asked.mask, spec)
    images = np.repeat(picture, asked.num, axis=0)
    x = sampler.complete(
        images, mask, asked.seed, asked.temperature, asked.method, DelayedProgressBar("pixel")
    )
    found = of_examples(sampler, x)
    if asked.mode == "complete":
        return found._replace(x=np.concatenate([np.where(mask, 0.5, picture), x]))
    return found


def inverted(sampler, asked):
    """Inverts the pictures of a file; the sheet has each above what its latent draws."""
    from zoo.training.callbacks import DelayedProgressBar
    from zoo.viz import sheet

    spec = sampler.data_spec
    pictures = completion.read_pictures(asked.value, spec) if spec.modality == "images" else None
    bar = DelayedProgressBar("picture")
    found = sampler.invert(pictures, asked.condition, asked.seed, bar)
    given = None if sampler.given is None else sampler.in_turn(asked.condition, len(found))
    drawn = sampler.generate(found, given)
    columns = min(COLUMNS, len(found))
    errors = inversion.errors(drawn, pictures)
    middle = f", median {np.median(errors):.4f}" if len(errors) > 1 else ""
    how = "the encoder" if sampler.encodes else f"gradient, the best of {inversion.STARTS} starts"
    return Drawn(
        found, sheet.below(spec, [pictures, drawn], columns), None, columns,
        f"by {how}: root mean square error {errors.min():.4f}"
        + (f" to {errors.max():.4f}{middle}" if len(errors) > 1 else ""), group=2,
    )  # fmt: skip


def added(sampler, asked):
    """Adds the means of exemplars; the sheet is that of 1511.06434, Figure 7: in a column each
    group's exemplars and below them their mean, then the sum amid 8 latents near it."""
    from zoo.viz import sheet

    _check_sheet(sampler)
    given = latent.one_condition(sampler, asked.condition)
    groups = latent.exemplars(sampler, asked.value, asked.num, asked.seed)
    total = latent.added(sampler, groups)
    near = latent.around(sampler, total, asked.seed)
    height = max(3, 1 + max(len(z) for _, z in groups))
    columns, places, some, begin = len(groups) + 4, {}, [], 0
    for column, (_, z) in enumerate(groups):
        places |= {(row, column): begin + row for row in range(len(z) + 1)}
        some += [z, latent.mean(sampler, z)]
        begin += len(z) + 1
    square = [(row, columns - 3 + column) for row in range(3) for column in range(3)]
    places |= {place: begin + i for i, place in enumerate(square)}
    x = sampler.generate(np.concatenate([*some, near[:4], total, near[4:]]), given)
    order = [places.get((row, i), -1) for row in range(height) for i in range(columns)]
    signs = " ".join(f"{'+' if sign > 0 else '-'} mean of {len(z)}" for sign, z in groups)
    return Drawn(
        total, sheet.placed(sampler.data_spec, x, np.array(order)), _repeated(given, len(order)),
        columns, f"{signs.removeprefix('+ ')}: the middle of the square on the right",
    )  # fmt: skip


def directed(sampler, asked):
    """Finds principal directions; a row of the sheet varies one of a latent."""
    _check_sheet(sampler)
    given = latent.one_condition(sampler, asked.condition)
    found, shares = sampler.directions(asked.value, asked.condition)
    z = latent.along(sampler, sampler.latents(1, asked.seed), found)
    told = ", ".join(f"{100 * share:.1f}" for share in shares)
    even = 100 / moments.columns(sampler.prior)[0].sum()
    return Drawn(
        found, sampler.generate(z, given), _repeated(given, len(z)), latent.COLUMNS,
        f"shares of all change, in %: {told} ({even:.1f} where all are alike)",
    )  # fmt: skip


def _repeated(given, count):
    return None if given is None else np.repeat(given, count, axis=0)


def _check_sheet(sampler):
    if sampler.data_spec.modality == "points":
        raise UserError(
            "a sheet of latents shows pictures or text, and this model draws points: call the "
            "sampler's own methods, see docs/sampling.md."
        )
