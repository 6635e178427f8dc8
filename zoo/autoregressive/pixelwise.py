"""What a model that draws pixel by pixel offers: samples, completions, single pixels, signatures.

The model is a function from uniform noise, one number for each color of each pixel, to a picture,
by the inverse of each pixel's distribution function: so its "latents" are that noise.  Everything
is float32 [B, H, W, C]; pictures that come in or go out lie in [0, 1].
"""

import math

import numpy as np
import tensorflow as tf

from zoo.autoregressive import cached
from zoo.training import inputs
from zoo.training.model import GenerativeModel


class Pixelwise(GenerativeModel):
    """The base of `likelihood.Likelihood`, which gives `draw_pixel` and `log_prob`.

    Attributes:
        networks: the `PixelNetwork`s that draw one after another, the last of them the picture.
        strides: of each, which pixels of the picture it draws: every first, every second, ….
        picture_names: of what each draws, in an export.
        steps: the class of `cached` steps of their layers.
    """

    modalities = ("images",)
    on_levels = True
    strides, picture_names = (1,), ("images",)
    steps = None

    def condition(self, smaller):
        """The smaller picture as the next network is given it; of one network there is none."""
        raise NotImplementedError

    @property
    def prior(self):
        """One uniform number for each value that is drawn."""
        values = sum(math.prod(self.shape(number)) for number in range(len(self.strides)))
        return (("uniform", values),)

    def generate(self, latents, condition=None):
        """Uniform noise [B, `latent`] -> pictures, by the cached sampler."""
        blank = tf.zeros([tf.shape(latents)[0], *self.data_spec.shape])
        return self.draw(latents, blank, tf.ones_like(blank[..., :1]))

    def complete(self, images, mask, seed):
        """Draws the pixels where `mask` [B, H, W, 1] is 1; the others stay as they are.

        Each given those before it: what is kept further on in raster order is not looked at.
        """
        return self.draw(self.sampling_latents(tf.shape(images)[0], seed), images, mask)

    def draw(self, latents, images, mask):
        """`complete` by noise [B, `latent`], with the cached sampler."""
        pictures = []
        with self.ema_scope():
            for number, task in enumerate(self.tasks(latents, images, mask)):
                sampler, biases = self.sampler(number, pictures)
                rows_first = [tf.transpose(part, [1, 2, 0, 3]) for part in task]
                drawn = sampler.picture(*rows_first, biases)
                pictures.append(tf.transpose(drawn, [2, 0, 1, 3]))
        return self.completed(pictures[-1], images, mask)

    def completed(self, drawn, images, mask):
        """`images` in [0, 1], with what was `drawn` in the model's range where `mask` is 1."""
        return tf.where(mask > 0.5, self.data_spec.to_unit(drawn), images)

    def tasks(self, latents, images, mask):
        """Splits what is to be drawn among the networks.

        Returns:
            For each (uniform noise, what stands where nothing is erased, what is erased):
            [B, h, w, C], pictures in the model's range, on its levels.
        """
        sizes = [math.prod(self.shape(number)) for number in range(len(self.strides))]
        known = self.value(self.level(self.data_spec.from_unit(images)))
        erased = tf.broadcast_to(mask > 0.5, tf.shape(images))
        return [
            (
                tf.reshape(part, [-1, *self.shape(number)]),
                known[:, ::stride, ::stride],
                erased[:, ::stride, ::stride],
            )
            for number, (part, stride) in enumerate(
                zip(tf.split(latents, sizes, axis=-1), self.strides, strict=True)
            )
        ]

    def sampler(self, number, pictures):
        """Returns network `number`'s cached sampler, and its biases given the `pictures` before."""
        network = self.networks[number]
        condition = self.condition(pictures[number - 1]) if number else None
        sampler = cached.Sampler(network, self.steps, self.value, self.shape(number)[:2])
        return sampler, network.condition_biases(condition)

    def shape(self, number):
        """(h, w, C) of the pictures that network `number` draws."""
        height, width, colors = self.data_spec.shape
        stride = self.strides[number]
        return -(-height // stride), -(-width // stride), colors

    def level(self, x):
        """Pictures in the model's range -> the nearest levels, whole numbers in float32."""
        top = self.data_spec.levels - 1
        return tf.clip_by_value(tf.round(self.data_spec.to_unit(x) * top), 0.0, top)

    def value(self, level):
        """Levels -> pictures in the model's range."""
        return self.data_spec.from_unit(level / (self.data_spec.levels - 1))

    def signatures(self):
        """`generate`, `sample`, `complete`, `log_prob`, and a `step` for each network."""
        pictures = []
        for number, (name, stride) in enumerate(zip(self.picture_names, self.strides, strict=True)):
            part = f" of one pixel in {stride} both ways" if stride > 1 else ""
            about = f"pictures{part}, rows first, channels last"
            pictures.append(inputs.unit(name, self.shape(number), about))
        images = pictures[-1]
        height, width, _ = images.shape
        mask = inputs.unit(
            "mask", (height, width, 1),
            "1 where a pixel is drawn, given those before it in raster order; 0 where it stays",
            example=lambda rows, seed: np.rint(images.example(rows, seed)[..., :1]),
        )  # fmt: skip
        position = inputs.number(
            "position",
            "the pixel that `step` draws, in raster order; from 0 to the last, with one seed, they "
            "are `sample`'s pictures",
            example=2,
            range=(0, height * width - 1),
        )
        found = {
            **super().signatures(),
            "complete": (
                lambda x, m, s: {"images": self.complete(x, m, s)},
                [images, mask, inputs.SEED],
            ),
            "log_prob": (lambda x: {"log_prob": self.log_prob(x)}, [images]),
        }
        for number, name in enumerate(self.picture_names):
            found["step" if name == "images" else f"step_{name}"] = (
                lambda *given, n=number, name=name: {name: self.one_pixel(n, *given)},
                [*pictures[: number + 1], position, inputs.SEED],
            )
        return found

    def one_pixel(self, number, *given):
        """One pixel of the plain sampler: from 0 to the last, with one seed, `sample`'s pictures.

        Args:
            number: which network's.
            *given: one picture for each network up to it, of the last of them the pixels before
                `position` drawn; `position`, which pixel in raster order; `seed`.

        Returns:
            The last of the pictures with that pixel.
        """
        *pictures, position, seed = given
        count = tf.shape(pictures[0])[0]
        latents = self.sampling_latents(count, seed)
        blank = tf.zeros([count, *self.data_spec.shape])
        task = self.tasks(latents, blank, tf.ones_like(blank[..., :1]))[number]
        pictures = [self.data_spec.from_unit(picture) for picture in pictures]
        with self.ema_scope():
            return self.data_spec.to_unit(self.draw_pixel(number, pictures, position, task))
