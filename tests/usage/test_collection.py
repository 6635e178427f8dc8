"""The page of the collection is what its command writes, and every seed in it keeps the margins."""

import importlib
import json
import pathlib

import pytest

from tests import ROOT, collection
from zoo import registry

OUT, PAGE = pathlib.Path("results/collection.json"), pathlib.Path("docs/collection.md")
FOUND = json.loads((ROOT / OUT).read_text())


def test_the_page_is_what_the_command_writes():
    assert set(FOUND["models"]) <= set(registry.names())
    assert (ROOT / PAGE).read_text() == collection.page(FOUND, PAGE, OUT)


@pytest.mark.parametrize("name", FOUND["models"])
def test_every_seed_keeps_the_margin_of_its_test(name, monkeypatch):
    """The test itself trains seed 0 alone."""
    module = importlib.import_module(f"tests.models.test_{name}")
    learned = FOUND["models"][name]["learned"]
    seeds = {len(pairs) for found in learned.values() for pairs in found.values()}
    assert seeds == {5}
    for seed in range(5):
        found = {
            data: tuple(
                {figure: pairs[seed][side] for figure, pairs in figures.items()} for side in (0, 1)
            )
            for data, figures in learned.items()
        }
        monkeypatch.setattr(module, "short_run", lambda found=found: found)
        module.learns()


def test_a_row_has_the_range_over_seeds_and_the_largest_differences():
    files = {"saved_model": 0.0, "model.tflite": 1.5e-7, "model.onnx": 2e-7}
    files["model_sample.onnx"] = 3e-7
    one = {
        "file": "zoo/adversarial/gan.py",
        "lines": 122,
        collection.RESUMES: True,
        collection.KERAS: True,
        "replicas": 3e-8,
        "files": files,
        "learned": {"digits": {"frechet": [[2.0, 0.1], [1.5, 0.2]], "score": [[1, 8], [1, 8]]}},
    }
    assert collection.row("gan", one) == (
        "| [`gan`](../zoo/adversarial/gan.py) | 122 | digits | "
        "`frechet` 1.5…2 → 0.1…0.2<br>`score` 1 → 8 | ✓ | 3.0e-08 | 0 | 1.5e-07 | 3.0e-07 | ✓ |"
    )
