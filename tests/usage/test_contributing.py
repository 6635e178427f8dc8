"""The model that CONTRIBUTING.md shows is whole: one file and one line, and the contract passes."""

import re
import sys

import pytest

from tests import ROOT, contract
from zoo import registry

CHECKS = [
    contract.check_each_player_moves_alone,
    contract.check_samples,
    contract.check_fit_validates_and_traces_once,
    contract.check_graph_is_fit_for_a_tpu,
    contract.check_replicas_equal_one_device,
]


@pytest.fixture
def lsgan(tmp_path, monkeypatch):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "contributed_lsgan.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    entry = registry.Entry("contributed_lsgan", "Least squares GAN", "1611.04076")
    monkeypatch.setitem(registry.MODELS, "lsgan", entry)
    yield "lsgan"
    sys.modules.pop("contributed_lsgan", None)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_shown_model_passes(check, lsgan, digits):
    check(lsgan, digits)
