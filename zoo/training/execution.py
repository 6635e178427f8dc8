"""The functions that Keras' `fit` and `evaluate` call, for any number of replicas and steps.

Keras' own fail here: with several steps over replicas, and at any setting with several workers.
"""

import tensorflow as tf


def train_function(model, last):
    """Returns the function that runs `model.steps_per_execution` training steps in one graph.

    Unrolled, since an optimiser inside a `tf.while_loop` fails under MirroredStrategy.

    Args:
        model: a `GenerativeModel`; its `train_step` returns name -> scalar.
        last: a namespace; its `logs` become name -> float32 [steps] after each call.
    """
    strategy = model.distribute_strategy
    step = model.train_step
    if model.jit_compile and not model.run_eagerly:
        step = tf.function(step, jit_compile=True, autograph=False)

    def one_step(data):
        logs = strategy.run(step, args=(data,))
        model.step.assign_add(1)
        return {name: strategy.reduce("MEAN", value, axis=None) for name, value in logs.items()}

    def several(iterator):
        # All data first: where it ends within an execution, no step of it is taken.
        batches = [next(iterator) for _ in range(model.steps_per_execution)]
        logs = [one_step(data) for data in batches]
        return {name: tf.stack([step[name] for step in logs]) for name in logs[0]}

    several, one_step = _graph(model, several), _graph(model, one_step)

    def train(iterator):
        if not _is_stream(iterator):
            return one_step(next(iterator))  # train_on_batch
        last.logs = _or_stop(several, iterator)
        return {name: values[-1] for name, values in last.logs.items()}

    return train


def test_function(model, means):
    """Returns the function that runs evaluation steps: weighted means over all examples so far.

    Args:
        model: a `GenerativeModel`; its `test_step` returns name -> per-example values [B].
        means: a `keras.metrics.Mean` for each name.
    """

    def update(data):
        values = model.test_step(data)
        weight = model.batch(data).weight
        for mean in means:
            mean.update_state(values[mean.name], sample_weight=weight)

    def one_batch(data):
        model.distribute_strategy.run(update, args=(data,))
        return {mean.name: mean.result() for mean in means}

    next_batch = _graph(model, lambda iterator: one_batch(next(iterator)))
    one_batch = _graph(model, one_batch)

    def test(iterator):
        if not _is_stream(iterator):
            return one_batch(next(iterator))  # test_on_batch
        logs = _or_stop(next_batch, iterator)
        for _ in range(model.steps_per_execution - 1):  # the batches need not divide by it
            try:
                logs = _or_stop(next_batch, iterator)
            except StopIteration:
                break
        return logs

    return test


def _is_stream(iterator):
    return isinstance(iterator, tf.data.Iterator | tf.distribute.DistributedIterator)


def _graph(model, function):
    if model.run_eagerly:
        return function
    return tf.function(function, autograph=False, reduce_retracing=True)


def _or_stop(function, iterator):
    try:
        return function(iterator)
    except tf.errors.OutOfRangeError:
        raise StopIteration from None
