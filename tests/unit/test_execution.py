"""How many steps an execution takes, what its end in the data does, and what is recorded of it."""

import json

import numpy as np
import pytest

from tests.contract import BATCH, differing, make, mirrored, run_steps, weights
from zoo.training import callbacks
from zoo.training.execution import Pace


def test_an_execution_lasts_about_a_second_and_passes_no_stop():
    pace, step, found = Pace(every=1000, last=2300), 0, []
    while step < 2300:
        count = pace.steps(step)
        step += count
        found.append(count)
        traced = 5.0 if len(found) == 1 else 0.0
        pace.took(count, traced + count / 100)
    assert found[:5] == [1, 1, 4, 16, 64]
    assert max(found) == 100
    ends = np.cumsum(found)
    assert {1000, 2000, 2300} <= set(ends)
    assert ends[-1] == 2300


def test_where_data_ends_within_an_execution_its_whole_steps_are_taken_and_logged(digits):
    models = [make("vae", digits.spec, steps_per_execution=count) for count in (1, 4)]
    for model in models:
        stream = digits.train(BATCH, 0, 1, 0, 6)
        model.fit(stream, shuffle=False, verbose=0)
        assert int(model.step.numpy()) == 6
    assert differing(*map(weights, models)) == []
    assert {len(values) for values in models[1].step_logs().values()} == {2}


def test_over_replicas_none_of_an_execution_that_data_ends_in_is_taken(digits):
    model = make("vae", digits.spec, mirrored(), steps_per_execution=4)
    with pytest.warns(UserWarning, match="ran out of data"):
        model.fit(digits.train(BATCH, 0, 1, 0, 6), shuffle=False, verbose=0)
    assert int(model.step.numpy()) == 4


def test_logs_are_those_of_each_step(digits):
    one, many = (make("vae", digits.spec, steps_per_execution=count) for count in (1, 5))
    each = []
    for _ in range(5):
        run_steps(one, digits, 1)
        each.append(one.step_logs()["elbo"][0])
    run_steps(many, digits, 5)
    assert many.step_logs()["elbo"].tolist() == each


@pytest.mark.parametrize("lengths", [[1] * 25, [1, 1, 4, 16, 3], [25]], ids=str)
def test_the_journal_does_not_depend_on_the_length_of_executions(lengths, digits, tmp_path):
    model = make("vae", digits.spec)
    logger = callbacks.MetricsLogger(tmp_path / "metrics.jsonl", callbacks.TensorBoard(tmp_path))
    logger.set_model(model)
    logger.on_train_begin()
    for length in lengths:
        steps = int(model.step.numpy()) + np.arange(1, length + 1)
        model.step.assign_add(length)
        model._last.logs = {"loss": np.float32(steps)}  # each step's loss is its number
        logger.on_train_batch_end(0)
    logger.on_train_end()
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    found = {line["step"]: line["loss"] for line in lines}
    expected = {10: 6.0, 20: 15.5, 25: 23.0}  # the mean of 2 to 10, 11 to 20, 21 to 25
    assert found == {1: 1.0, **expected}
