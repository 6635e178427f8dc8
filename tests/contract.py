"""What every registered model passes (DESIGN section 6); `test_contract.py` runs it.

Each check builds what it needs from the registry and from the model's `ModelCase`, so a new model
needs no line here.
"""

import dataclasses
import functools
import importlib.util
import typing

import keras
import numpy as np
import pytest
import tensorflow as tf

from tests.selection import FAMILIES, PIXELWISE
from zoo import registry
from zoo.config import override
from zoo.data.pipeline import Dataset
from zoo.training import optimizers

BATCH = 32

# Ops that XLA on CPU may swallow and a TPU cannot run.
BANNED = {
    "PyFunc", "EagerPyFunc", "Where", "Unique", "Print", "PrintV2", "RandomUniform",
    "RandomStandardNormal", "TensorArrayV3", "Assert",
}  # fmt: skip


@dataclasses.dataclass(frozen=True)
class ModelCase:
    """What the contract is told of one model; the `CASE` of its test file.

    Attributes:
        small: settings that keep the checks fast.
        exempt: ends of the paths of variables whose gradient is zero by the algorithm's own
            construction.
        learns: a function without arguments that asserts by how much a short run beats its start.
    """

    small: dict = dataclasses.field(default_factory=dict)
    exempt: tuple = ()
    learns: typing.Callable | None = None


def case(name):
    """Returns the `CASE` of tests/models/test_NAME.py, or the defaults if there is no such file."""
    place = f"tests.models.test_{name}"
    if importlib.util.find_spec(place) is None:
        return ModelCase()
    return importlib.import_module(place).CASE


def flags_of(settings):
    """Settings as flags of a command."""
    return [
        f"--config.{key}={','.join(map(str, value)) if isinstance(value, tuple) else value}"
        for key, value in settings.items()
    ]


def make(
    name, spec, strategy=None, jit_compile=False, steps_per_execution=1, steps=None, **settings
):
    """Builds a small-batch model of the zoo under a strategy."""
    strategy = strategy or tf.distribute.OneDeviceStrategy("CPU:0")
    module = registry.module(name)
    words = {"batch_size": BATCH, **case(name).small, **settings}
    config = override(module.Config(), words)
    with strategy.scope():
        return module.build(
            config,
            spec,
            steps=steps,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
        )


def eagerly(model):
    """The model, to take its steps without a graph: one takes seconds to trace, a step does not."""
    model.run_eagerly = True
    return model


def two_cpus():
    """Splits this process's CPU into two logical ones, before anything runs on it."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@functools.cache
def mirrored():
    """Two replicas on two logical CPUs: one strategy for all tests, since those of one process
    share the keys of their collective ops."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def run_steps(model, data, steps):
    """Trains `steps` more steps from where the model is; returns the history."""
    done = int(model.step.numpy())
    stream = data.train(
        model.config.batch_size, model.config.seed, model.updates_per_step, done, steps
    )
    return model.fit(stream, steps_per_epoch=steps, shuffle=False, verbose=0).history


def weights(model):
    """Every variable of a model and its optimizers, by place and replica: numpy copies."""
    variables = list(model.variables)
    for _, optimizer in model.optimizers().values():
        variables += optimizer.variables
    found = {}
    for number, variable in enumerate(variables):
        value = variable.value
        # A replica's own copy, where there are several, or an average would hide a drift.
        for replica, part in enumerate(getattr(value, "values", [value])):
            found[f"{number} {list(variable.shape)} @{replica}"] = part.numpy()
    return found


def differing(one, other):
    """Returns the places at which two `weights` are not equal bit for bit."""
    assert one.keys() == other.keys()
    return [key for key in one if one[key].tobytes() != other[key].tobytes()]


def check_each_network_moves_alone(name, data):
    """Item 1: with the others' learning rates at 0, exactly one network's weights change, all."""
    for part in make(name, data.spec).optimizers():
        model = eagerly(make(name, data.spec))
        for other, (_, optimizer) in model.optimizers().items():
            if other != part:
                optimizer.learning_rate = 0.0
        before = {v.path: v.numpy() for v in model.trainable_variables}
        run_steps(model, data, 1)
        moved = {v.path for v in model.trainable_variables if (v.numpy() != before[v.path]).any()}
        own = {v.path for v in model.optimizers()[part][0]}
        exempt = {p for p in own if p.endswith(case(name).exempt)}
        assert moved == own - exempt, f"{part}: {sorted(moved ^ (own - exempt))}"
    assert int(model.step.numpy()) == 1


