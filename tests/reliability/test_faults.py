"""Breaks the code on purpose, once for each of the tests that matter most, and sees the test fail.

Each fault is one that somebody could write: a function is replaced, whatever its lines are by now.
The broken copy of the tree lives in a temporary folder; a test that passes on it proves nothing and
fails here.
"""

import importlib
import operator
import os
import re
import shutil
import typing

import pytest

from tests import ROOT


class Fault(typing.NamedTuple):
    """`wrong` is an expression, in the module's own names, that takes the right function and
    returns the wrong one."""

    what: str
    module: str
    function: str
    wrong: str
    test: str


CONTRACT = "tests/test_contract.py::test_model"
FAULTS = [
    Fault(
        "the generator idles", "zoo.training.model", "GenerativeModel.minimize",
        "lambda right: lambda self, optimizer, tape, loss, *networks, when=None: "
        "None if self.generator in networks else right(self, optimizer, tape, loss, *networks)",
        f"{CONTRACT}[check_each_network_moves_alone-gan]",
    ),
    Fault(
        "twice the KL", "zoo.losses", "gaussian_kl",
        "lambda right: lambda mean, log_variance: 2.0 * right(mean, log_variance)",
        "tests/unit/test_losses.py::test_kl_by_hand",
    ),
    Fault(
        "gradients summed over replicas, not averaged",
        "zoo.training.model", "GenerativeModel.replica_mean",
        "lambda right: lambda self, per_example: tf.reduce_mean(per_example)",
        f"{CONTRACT}[check_replicas_equal_one_device-gan]",
    ),
    Fault(
        "every replica draws the same noise", "zoo.training.model", "GenerativeModel.noise",
        "lambda right: lambda self, batch: "
        "right(self, batch._replace(index=tf.range(tf.size(batch.index))))",
        f"{CONTRACT}[check_replicas_equal_one_device-vae]",
    ),
    Fault(
        "data starts again at a resume", "zoo.data.pipeline", "Dataset.train",
        "lambda right: lambda self, batch_size, seed, block=1, start=0, steps=None: "
        "right(self, batch_size, seed, block, 0, steps)",
        f"{CONTRACT}_on_disk[check_restored_run_continues-gan]",
    ),
    Fault(
        "a random op that replicas and XLA draw otherwise", "zoo.noise", "Noise.normal",
        "lambda right: lambda self, shape: right(self, shape) + 0.1 * tf.random.normal(())",
        f"{CONTRACT}[check_graph_is_fit_for_a_tpu-gan]",
    ),
    Fault(
        "live weights are sampled", "zoo.training.model", "GenerativeModel.ema_scope",
        "lambda right: lambda self: contextlib.nullcontext()",
        f"{CONTRACT}[check_averages-gan]",
    ),
    Fault(
        "averages do not warm up", "zoo.training.ema", "decay",
        "lambda right: lambda limit, updates: limit + 0.0 * right(limit, updates)",
        "tests/unit/test_ema.py::test_a_short_run_draws_by_what_it_learned[vae]",
    ),
    Fault(
        "the clip leaves the weights", "zoo.adversarial.wgan", "WGAN.clip_critic",
        "lambda right: lambda self: None",
        "tests/models/test_wgan.py::test_one_step_by_hand",
    ),
    Fault(
        "the penalty is not differentiated", "zoo.losses", "gradient_penalty",
        "lambda right: lambda *given: tf.stop_gradient(right(*given))",
        "tests/models/test_wgan_gp.py::test_one_step_by_hand",
    ),
    Fault(
        "mask A sees its own color", "zoo.networks.masked", "visible",
        "lambda right: lambda inputs, outputs, colors, mask, copies=1: "
        "right(inputs, outputs, colors, 'B', copies)",
        "tests/unit/test_pixelwise.py::test_no_logit_sees_its_own_value_or_a_later_one",
    ),
    Fault(
        "samples do not follow the probabilities", "zoo.autoregressive.cached", "choose",
        "lambda right: lambda logits, uniforms, temperature: "
        "right(0.0 * logits, uniforms, temperature)",
        "tests/unit/test_pixel_samplers.py::test_samples_are_distributed_as_the_likelihood_says",
    ),
    Fault(
        "a damaged checkpoint is not noticed", "zoo.runs.checkpoints", "Checkpoints._read",
        "lambda right: lambda self, step: right(self, step) and None",
        "tests/reliability/test_survival.py::test_a_damaged_checkpoint_falls_back_to_the_one_before"
        "[data flipped]",
    ),
]  # fmt: skip
# What fails because the fault itself does not run shows another error.
NOTICED = re.compile(r"^E\s+(AssertionError|assert |Failed: )", re.M)


def test_every_fault_is_of_a_function_that_is_there():
    for fault in FAULTS:
        module = importlib.import_module(fault.module)
        assert callable(operator.attrgetter(fault.function)(module)), fault.what


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what.replace(" ", "_"))
def test_the_fault_is_caught(fault, forks, tmp_path):
    for name in ("zoo", "tests"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    source = (tmp_path / fault.module.replace(".", "/")).with_suffix(".py")
    with source.open("a") as file:
        file.write(f"\n{fault.function} = ({fault.wrong})({fault.function})\n")
    words = ["-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", fault.test]
    done = forks.run(words, tmp_path, {**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 1, f"{fault.test} passes on broken code:\n{done.stdout[-3000:]}"
    assert "1 failed" in done.stdout, done.stdout[-3000:]
    assert NOTICED.search(done.stdout), done.stdout[-3000:]
