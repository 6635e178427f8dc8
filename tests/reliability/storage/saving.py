"""Programs that write checkpoints under the library of `shim.py`; `test_survival.py` starts them.

python -m tests.reliability.storage.saving steps FOLDER COUNT    checkpoints of steps 0 to COUNT
python -m tests.reliability.storage.saving faults FOLDER COUNT   COUNT checkpoints, a fault in each
"""

import json
import os
import sys
import traceback

import zoo
from tests.reliability.storage import shim
from zoo.files import WriteError
from zoo.runs.checkpoints import Checkpoints

SETTINGS = {"batch_size": 32, "latent": 2, "hidden": (16,), "ema": 0.9, "seed": 3}
HEALTHY = 5  # checkpoints before the first fault: from the fourth on each drops one


def made():
    """A small model, its data, and its one stream of steps."""
    data = zoo.load_data("vae")
    return zoo.build("vae", data, **SETTINGS), data


def train(model, data, steps):
    """Trains from where the model is up to `steps` in all."""
    done = int(model.step.numpy())
    if steps > done:
        stream = data.train(32, 3, model.updates_per_step, done, steps - done)
        model.fit(stream, steps_per_epoch=steps - done, shuffle=False, verbose=0)


def weights(model):
    """Every variable of a model and its optimizers as bytes."""
    variables = [
        *model.variables,
        *(v for _, o in model.optimizers().values() for v in o.variables),
    ]
    return [variable.numpy().tobytes() for variable in variables]


def steps(folder, count):
    model, data = made()
    checkpoints = Checkpoints(folder, model)
    for step in range(count + 1):
        train(model, data, step)
        checkpoints.save(step)


def faults(folder, count):
    """Prints a line of JSON for each fault: which, at which call, and what came of it."""
    model, data = made()
    other, _ = made()  # what a later process would read
    checkpoints, kept = Checkpoints(folder, model), {}
    for step in range(HEALTHY):
        train(model, data, step)
        begun = shim.count()
        checkpoints.save(step)
        kept[step] = weights(model)
    calls = shim.calls(os.environ["FAULTS_OUT"])[begun:]
    for step, (fault, call) in enumerate(shim.spread(calls, count), HEALTHY):
        train(model, data, step)
        before, number, after = checkpoints.steps(), shim.count(), call.number - begun
        shim.arm(fault, after)
        try:
            checkpoints.save(step)
            said = ""
        except WriteError as error:
            said = traceback.format_exception_only(error)[-1].strip().splitlines()[0]
        shim.arm("")
        # A checkpoint after a failed one makes other calls: what was struck is looked up.
        made_now = shim.calls(os.environ["FAULTS_OUT"])[number:]
        struck = made_now[after - 1] if after <= len(made_now) else call
        kept[step] = weights(model)
        found = Checkpoints(folder, other)
        restored = found.restore()
        where = f"{fault} at {struck.operation} {struck.path}"
        assert weights(other) == kept[restored], f"{where}: step {restored} is broken"
        assert restored == step or said, f"{where}: nobody was told"
        if restored != step:
            assert found.steps() == before, f"{where}: an older one is lost"
        told = {"fault": fault, "operation": struck.operation, "said": said}
        told["struck"] = after <= len(made_now) and shim.strikes(fault, struck.operation)
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    {"steps": steps, "faults": faults}[sys.argv[1]](sys.argv[2], int(sys.argv[3]))