def replicas_apart(name, data, counts, rate=0.02):
    """Trains by SGD on one device and on two replicas at half its batch; yields after so many more
    steps the largest difference of any weight of any replica."""
    settings = {"optimizer": "sgd", "learning_rate": rate}
    # Each step of an execution is traced for each replica, which takes as long again.
    settings["steps_per_execution"] = 2 if name in FAMILIES else 1
    models = [make(name, data.spec, strategy, **settings) for strategy in (None, mirrored())]
    for count in counts:
        for model in models:
            run_steps(model, data, count)
        one, two = (weights(model) for model in models)
        # NumPy's maximum: Python's would pass over a NaN.
        yield float(np.max([np.abs(two[key] - one[key[:-1] + "0"]).max() for key in two]))


def check_replicas_equal_one_device(name, data):
    """Item 3: four SGD steps on two replicas at half batch equal one device's to 1e-6."""
    # At ten times the rate a kernel of SNGAN, whose gradient is divided by its small norm, grows
    # thirtyfold within these steps, and its rounding with it.
    (apart,) = replicas_apart(name, data, [4], rate=0.002)
    assert apart <= 1e-6


def check_reduced_gradients(name, data):
    """Item 3 for adaptive optimizers, which turn rounding into full steps: their slots after one
    step (sums of the reduced gradients) agree to 1e-6.

    What reduces the gradients is the same code for every model and for every optimizer: so each
    optimizer is tried with the VAE, and each model with its paper's optimizer.
    """
    adaptive = [n for n in optimizers.NAMES if n != "sgd"]
    own = registry.module(name).Config().optimizer
    for optimizer in adaptive if name == "vae" else [own]:
        settings = {"optimizer": optimizer, "learning_rate": 1e-12}
        slots = []
        for strategy in (None, mirrored()):
            model = make(name, data.spec, strategy, **settings)
            run_steps(model, data, 1)
            slots.append({p: o.variables for p, (_, o) in model.optimizers().items()})
        for part, variables in slots[0].items():
            for one, two in zip(variables, slots[1][part], strict=True):
                np.testing.assert_allclose(
                    one.numpy(), two.numpy(), 1e-6, 1e-6, err_msg=f"{optimizer} {one.path}"
                )


def check_restored_run_continues(name, data, folder):
    """Item 4: save, forget, restore, continue = never interrupted, bit for bit."""
    unbroken, first, second = (eagerly(make(name, data.spec, ema=0.9)) for _ in range(3))
    run_steps(unbroken, data, 4)
    run_steps(first, data, 2)
    path = tf.train.Checkpoint(model=first).save(str(folder / "checkpoint"))
    tf.train.Checkpoint(model=second).restore(path).assert_consumed()
    run_steps(second, data, 2)
    assert differing(weights(unbroken), weights(second)) == []


def check_steps_repeat(name, data):
    """Item 4's ground: the same steps from the same weights, again and again, give the same bits,
    one in an execution or several.

    A race between reading a weight and updating it shows here, a few times in a hundred.
    """
    model = make(name, data.spec)
    variables = [
        *model.variables,
        *(v for _, o in model.optimizers().values() for v in o.variables),
    ]
    start = [variable.numpy().copy() for variable in variables]
    # One stream for all, and what `fit` calls: to begin `fit` anew takes longer than the steps.
    stream = data.train(BATCH, model.config.seed, model.updates_per_step, 0, 2).repeat()
    stream = iter(model.distribute_strategy.experimental_distribute_dataset(stream))
    model.make_train_function()
    first = None
    for turn in range(40):
        for variable, value in zip(variables, start, strict=True):
            variable.assign(value)
        executions = 2 - turn % 2
        model.steps_per_execution = 2 // executions
        for _ in range(executions):
            model.train_function(stream)
        assert int(model.step.numpy()) == 2
        now = weights(model)
        first = first or now
        assert differing(first, now) == []


