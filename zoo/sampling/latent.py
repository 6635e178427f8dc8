"""Tools for the latents of what `zoo.load` returns, of runs, presets and exports alike:

    sampler.truncated(0.7)                   -> a sampler whose latents are nearer to their mean
    sampler.arithmetic("0,1,2-3,4,5+6,7,8")  -> float32 [1, z], a sum of means of exemplars
    sampler.directions(8)                    -> (float32 [8, z], each one's share of all change [8])
    sampler.invert(pictures)                 -> float32 [B, z], see `zoo.sampling.inversion`

They move the numbers of a latent that have a mean: its normal, uniform and symmetric parts, see
`zoo.priors`.  A class, and the numbers that dropout draws by, stay what they are.  One unit of a
direction is one standard deviation of the prior.
"""

import copy
import re

import numpy as np

from zoo.config import UserError
from zoo.sampling import conditions, inversion, moments

PLACES = 64  # latents at which the change of what is drawn is measured
STEP = 0.05  # of a difference, in standard deviations to each side
REACH, COLUMNS = 2.0, 9  # of a walk along a direction, in standard deviations to each side
AROUND, SCALE = 8, 0.25  # latents around a sum, and how far they reach, as a share of U(-1, 1)
_GROUPS = re.compile(r"\d{1,9}(,\d{1,9})*([+-]\d{1,9}(,\d{1,9})*)+", re.ASCII)


class LatentTools:
    """What `zoo.sampling.sampler` offers beside samples."""

    def truncated(self, psi):
        """Returns a sampler whose latents are mean + `psi` * (z - mean): below 1 it draws what is
        likelier, and less of the variety (1812.04948, appendix B, there in another latent space).

        Args:
            psi: 0 to 2, or of a uniform latent 0 to 1.

        Raises:
            UserError: another number, or a model that draws pixel by pixel.
        """
        self.check_latents("to truncate")
        if not isinstance(psi, int | float | np.integer | np.floating) or not 0 <= psi <= 2:
            raise UserError(f"truncation is a number from 0 to 2, and {psi!r} is not.")
        if psi > 1 and any(kind in moments.BOUNDS for kind, _ in self.prior):
            raise UserError(
                f"the latents of this model lie in a cube, which a truncation of {psi:g} leaves: "
                "give 0 to 1."
            )
        found = copy.copy(self)
        found.truncation = float(psi)
        return found

    def arithmetic(self, words, num=64, seed=0):
        """Returns the sum of means of exemplars, float32 [1, z] (1511.06434, section 6.3.2).

        Of three exemplars each, A - B + C has the variance of a draw; of a uniform latent it may
        leave the cube.  Parts that have no mean are those of the first exemplar.

        Args:
            words: places among the latents of `seed`, such as ``"1,2,3-4,5,6+7,8,9"``.
            num: how many latents there are to choose among.
            seed: which they are drawn from.

        Raises:
            UserError: it is no such sum, or a place is not among them.
        """
        return added(self, exemplars(self, words, num, seed))

    def directions(self, num=8, condition=None):
        """Returns the directions in which what is drawn changes most: the first eigenvectors of the
        mean of JᵀJ over 64 latents, J being the generator's Jacobian (Wang and Ponce 2021,
        2101.06006, sections 2 and 4; distances in pixels, where they take perceptual ones).

        J is taken by differences, so that an export has directions too.

        Args:
            num: how many, from the first.
            condition: of a conditional model, the one that all is drawn under.

        Returns:
            (float32 [num, z], each as long as one standard deviation of the prior; float64 [num],
            the share of each in the mean squared change of what is drawn under a small step).

        Raises:
            UserError: there are fewer, or the condition is missing or several.
        """
        self.check_latents("to find directions among")
        given = one_condition(self, condition)
        moves, _, deviation = moments.columns(self.prior)
        if (
            isinstance(num, bool)
            or not isinstance(num, int | np.integer)
            or num not in range(1, moves.sum() + 1)
        ):
            raise UserError(
                f"the latents of this model have {moves.sum()} directions, and {num!r} are asked "
                f"for: give 1 to {moves.sum()}."
            )
        unit = np.diag(deviation)[moves].astype(np.float32)  # [d, z]
        change = np.zeros((len(unit), len(unit)))
        for z in self.latents(PLACES):
            both = np.concatenate([z + STEP * unit, z - STEP * unit])
            x = self.generate(both, given).reshape(2, len(unit), -1).astype(np.float64)
            slope = (x[0] - x[1]) / (2 * STEP)
            change += slope @ slope.T
        values, vectors = np.linalg.eigh(change)
        values, vectors = values[::-1][:num], vectors.T[::-1][:num]
        # The sign of an eigenvector is nobody's: let its largest number be positive.
        largest = np.abs(vectors).argmax(axis=1)
        vectors = vectors * np.sign(vectors[np.arange(num), largest])[:, None]
        shares = values / max(np.trace(change), np.finfo(np.float64).tiny)
        return (vectors @ unit).astype(np.float32), shares

    def invert(self, pictures, condition=None, seed=0, watch=None):
        """Returns latents whose pictures are near the given ones; see `inversion.invert`."""
        self.check_latents("to find a picture's")
        return inversion.invert(self, pictures, condition, seed, watch)

    def check_latents(self, what):
        """Raises `UserError` where a latent is the noise of each pixel, and so has no space."""
        if self.pixelwise:
            raise UserError(f"a model that draws pixel by pixel has no latents {what}.")


