"""Programs that write checkpoints under the library of `shim.py`; `test_survival.py` starts them.

python -m tests.storage.saving steps FOLDER COUNT      checkpoints of steps 0 to COUNT
python -m tests.storage.saving faults FOLDER COUNT     COUNT checkpoints, a fault in each
"""

import sys
import traceback

import tensorflow as tf

import zoo
from tests.storage import shim
from zoo.training.checkpoints import Checkpoints

SETTINGS = {"batch_size": 32, "latent": 2, "hidden": (16,), "ema": 0.9, "seed": 3}
ACTIONS = ("enospc", "eio", "short", "full")
CALLS = 25  # about as many as a checkpoint makes; every second one, then the others


def made():
    """A small model, its data, and its one stream of steps."""
    data = zoo.load_data("vae")
    return zoo.build("vae", data, **SETTINGS), data


def train(model, data, steps):
    """Trains from where the model is up to `steps` in all."""
    done = int(model.step.numpy())
    if steps > done:
        stream = data.train(32, 3, model.blocks_per_step, done, steps - done)
        model.fit(stream, steps_per_epoch=steps - done, shuffle=False, verbose=0)


def weights(model):
    """Every variable of a model and its optimisers as bytes."""
    variables = [*model.variables, *(v for _, o in model.players().values() for v in o.variables)]
    return [variable.numpy().tobytes() for variable in variables]


def steps(folder, count):
    model, data = made()
    checkpoints = Checkpoints(folder, model)
    for step in range(count + 1):
        train(model, data, step)
        checkpoints.save(step)


def faults(folder, count):
    """Prints a line a fault: what it was, and what came of it."""
    model, data = made()
    other, _ = made()  # what a later process would read
    checkpoints = Checkpoints(folder, model)
    checkpoints.save(0)
    kept = {0: weights(model)}
    for number in range(count):
        action, after = ACTIONS[number % 4], 1 + number // 4 * 2 % CALLS
        step = number + 1
        train(model, data, step)
        before = checkpoints.steps()
        shim.arm(action, after)
        try:
            checkpoints.save(step)
            came = "saved"
        except (OSError, tf.errors.OpError) as error:
            came = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
        shim.arm("")
        kept[step] = weights(model)
        found = Checkpoints(folder, other)
        restored = found.restore()
        assert weights(other) == kept[restored], f"{action} at {after}: step {restored} is broken"
        assert restored == step or came != "saved", f"{action} at {after}: nobody was told"
        if restored != step:
            assert found.steps() == before, f"{action} at {after}: an older one is lost"
        print(f"{action} {after} {restored == step} {came}", flush=True)


if __name__ == "__main__":
    {"steps": steps, "faults": faults}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