def check_keras_weight_files_carry_all(name, data, folder):
    """Item 4 through Keras' own `save_weights` and `load_weights`, optimizers included."""
    first = eagerly(make(name, data.spec, ema=0.9))
    run_steps(first, data, 3)
    first.save_weights(folder / "model.weights.h5")
    second = make(name, data.spec, ema=0.9)
    second.load_weights(folder / "model.weights.h5")
    assert int(second.step.numpy()) == 3
    assert differing(weights(first), weights(second)) == []


def check_fit_validates_and_traces_once(name, data):
    """Item 5: `fit` with validation data, of each family's first under XLA; one trace for training
    and one for tests."""
    model = make(name, data.spec, jit_compile=name in FAMILIES, steps_per_execution=4)
    traces = {"train_step": 0, "test_step": 0}
    for step in traces:
        original = getattr(model, step)

        def counted(data, step=step, original=original):
            traces[step] += 1
            return original(data)

        setattr(model, step, counted)
    validation = data.evaluation("test", BATCH)
    for start in (0, 4):
        stream = data.train(BATCH, 0, model.updates_per_step, start, 4)
        history = model.fit(
            stream, validation_data=validation, steps_per_epoch=4, shuffle=False, verbose=0
        ).history
    assert traces == {"train_step": 1, "test_step": 1}
    assert int(model.step.numpy()) == 8
    for metric in model.metric_names:
        assert np.isfinite(history[f"val_{metric}"]).all()


def check_graph_is_fit_for_a_tpu(name, data):
    """Item 5: no banned op, no float64, no undefined shape in the training step's graph."""
    model = make(name, data.spec)
    element = data.train(BATCH, 0, model.updates_per_step).element_spec
    graph = tf.function(model.train_step, autograph=False).get_concrete_function(element).graph
    definition = graph.as_graph_def()
    nodes = [*definition.node, *(n for f in definition.library.function for n in f.node_def)]
    assert not {node.op for node in nodes} & BANNED
    for operation in graph.get_operations():
        for tensor in operation.outputs:
            assert tensor.dtype != tf.float64, operation.name
            if tensor.dtype.is_floating:
                assert tensor.shape.is_fully_defined(), f"{operation.name} {tensor.shape}"


def check_bfloat16_is_for_hidden_products(name, data):
    """Under bfloat16 some products are of it; weights, losses and samples are float32, and losses
    those of float32 to 3 %."""
    losses, batch = [], next(iter(data.evaluation("test", BATCH)))
    for precision in ("float32", "bfloat16"):
        model = make(name, data.spec, precision=precision)
        # Of float32 what is less work to trace.
        step, given = model.test_step, data.evaluation("test", BATCH)
        if precision == "bfloat16":
            step, given = model.train_step, data.train(BATCH, 0, model.updates_per_step)
        traced = tf.function(step, autograph=False).get_concrete_function(given.element_spec)
        assert {spec.dtype for spec in traced.structured_outputs.values()} == {tf.float32}
        products = {
            tensor.dtype for operation in traced.graph.get_operations() for tensor in
            operation.inputs if operation.type.startswith(("MatMul", "BatchMatMul", "Conv2D"))
        }  # fmt: skip
        assert (tf.bfloat16 in products) == (precision == "bfloat16")
        assert tf.float32 in products  # the last layers'
        assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
        values = model.test_step(batch)
        losses.append({key: value.numpy().mean() for key, value in values.items()})
        assert {value.dtype for value in values.values()} == {tf.float32}
    for key, value in losses[0].items():
        np.testing.assert_allclose(losses[1][key], value, rtol=0.03, atol=0.01, err_msg=key)