def one_condition(sampler, condition):
    """Returns the one condition of a conditional model as `generate` takes it, or None.

    Raises:
        UserError: it is missing, or there are several.
    """
    if condition is None and sampler.given is not None:
        raise UserError(
            "this model is conditional: say what all of its latents draw, by --label, --name or "
            "--condition."
        )
    if condition is not None and len(conditions.checked(sampler.data_spec, condition)) > 1:
        raise UserError("the latents are looked at under one condition: give one, not several.")
    return None if condition is None else sampler.in_turn(condition, 1)


def exemplars(sampler, words, num, seed):
    """Returns the groups of a sum: a list of (sign, latents float32 [n, z]).

    Raises:
        UserError: see `LatentTools.arithmetic`.
    """
    sampler.check_latents("to add")
    if not isinstance(words, str) or not _GROUPS.fullmatch(words):
        raise UserError(
            f"arithmetic adds groups of places, such as 1,2,3-4,5,6+7,8,9, and {words!r} is none."
        )
    groups = [
        (-1.0 if group[0] == "-" else 1.0, [int(place) for place in group.strip("+-").split(",")])
        for group in re.findall(r"[+-]?[\d,]+", words)
    ]
    latents = sampler.latents(num, seed)
    for place in (place for _, places in groups for place in places):
        if place >= num:
            raise UserError(
                f"{place} is not one of the {num} latents of this seed: give 0 to {num - 1}, or a "
                "larger --num."
            )
    return [(sign, latents[places]) for sign, places in groups]


def added(sampler, groups):
    """Returns the sum of the means of groups, float32 [1, z]; see `LatentTools.arithmetic`."""
    moves, _, _ = moments.columns(sampler.prior)
    found = sum(sign * z.mean(axis=0) for sign, z in groups)
    return np.where(moves, found, groups[0][1][0])[None].astype(np.float32)


def mean(sampler, latents):
    """Returns the mean of latents [n, z], float32 [1, z]; what has none is that of the first."""
    return added(sampler, [(1.0, latents)])


def around(sampler, latent, seed):
    """Returns 8 latents near one [1, z], by uniform noise of a quarter of the width of U(-1, 1)
    (1511.06434, section 6.3.2), or as many standard deviations of another part."""
    import tensorflow as tf

    from zoo import noise

    _, _, deviation = moments.columns(sampler.prior)
    drawn = noise.Noise(seed, noise.SAMPLING, tf.range(AROUND), step=1)  # step 0 drew the latents
    uniform = 2 * drawn.uniform((sampler.latent,)).numpy() - 1
    return latent + uniform * SCALE * deviation * 3**0.5


def along(sampler, latent, directions):
    """Walks from one latent [1, z]: a row for each direction [n, z], of 9 latents whose component
    along it goes from -2 to 2 standard deviations, while the rest stays; float32 [n * 9, z]."""
    moves, middle, deviation = moments.columns(sampler.prior)
    scale = np.where(moves, deviation, 1)
    component = np.sum((latent - middle) / scale * directions / scale, axis=1)  # [n]
    wanted = np.linspace(-REACH, REACH, COLUMNS, dtype=np.float32)
    moved = latent[:, None] + (wanted - component[:, None])[..., None] * directions[:, None]
    return moments.bounded(moved.reshape(-1, latent.shape[1]), sampler.prior)
