"""The importance-weighted bound of log p(x) (Burda et al. 2015, arXiv:1509.00519, eq. 8).

    log 1/k Σ_i p(x, z_i) / q(z_i|x),   z_1 … z_k ~ q(z|x)

It grows with k towards log p(x); with k = 1 it is the ELBO with a sampled KL term.  Thousands of
samples fit into little memory: a loop draws some at a time and keeps the logarithm of their sum,
and many pictures are taken in parts.

Sample i of a picture is named by the seed, the picture and i, so a larger k begins with the same
samples, and no result depends on how many a turn or a part takes.
"""

import math

import numpy as np
import tensorflow as tf

from zoo.noise import EVALUATION, Noise
from zoo.parts import BUDGET, slices, watched

SAMPLES = 50  # of z in one turn of the loop
PICTURES = 100  # in one part: a progress bar moves after each


def importance_weighted(log_weight, given, k, noise):
    """Returns the bound in nats, float32 [B].

    Args:
        log_weight: a function of a `Noise` of n examples and of `given` with n rows each; returns
            log p(x, z) - log q(z|x) [n] for one z ~ q(z|x) of each.
        given: tensors [B, …] that a weight depends on; they are repeated for each sample.
        k: the number of samples, an integer of at least 1.
        noise: the `Noise` of the B examples.
    """
    size, given = min(SAMPLES, k), [tf.convert_to_tensor(value) for value in given]
    repeated = [tf.tile(value, [size] + [1] * (value.shape.rank - 1)) for value in given]

    def turn(first, total):
        places = first + tf.range(size)
        found = tf.reshape(log_weight(noise.at(places), *repeated), [size, -1])
        found = tf.where(places[:, None] < k, found, -math.inf)  # the last turn may go beyond k
        return first + size, tf.reduce_logsumexp(tf.concat([total[None], found], 0), axis=0)

    nothing = tf.fill([tf.shape(given[0])[0]], -math.inf)
    _, total = tf.while_loop(
        lambda first, _: first < k, turn, (tf.constant(0), nothing), parallel_iterations=1
    )
    return total - math.log(k)


def of_pictures(model, images, k, seed=0, watch=None, given=None):
    """Returns the bound of many pictures in nats, float32 [N]; averaged weights.

    Args:
        model: a model with `importance_weighted_bound`.
        images: float32 [N, H, W, C] in [0, 1].
        k: the number of samples of z for each picture, at least 1.
        seed: of the samples.
        watch: called with (pictures done, pictures in all) after each part, or None.
        given: the condition y float32 [N, d] of each, where the model takes one.
    """
    spec, given = model.data_spec, [] if given is None else [given]

    @tf.function(
        autograph=False,
        input_signature=[
            tf.TensorSpec((None, *spec.shape), tf.float32),
            tf.TensorSpec((), tf.int32),
            *(tf.TensorSpec((None, y.shape[1]), tf.float32) for y in given),
        ],
    )
    def bound(part, first, *y):
        noise = Noise(seed, EVALUATION, first + tf.range(tf.shape(part)[0]))
        with model.ema_scope():
            return model.importance_weighted_bound(spec.from_unit(part), k, noise, *y)

    found, most = [], BUDGET // (4 * spec.values * min(SAMPLES, k))
    for rows in watched(slices(len(images), min(PICTURES, most)), watch):
        part = [tf.constant(value[rows], tf.float32) for value in (images, *given)]
        found.append(bound(part[0], tf.constant(rows.start), *part[1:]).numpy())
    return np.concatenate(found)
