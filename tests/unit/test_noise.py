"""The generator's statistics, its independence of batch and device, its TensorFlow Lite form."""

import numpy as np
import pytest
import tensorflow as tf

from zoo import noise

N = 1000


def draw(kind="normal", shape=(N,), seed=0, purpose=noise.TRAINING, step=0, examples=N, skip=0):
    drawn = noise.Noise(seed, purpose, tf.range(examples), step)
    for _ in range(skip):
        drawn.uniform((1,))
    return getattr(drawn, kind)(shape).numpy()


def test_normal_moments():
    # A million draws: standard errors 1e-3 (mean), 7e-4 (deviation), 5e-3 (kurtosis).
    values = draw()
    assert abs(values.mean()) < 4e-3
    assert abs(values.std() - 1) < 3e-3
    assert abs((values**3).mean()) < 1e-2
    assert abs((values**4).mean() - 3) < 2e-2


def test_uniform_is_uniform_and_open():
    values = draw("uniform")
    assert values.min() > 0
    assert values.max() < 1
    counts, _ = np.histogram(values, bins=100, range=(0, 1))
    expected = values.size / 100
    # Chi squared with 99 degrees of freedom: mean 99, deviation 14; 5 deviations.
    assert ((counts - expected) ** 2 / expected).sum() < 99 + 5 * 14


def test_low_bits_are_random_too():
    bits = (draw("uniform") * 2**23).astype(np.int64) & 1
    assert abs(bits.mean() - 0.5) < 3e-3


@pytest.mark.parametrize(
    "other",
    [{"seed": 1}, {"purpose": noise.SAMPLING}, {"step": 1}, {"skip": 1}],
    ids=lambda other: next(iter(other)),
)
def test_streams_are_uncorrelated(other):
    one, two = draw().ravel(), draw(**other).ravel()
    # A million pairs: standard error 1e-3; and at no shift, either.
    for shift in (0, 1, N):
        assert abs(np.corrcoef(one, np.roll(two, shift))[0, 1]) < 5e-3


def test_examples_and_elements_are_uncorrelated():
    values = draw(shape=(200,), examples=5000)
    for axis in (0, 1):
        between = np.corrcoef(values[:, :200] if axis else values[:200], rowvar=axis == 0)
        off = between[~np.eye(len(between), dtype=bool)]
        samples = values.shape[0] if axis else 200
        # The largest of 20,000 correlations of independent normals stays below 4.9 / sqrt(n).
        assert np.abs(off).max() < 5.5 / np.sqrt(samples)


def test_no_stream_repeats_another():
    # A million streams, ten examples at 100,000 steps: with 32 bits of state about twenty pairs of
    # steps would share examples.
    examples, steps = tf.tile(tf.range(10), [100 * N]), tf.repeat(tf.range(100 * N), 10)
    drawn = noise.Noise(0, noise.TRAINING, examples, steps).uniform((3,)).numpy()
    assert len(np.unique(drawn, axis=0)) == len(drawn)


def test_longer_batch_begins_with_the_shorter():
    np.testing.assert_array_equal(draw(examples=10)[:4], draw(examples=4))


def test_replicas_draw_what_one_device_would():
    whole, half = (noise.Noise(3, noise.TRAINING, tf.range(i, 8), 5) for i in (0, 4))
    np.testing.assert_array_equal(whole.uniform((6,))[4:], half.uniform((6,)))
    # The words are the same; a vectorized logarithm may round the last bit by its place.
    np.testing.assert_allclose(whole.normal((6,))[4:], half.normal((6,)), rtol=0, atol=1e-6)


def test_xla_draws_the_same_words():
    compiled = tf.function(lambda: noise.Noise(1, 0, tf.range(50)).uniform((7,)), jit_compile=True)
    np.testing.assert_array_equal(
        compiled().numpy(), noise.Noise(1, 0, tf.range(50)).uniform((7,)).numpy()
    )


def test_dropout_mask_has_its_rate():
    kept = noise.Noise(0, noise.TRAINING, tf.range(N)).keep((N,), 0.2).numpy()
    assert set(np.unique(kept)) == {0.0, 1.0}
    assert abs(kept.mean() - 0.8) < 3e-3


