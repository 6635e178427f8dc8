"""The functions that Keras' `fit` and `evaluate` call, for any number of replicas and steps.

Keras' own fail here: with several steps over replicas, and at any setting with several workers.
"""

import time

import tensorflow as tf


class Pace:
    """Chooses how many steps an execution takes: about a second's, and none past a stop.

    The first takes one step, so that its losses are seen as soon as the graph is made; then as
    many as were done in a second, at most four times as many as the one before.

    Args:
        every: an execution ends at each multiple of so many steps.
        last: the step at which training ends.
    """

    def __init__(self, every, last):
        self._every, self._last, self._steps = every, last, 1

    def steps(self, step):
        """Returns how many steps to take from `step` on."""
        return min(self._steps, self._every - step % self._every, self._last - step)

    def took(self, steps, seconds):
        """Hears how long an execution of so many steps was."""
        self._steps = max(1, min(4 * self._steps, int(steps / seconds)))


def train_function(model, last):
    """Returns the function that runs an execution: several training steps in one call of a graph.

    Their number is chosen by `model.pace` where it is set, and otherwise it is
    `model.steps_per_execution`.

    One replica runs them in a `tf.while_loop`: the step is traced once, and where the data ends
    within an execution, the steps that there was data for are taken.  Several replicas run
    `steps_per_execution` unrolled steps, since Keras' optimizers fail in a loop under
    MirroredStrategy; where the data ends within an execution, none of it is taken.

    Args:
        model: a `GenerativeModel`; its `train_step` returns name -> scalar.
        last: a namespace; its `logs` become name -> float32 [steps], numpy, after each call.
    """
    strategy = model.distribute_strategy
    step = model.train_step
    if model.jit_compile and not model.run_eagerly:
        step = tf.function(step, jit_compile=True, autograph=False)

    def one_step(data):
        logs = strategy.run(step, args=(data,))
        model.step.assign_add(1)
        return {name: strategy.reduce("MEAN", value, axis=None) for name, value in logs.items()}

    if strategy.num_replicas_in_sync == 1 and not model.run_eagerly:
        several = _looped(model, one_step)
    else:
        several = _unrolled(model, one_step)
    one_step = _graph(model, one_step)

    def train(iterator):
        if not _is_stream(iterator):
            return one_step(next(iterator))  # train_on_batch
        last.logs = several(iterator)
        return {name: values[-1] for name, values in last.logs.items()}

    return train


def _looped(model, one_step):
    names = []

    def loop(iterator, count):
        def body(done, _, rows):
            element = iterator.get_next_as_optional()

            def take():
                logs = one_step(element.get_value())
                names[:] = logs
                values = [tf.cast(value, tf.float32) for value in logs.values()]
                return done + 1, True, rows.write(done, tf.stack(values))

            return tf.cond(element.has_value(), take, lambda: (done, False, rows))

        rows = tf.TensorArray(tf.float32, count, infer_shape=False)
        done, _, rows = tf.while_loop(
            lambda done, more, _: tf.logical_and(done < count, more),
            body,
            (0, True, rows),
            parallel_iterations=1,
        )
        # Data of unknown length ends between two executions: then there is nothing to gather.
        return tf.cond(
            done > 0, lambda: rows.gather(tf.range(done)), lambda: tf.zeros([0, 0], tf.float32)
        )

    graph = _graph(model, loop)

    def several(iterator):
        begun = time.monotonic()
        pace, count = model.pace, model.steps_per_execution
        if pace:
            count = pace.steps(int(model.step.numpy()))
        rows = graph(iterator, tf.constant(count)).numpy()
        if not len(rows):
            raise StopIteration
        if pace:
            pace.took(len(rows), time.monotonic() - begun)
        return dict(zip(names, rows.T, strict=True))

    return several


def _unrolled(model, one_step):
    def steps(iterator):
        # All data first: where it ends within an execution, no step of it is taken.
        batches = [next(iterator) for _ in range(model.steps_per_execution)]
        # Nothing else would keep a step of the graph from running before all reads succeeded: the
        # counter waits by its scope, and replicas, to which no scope reaches, by their data.
        reads = [
            value for value in tf.nest.flatten(batches, expand_composites=True) if value is not None
        ]
        with tf.control_dependencies(reads):
            batches = tf.nest.map_structure(_copied, batches, expand_composites=True)
            logs = [one_step(data) for data in batches]
        return {name: tf.stack([step[name] for step in logs]) for name in logs[0]}

    graph = _graph(model, steps)

    def several(iterator):
        return {name: values.numpy() for name, values in _or_stop(graph, iterator).items()}

    return several


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


def _copied(value):
    return None if value is None else tf.identity(value)


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
