"""Moving averages warm up, so that what a short run draws is not its first weights."""

import numpy as np
import pytest

import zoo
from tests.contract import eagerly, make, run_steps
from zoo.training import ema, optimizers


def test_the_decay_rises_to_the_setting():
    found = [float(ema.decay(0.99, t)) for t in (0, 1, 8, 889, 890, 10_000)]
    np.testing.assert_allclose(found, [0.1, 2 / 11, 0.5, 890 / 899, 0.99, 0.99], rtol=1e-6)


@pytest.mark.parametrize("name", ["dcgan", "vae"])
def test_a_short_run_draws_by_what_it_learned(name):
    """After 60 steps an average with a fixed decay of 0.999 is 94 % first weights."""
    data = zoo.load_data(name)
    model = make(name, data.spec, ema=0.999, steps_per_execution=20)
    first = [v.numpy() for v, _ in model._averaged.pairs]
    run_steps(model, data, 60)
    moved = learned = 0.0
    for (weight, average), start in zip(model._averaged.pairs, first, strict=True):
        moved += np.sum((weight.numpy() - start) ** 2)
        learned += np.sum((average.numpy() - start) * (weight.numpy() - start))
    assert learned / moved > 0.7


def test_a_model_that_is_compiled_again_keeps_its_averages():
    data = zoo.load_data("vae")
    model = eagerly(make("vae", data.spec, ema=0.9))
    run_steps(model, data, 2)
    before, count = model._averaged.weights[0].numpy(), len(model.variables)
    with model.distribute_strategy.scope():
        model.compile(optimizers.of(model.config))
    assert len(model.variables) == count
    np.testing.assert_array_equal(model._averaged.weights[0].numpy(), before)
    run_steps(model, data, 1)
    assert np.abs(model._averaged.weights[0].numpy() - before).max() > 0


def test_a_batch_norms_statistics_are_averaged_as_its_weights_are():
    model = make("dcgan", zoo.load_data("dcgan").spec, ema=0.9)
    averaged = {weight.path for weight, _ in model._averaged.pairs}
    assert averaged == {weight.path for weight in model.generator.weights}
    assert any(path.endswith("moving_variance") for path in averaged)
