"""What a training step takes, read off its graph before anything is run."""

import math
import typing

import tensorflow as tf

# Their outputs are their inputs' memory, or a variable's.
_NO_MEMORY = {"Identity", "Reshape", "ReadVariableOp", "StopGradient", "Placeholder", "Squeeze"}


class Cost(typing.NamedTuple):
    """What one step takes on one replica.

    parameters: name of a player -> the numbers it trains.
    flops: floating-point operations of matrix products and convolutions, a product and a sum as
        two; what is done element by element is not counted.
    weights, optimisers: bytes that stay.
    activations: bytes of the tensors that are alive together at most, where operations run one
        after another in the order in which they were traced; an executor may reuse some, or run
        several at once.
    """

    parameters: dict
    flops: int
    weights: int
    optimisers: int
    activations: int


def cost(model, element):
    """Returns the `Cost` of `model.train_step`.

    Args:
        model: a compiled `GenerativeModel` on one device.
        element: the spec of a batch, see `Dataset.train`.
    """
    step = tf.function(model.train_step, autograph=False)
    operations = step.get_concrete_function(element).graph.get_operations()
    players = model.players()
    return Cost(
        {name: sum(math.prod(v.shape) for v in players[name][0]) for name in players},
        sum(_flops(operation) for operation in operations),
        sum(_variable_bytes(v) for v in model.variables),
        sum(_variable_bytes(v) for _, optimizer in players.values() for v in optimizer.variables),
        _peak(operations),
    )


def _flops(operation):
    if operation.type in ("MatMul", "BatchMatMul", "BatchMatMulV2"):
        transposed = "transpose_a" if operation.type == "MatMul" else "adj_x"
        inner = operation.inputs[0].shape[-2 if operation.get_attr(transposed) else -1]
        return 2 * inner * operation.outputs[0].shape.num_elements()
    if operation.type == "Conv2D":
        kernel, result = operation.inputs[1].shape, operation.outputs[0].shape
    elif operation.type == "Conv2DBackpropInput":
        kernel, result = operation.inputs[1].shape, operation.inputs[2].shape
    elif operation.type == "Conv2DBackpropFilter":
        kernel, result = operation.outputs[0].shape, operation.inputs[2].shape
    else:
        return 0
    # Each number after the convolution meets one kernel; the kernels of all are its last axis.
    return 2 * math.prod(kernel[:-1]) * result.num_elements()


def _peak(operations):
    last = {}
    for place, operation in enumerate(operations):
        for tensor in (*operation.inputs, *operation.outputs):
            last[tensor.ref()] = place
    alive = peak = 0
    for place, operation in enumerate(operations):
        alive += sum(_bytes(tensor) for tensor in operation.outputs)
        peak = max(peak, alive)
        ended = {t.ref(): t for t in (*operation.inputs, *operation.outputs)}
        alive -= sum(_bytes(t) for ref, t in ended.items() if last[ref] == place)
    return peak


def _bytes(tensor):
    count = tensor.shape.num_elements()
    if count is None or tensor.op.type in _NO_MEMORY or tensor.dtype == tf.resource:
        return 0
    return count * tensor.dtype.size


def _variable_bytes(variable):
    return math.prod(variable.shape) * tf.as_dtype(variable.dtype).size
