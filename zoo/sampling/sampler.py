"""One interface over a run, a preset and an export: what `loading.load` returns.

    sampler.sample(num, seed=0, condition=None) -> float32 [num, …]: pictures in [0, 1], points, or
                                                   of text each place's probabilities
    sampler.generate(latents, condition=None)   -> the same, from float32 [B, z]
    sampler.latents(num, seed=0)                -> the latents that `sample` would draw

Where the model draws pixel by pixel (`sampler.pixelwise`) also

    sampler.complete(images, mask, seed=0, temperature=1.0, method="cached", watch=None)
                                                -> the pictures, drawn anew where the mask is 1
    sampler.log_prob(images)                    -> float32 [B], in nats

Where its pictures can have any size (`sampler.any_size`) also, see `zoo.places`,

    sampler.sample(num, seed=0, size=1080, window=(-1, -1, 1, 1))
                                                -> float32 [num, H, W, C], H or W of that size
    sampler.tile(latents, windows)              -> a part of each, from float32 [B, z], [B, 4]

A condition is a label, a name, an array, or several of one of them, repeated in turn; without one a
conditional model draws its classes (or the first held-out pictures' names) in turn.  The same seed
gives the same pictures from a run, from its preset and from its export.
"""

import numpy as np

from zoo.config import UserError
from zoo.parts import parts, watched
from zoo.places import WHOLE
from zoo.sampling import completion, conditions, latent, moments, tiles


class Sampler(latent.LatentTools):
    """What runs, presets and exports share.

    Attributes:
        data_spec: the `DataSpec` of what is drawn and given.
        prior: what z is distributed as, see `zoo.priors`.
        given: example conditions, int32 [L] or float32 [L, d]; None for an unconditional model.
        pixelwise: whether it draws pixel by pixel.
        any_size: whether its pictures can have any size.
        encodes: whether it has `encode`, pictures [B, H, W, C] in [0, 1] and what each is given ->
            float32 [B, z].
        truncation: of the latents that it draws, see `truncated`.
    """

    truncation = 1.0

    @property
    def latent(self):
        """Size of z."""
        from zoo import priors

        return priors.size(self.prior)

    def sample(self, num, seed=0, condition=None, watch=None, size=None, window=WHOLE):
        """Draws `num` examples; a larger `num` begins with the same ones.

        Given a size, the pixels of the longer side, and with it a window, see `tiles.picture`.
        """
        if size is None and window is WHOLE:
            return self.generate(self.latents(num, seed), condition, watch)
        _check_drawn(num, seed)
        size, window = tiles.asked(self, num, size, window)
        self.in_turn(condition, num)  # which refuses one
        return tiles.picture(self, self.latents(num, seed), size, window, watch)

    def latents(self, num, seed=0):
        """Returns the prior's draws, float32 [num, z]; see `truncated`."""
        import tensorflow as tf

        from zoo import noise, priors

        _check_drawn(num, seed)
        drawn = noise.Noise(seed, noise.SAMPLING, tf.range(num))
        z = priors.draw(drawn, self.prior).numpy()
        return z if self.truncation == 1 else moments.toward_mean(z, self.prior, self.truncation)

    def generate(self, latents, condition=None, watch=None):
        """Draws from latents float32 [B, z]; `watch` is called with (drawn, in all)."""
        try:
            latents = np.asarray(latents, np.float32)
        except (TypeError, ValueError, OverflowError):
            raise UserError(f"latents must be numbers [B, {self.latent}].") from None
        if latents.ndim != 2 or latents.shape[1] != self.latent or not len(latents):
            raise UserError(
                f"latents must be [B, {self.latent}] for this model, not {list(latents.shape)}."
            )
        given = self.in_turn(condition, len(latents))
        return np.concatenate(
            [
                self._generate(latents[i], None if given is None else given[i])
                for i in watched(parts(len(latents), self.data_spec.values), watch)
            ]
        )

    def complete(self, images, mask, seed=0, temperature=1.0, method="cached", watch=None):
        """Draws some pixels of pictures; the others stay as they are.

        Each pixel is drawn given those before it, so what is kept further on in raster order is not
        looked at: erase what comes last.

        Args:
            images: float32 [B, H, W, C] in [0, 1], read at the nearest of the data's levels.
            mask: [H, W] or [B, H, W, 1], 1 where a pixel is drawn.
            seed: as for `sample`; of pictures that are alike, each gets a completion of its own.
            temperature: divides the logits; 1 draws from the model, below it the likelier values.
            method: ``"cached"``, or ``"plain"``, which does a full pass for each pixel.
            watch: called with (pixels drawn, pixels in all) now and then.
        """
        self._check_pixelwise("complete pictures")
        images = completion.checked_pictures(self.data_spec, images)
        mask = completion.checked_mask(self.data_spec, mask)
        if len(mask) not in (1, len(images)):
            raise UserError(f"{len(mask)} masks for {len(images)} pictures: give one, or as many.")
        mask = np.broadcast_to(mask, (*images.shape[:3], 1))
        # A full pass has a logit for each level; a cached one keeps those of one pixel.
        levels = self.data_spec.levels if method == "plain" else 1
        slices = parts(len(images), self.data_spec.values * levels)
        if len(slices) > 1 and not mask.all():
            most = slices[0].stop
            raise UserError(f"complete {most} pictures at most at a time, and not {len(images)}.")
        latents = self.latents(len(images), seed)
        how = {"temperature": temperature, "method": method, "watch": watch}
        return np.concatenate(
            [self._complete(latents[i], images[i], mask[i], seed, **how) for i in slices]
        )

    def log_prob(self, images, watch=None):
        """Returns log p(x) in nats, float32 [B], of pictures float32 [B, H, W, C] in [0, 1].

        Of a model of several scales it is the joint's, see `zoo.autoregressive.multi_scale`.

        Args:
            images: the pictures.
            watch: called with (pictures done, pictures in all) now and then.

        Raises:
            UserError: pixels that are not on the data's levels, such as gray ones where the model
                draws on and off: rounding them would tell the likelihood of other pictures.
        """
        self._check_pixelwise("tell a picture's likelihood")
        images = completion.checked_pictures(self.data_spec, images)
        completion.check_levels(self.data_spec, images)
        slices = parts(len(images), self.data_spec.values * self.data_spec.levels)
        return np.concatenate([self._log_prob(images[i]) for i in watched(slices, watch)])

    def _check_pixelwise(self, what):
        if not self.pixelwise:
            raise UserError(f"only a model that draws pixel by pixel can {what}: train pixelcnn.")

    def in_turn(self, condition, num):
        """One condition for each of `num`, or None."""
        given = self.given if condition is None else conditions.checked(self.data_spec, condition)
        return None if given is None else given[np.arange(num) % len(given)]


def _check_drawn(num, seed):
    if not _is_whole(num) or not 1 <= num < 2**31:
        raise UserError(f"num must be a positive whole number, and {num!r} is not.")
    if not _is_whole(seed) or not -(2**31) <= seed < 2**31:
        raise UserError(f"seed must be a whole number of 32 bits, and {seed!r} is not.")


def _is_whole(value):
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
