"""The counter-based random number generator of the zoo: one seed gives one picture.

A number is a pure function of ``(seed, purpose, step, draw, example, element)``; nothing is stored
and nothing depends on the device, the batch or the number of replicas.  The first five keys are
hashed one after another into two 32-bit words (2**64 streams), then every element is hashed with
both words.  Normal numbers use the Box-Muller transform (1958).  Only uint32 addition,
multiplication, xor and shifts are used, which are built-in ops of TensorFlow Lite; int32 would
need another op.  The mixer is a multiply-xorshift permutation, similar to MurmurHash3's finalizer.
"""

import copy
import math

import tensorflow as tf

# What the numbers are for; different purposes have different streams.
# PROTOCOL: the fixed draws of static binarization and of evaluation data.
TRAINING, EVALUATION, SAMPLING, DATA, WEIGHTS, PROTOCOL = range(6)

_GOLDEN = 0x9E3779B9  # 2**32 / the golden ratio: spreads consecutive counters
_START = (0x243F6A88, 0x85A308D3)  # the first digits of pi, so that all-zero keys are not special


class Noise:
    """The random numbers of one batch at one step.

    Every call of `uniform`, `normal` or `keep` is the next *draw*, counted while the program is
    traced, so the order of the calls selects the streams.  The body of a `tf.while_loop` is traced
    once, and every iteration would draw the same numbers: draw from `at` its place there.

    Args:
        seed: integer or int32 scalar tensor.
        purpose: one of `TRAINING`, `EVALUATION`, `SAMPLING`, `DATA`, `WEIGHTS`,
            `PROTOCOL`.
        examples: integers [B], the *global* index of each example.
        step: integer scalar or [B]; the training step, or the epoch in a data pipeline.
    """

    def __init__(self, seed, purpose, examples, step=0):
        self._examples = _column(examples)
        self._state = _absorb(_absorb(_absorb(_START, seed), purpose), _column(step))
        self._draws = 0

    def uniform(self, shape):
        """Returns float32 [B, *shape], uniform on the open interval (0, 1)."""
        return self._shaped(shape, lambda count: _to_uniform(self._words(count)))

    def normal(self, shape):
        """Returns float32 [B, *shape], standard normal (Box-Muller; magnitudes up to 5.77)."""

        def pairs(count):
            half = (count + 1) // 2
            uniforms = _to_uniform(self._words(2 * half))
            radius = tf.sqrt(-2.0 * tf.math.log(uniforms[:, :half]))
            angle = 2.0 * math.pi * uniforms[:, half:]
            both = tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)
            return both[:, :count]

        return self._shaped(shape, pairs)

    def keep(self, shape, rate):
        """Returns float32 [B, *shape]: a dropout mask, 1 with probability 1 - `rate`, else 0."""
        return tf.cast(self.uniform(shape) >= rate, tf.float32)

    def at(self, places):
        """Returns the random numbers of every example at each of several places of a loop.

        They depend on the place, and neither on how many are asked for at a time nor on what was
        drawn before.

        Args:
            places: integers [S].

        Returns:
            A `Noise` of S * B examples: all of them at the first place, then at the second, ….
        """
        count = tf.shape(self._examples)[0]

        def repeated(key):
            return tf.tile(key, [tf.size(places), 1]) if key.shape.rank else key

        there = copy.copy(self)
        state = tuple(repeated(word) for word in self._state)
        there._state = _absorb(state, _column(tf.repeat(places, count)))
        there._examples, there._draws = repeated(self._examples), 0
        return there

    def _shaped(self, shape, draw):
        count = math.prod(shape)
        if len(shape) == 1:
            return draw(count)
        return tf.reshape(draw(count), [-1, *shape])

    def _words(self, count):
        """uint32 [B, count]: both state words of every example, hashed with the element number."""
        first, second = _absorb(_absorb(self._state, self._draws), self._examples)
        self._draws += 1
        elements = tf.cast(tf.range(count), tf.uint32)[None, :] * _u32(_GOLDEN)
        return _mix(tf.bitwise.bitwise_xor(_mix(elements + first), second))


def array(distribution, seed, shape, draw=0):
    """Returns float32 [*shape], ``"uniform"`` on (0, 1) or ``"normal"``, for weights."""
    noise = Noise(seed, WEIGHTS, tf.range(shape[0] if shape else 1), step=draw)
    return tf.reshape(getattr(noise, distribution)((math.prod(shape[1:]),)), shape)


def _u32(value):
    return tf.constant(value & 0xFFFFFFFF, tf.uint32)


def _column(key):
    """A key as uint32, [B, 1] where it is one a example."""
    key = _u32(key) if isinstance(key, int) else tf.cast(key, tf.uint32)
    return key if key.shape.rank == 0 else tf.reshape(key, [-1, 1])


def _absorb(state, key):
    """Mixes one more key into the two words; injective in the words for a given key."""
    first, second = (_u32(word) if isinstance(word, int) else word for word in state)
    key = _u32(key) if isinstance(key, int) else tf.cast(key, tf.uint32)
    first = _mix(first + key * _u32(_GOLDEN))
    return first, _mix(tf.bitwise.bitwise_xor(second, first) + _u32(_GOLDEN))


def _mix(word):
    """A permutation of the 32-bit words in which every input bit reaches every output bit."""
    word = _xorshift(word, 16) * _u32(0x21F0AAAD)
    word = _xorshift(word, 15) * _u32(0x735A2D97)
    return _xorshift(word, 15)


def _xorshift(word, bits):
    return tf.bitwise.bitwise_xor(word, tf.bitwise.right_shift(word, _u32(bits)))


def _to_uniform(words):
    # The 23 high bits and a half: every value is exact in float32, and neither 0 nor 1 occurs.
    high = tf.cast(tf.bitwise.right_shift(words, _u32(9)), tf.float32)
    return tf.minimum((high + 0.5) * 2.0**-23, 1.0)