def test_words_are_those_of_the_slow_twin():
    for seed, purpose, step in ((7, noise.SAMPLING, 0), (-3, noise.TRAINING, 10**6)):
        drawn = noise.Noise(seed, purpose, tf.range(3), step)
        for draw in range(2):
            found = (drawn.uniform((4,)).numpy() * 2**23).astype(np.int64)
            slow = [
                [twin(seed, purpose, step, draw, example, element) >> 9 for element in range(4)]
                for example in range(3)
            ]
            assert found.tolist() == slow


def test_places_of_a_loop_have_their_own_numbers():
    drawn = noise.Noise(7, noise.EVALUATION, tf.range(3))
    drawn.uniform((4,))  # what was drawn before changes nothing
    there = drawn.at([5, 0])
    for draw in range(2):
        found = (there.uniform((4,)).numpy() * 2**23).astype(np.int64)
        slow = [
            [
                twin(7, noise.EVALUATION, 0, place, draw, example, element) >> 9
                for element in range(4)
            ]
            for place in (5, 0)
            for example in range(3)
        ]
        assert found.tolist() == slow
    steps = noise.Noise(7, noise.EVALUATION, tf.range(3), step=tf.constant([0, 1, 0]))
    own = steps.at([5]).uniform((4,)).numpy()
    once = drawn.at([5]).uniform((4,)).numpy()
    assert (own == once).all(axis=1).tolist() == [True, False, True]


def test_a_loop_draws_by_its_place():
    drawn = noise.Noise(3, noise.EVALUATION, tf.range(4))

    @tf.function(autograph=False)
    def looped():
        outputs = tf.TensorArray(tf.float32, 6, element_shape=(4, 5))
        return tf.while_loop(
            lambda place, _: place < 6,
            lambda place, out: (place + 1, out.write(place, drawn.at([place]).uniform((5,)))),
            (tf.constant(0), outputs),
        )[1].concat()

    np.testing.assert_array_equal(looped(), drawn.at(tf.range(6)).uniform((5,)))
    assert len(np.unique(looped(), axis=0)) == 24


def test_known_values():
    # Fixed for good: a change here changes every picture of every seed.
    found = [twin(7, noise.SAMPLING, 0, 0, 0, element) >> 9 for element in range(2)]
    assert found == [2006495, 3216881]


def twin(*keys):
    """The generator in Python's whole numbers, one at a time; the last key is the element."""
    *keys, element = keys
    mask = 2**32 - 1

    def mix(word):
        for shift, factor in ((16, 0x21F0AAAD), (15, 0x735A2D97), (15, 1)):
            word = ((word ^ (word >> shift)) * factor) & mask
        return word

    golden = 0x9E3779B9
    first, second = 0x243F6A88, 0x85A308D3
    for key in keys:
        first = mix((first + (key & mask) * golden) & mask)
        second = mix(((second ^ first) + golden) & mask)
    return mix(mix((element * golden + first) & mask) ^ second)


def test_weights_of_any_shape():
    assert noise.array("normal", 0, (3, 4, 5)).shape == (3, 4, 5)
    assert noise.array("uniform", 0, (6,)).shape == (6,)
    assert noise.array("uniform", 0, ()).shape == ()
    assert len(np.unique(noise.array("normal", 0, (30, 40)).numpy())) > 1150


def test_tflite_draws_the_same_numbers(tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    def draws(num, seed):
        drawn = noise.Noise(
            tf.reshape(seed, [-1])[0], noise.SAMPLING, tf.range(tf.reshape(num, [-1])[0])
        )
        return {"normal": drawn.normal((7,)), "uniform": drawn.uniform((2, 3))}

    module = tf.Module()
    specs = [tf.TensorSpec(None, tf.int32, name) for name in ("num", "seed")]
    function = tf.function(draws, input_signature=specs, autograph=False)
    tf.saved_model.save(module, str(tmp_path), {"draws": function.get_concrete_function()})
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path), signature_keys=["draws"])
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    interpreter = Interpreter(model_content=converter.convert())
    for seed in (0, 7, -3, 2**31 - 1):
        runner = interpreter.get_signature_runner("draws")
        found = runner(num=np.array([9], np.int32), seed=np.array([seed], np.int32))
        expected = draws(tf.constant(9), tf.constant(seed))
        np.testing.assert_array_equal(found["uniform"], expected["uniform"])
        np.testing.assert_allclose(found["normal"], expected["normal"], rtol=0, atol=2e-6)