def check_averages(name, data):
    """The moving averages follow w̄ = d w̄ + (1 - d) w from the first weights on, d rising to the
    setting; they are what is sampled, BatchNorm's statistics among them."""
    # Large steps: drawn levels do not change with every small one of the weights.
    rate = 0.03 if name in PIXELWISE else 0.005
    model = eagerly(make(name, data.spec, ema=0.15, learning_rate=rate))
    variables, averages = zip(*model._averaged.pairs, strict=True)
    expected = [v.numpy() for v in variables]
    for decay in (1 / 10, 0.15, 0.15):  # the setting is below 2 / 11
        run_steps(model, data, 1)
        expected = [
            decay * e + (1 - decay) * v.numpy() for e, v in zip(expected, variables, strict=True)
        ]
    given = data.conditions()
    drawn = model.sample(4, 1, given).numpy()
    live, kept = make(name, data.spec), {id(average) for average in averages}
    own = [variable for variable in model.variables if id(variable) not in kept]
    for target, source in zip(live.variables, own, strict=True):
        target.assign(source)
    now = live.sample(4, 1, given).numpy()
    assert np.abs(now - drawn).max() > 1e-6, "the live weights were sampled"
    places = {id(variable): place for place, variable in enumerate(own)}
    for variable, value in zip(variables, expected, strict=True):
        live.variables[places[id(variable)]].assign(value)
    np.testing.assert_allclose(live.sample(4, 1, given).numpy(), drawn, atol=1e-6)


def check_samples(name, data):
    """Examples of the stated form; a longer batch begins with the shorter; seeds and conditions
    matter, and a condition is repeated in turn."""
    model, given = make(name, data.spec), data.conditions()
    x = model.sample(16, 7, given).numpy()
    assert x.shape == (16, *data.spec.shape)
    assert x.dtype == np.float32
    assert x.min() >= 0
    assert x.max() <= 1
    # Not bit for bit: a matrix product's rounding may depend on the number of its rows.
    np.testing.assert_allclose(model.sample(4, 7, given).numpy(), x[:4], atol=1e-6)
    assert np.abs(model.sample(4, 8, given).numpy() - x[:4]).max() > 1e-3
    if given is not None:
        whole = model.sample(16, 7, given[np.arange(16) % len(given)]).numpy()
        np.testing.assert_allclose(whole, x, atol=1e-6)
        assert np.abs(model.sample(4, 7, given[::-1]).numpy() - x[:4]).max() > 1e-4


def check_larger_pictures(name, data):
    """A step and a sample at the sizes of MNIST and CIFAR, whatever the networks' sizing rules."""
    if data.spec.modality != "images":
        pytest.skip(f"{name} draws {data.spec.modality}")
    for shape in ((28, 28, 1), (32, 32, 3)):
        images = np.random.RandomState(0).randint(0, 256, (64, *shape)).astype(np.uint8)
        splits = {
            split: (images, np.arange(64, dtype=np.int32) % 10) for split in ("train", "test")
        }
        spec = dataclasses.replace(data.spec, shape=shape, levels=256)
        larger = Dataset(spec, data.options, splits, 256)
        model = eagerly(make(name, spec, batch_size=4))
        history = run_steps(model, larger, 1)
        assert all(np.isfinite(values).all() for values in history.values())
        draw = functools.partial(model.sample, 2, 0, larger.conditions())
        if name in PIXELWISE:  # step by step, its loop over pixels takes ten times as long
            draw = tf.function(draw, autograph=False)
        x = draw().numpy()
        assert x.shape == (2, *shape)
        assert np.isfinite(x).all()


def check_plain_arrays_fit(name, data):
    """A Keras user's `fit(x, labels)` trains, and `train_on_batch` does one step."""
    model = make(name, data.spec)
    k = model.updates_per_step
    images, _, labels = data.examples("train", 4 * k * BATCH)
    x = data.spec.from_unit(images)
    if k > 1:
        x, labels = (array.reshape(-1, k, *array.shape[1:]) for array in (x, labels))
    model.fit(x, labels, batch_size=BATCH, verbose=0)
    assert int(model.step.numpy()) == 4
    logs = model.train_on_batch(x[:BATCH], labels[:BATCH], return_dict=True)
    assert int(model.step.numpy()) == 5
    assert all(np.isfinite(list(logs.values())))


def check_wrong_strategy_is_refused(name, data):
    """A model or an optimizer from outside the scope would train silently wrong."""
    model = make(name, data.spec, mirrored())
    optimizer = keras.optimizers.SGD()  # made outside
    optimizers_needed = [optimizer] * len(model.optimizers())
    for scope in (tf.distribute.get_strategy(), model.distribute_strategy):
        with scope.scope(), pytest.raises(RuntimeError, match=r"strategy\.scope"):
            model.compile(*optimizers_needed)
