"""Runs the contract over every registered model."""

import functools

import pytest

import zoo
from tests import contract, keras_files
from tests.selection import FAMILIES, LOOPS, fast_first

NAMES = zoo.names()
# Of every model.
LIGHT = [
    contract.check_each_network_moves_alone,
    contract.check_samples,
    contract.check_graph_is_fit_for_a_tpu,
]
# Of every model, since they depend on its networks: all but the loops' in the slow half.
NETWORKS = [
    contract.check_bfloat16_is_for_hidden_products,
    contract.check_larger_pictures,
]
# Of every loop.
FULL = [
    contract.check_fit_validates_and_traces_once,
    contract.check_averages,
    contract.check_steps_repeat,
]
# Of each family's first: the same code for every loop.
MACHINERY = [
    contract.check_reduced_gradients,
    contract.check_plain_arrays_fit,
    contract.check_wrong_strategy_is_refused,
]
# Of every loop, and of BatchNorm, whose statistics are the global batch's.
REPLICATED = (*LOOPS, "dcgan")
ON_DISK = [contract.check_restored_run_continues, contract.check_keras_weight_files_carry_all]
# Of every model; `tests/usage/test_keras_files.py` has the loops' trained, in two processes.
FILES = [keras_files.check_round_trip]


@functools.cache
def data_of(name):
    """The embedded digits as the model's paper asks for them."""
    return zoo.load_data(name)


# What `make test` runs for fewer models than it could: checks of machinery that is one for all, and
# those that compile with XLA.
FAST = {
    contract.check_fit_validates_and_traces_once: ("vae",),
    contract.check_graph_is_fit_for_a_tpu: LOOPS,
    contract.check_each_network_moves_alone: LOOPS,
    keras_files.check_round_trip: FAMILIES,
    contract.check_larger_pictures: (),
    contract.check_reduced_gradients: (),
    contract.check_averages: ("gan",),
    contract.check_keras_weight_files_carry_all: ("gan",),
    contract.check_bfloat16_is_for_hidden_products: FAMILIES,
    contract.check_replicas_equal_one_device: ("vae", "pixelcnn"),
}


def marked(names, checks, fast=LOOPS):
    """Every (check, model), those that are not in `fast` or in `FAST` marked slow."""
    return [
        pytest.param(
            check, name, id=f"{check.__name__}-{name}",
            marks=[] if name in FAST.get(check, fast) else [pytest.mark.slow],
        )
        for check in checks for name in names
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "name"),
    marked(NAMES, LIGHT, NAMES)
    + marked(NAMES, NETWORKS)
    + marked(LOOPS, FULL, FAMILIES)
    + marked(FAMILIES, MACHINERY)
    + marked(REPLICATED, [contract.check_replicas_equal_one_device]),
)
def test_model(check, name):
    check(name, data_of(name))


@pytest.mark.parametrize(("check", "name"), marked(LOOPS, ON_DISK, FAMILIES) + marked(NAMES, FILES))
def test_model_on_disk(check, name, tmp_path):
    check(name, data_of(name), tmp_path)


@pytest.mark.parametrize("name", fast_first(NAMES, fast=("vae",)))
def test_learns(name):
    """Item 9: a short run beats its start, by the margin that the model's test file says."""
    learns = contract.case(name).learns
    if learns is None:
        pytest.skip(f"no CASE of tests/models/test_{name}.py says by how much a short run learns")
    learns()
