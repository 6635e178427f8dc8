"""The model that CONTRIBUTING.md shows is whole: one file and one line, and the contract passes."""

import re
import sys

import pytest
import tensorflow as tf

from tests import ROOT
from tests.contract import check_replicas_equal_one_device, make
from tests.keras_files import check_round_trip
from tests.test_contract import LIGHT, NETWORKS
from zoo import registry

NAME = "f_gan"  # never a model of the registry


@pytest.fixture
def shown(tmp_path, monkeypatch):
    assert NAME not in registry.MODELS
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / f"contributed_{NAME}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    entry = registry.Entry(f"contributed_{NAME}", "f-GAN", "1606.00709")
    monkeypatch.setitem(registry.MODELS, NAME, entry)
    yield NAME
    sys.modules.pop(f"contributed_{NAME}", None)


@pytest.mark.slow
@pytest.mark.parametrize(
    "check", [*LIGHT, *NETWORKS, check_replicas_equal_one_device], ids=lambda check: check.__name__
)
def test_the_shown_model_passes(check, shown, digits):
    check(shown, digits)


def test_its_keras_files_are_read_again(shown, digits, tmp_path):
    check_round_trip(shown, digits, tmp_path)


def test_its_losses_by_hand_and_its_settings(shown, digits):
    model = make(shown, digits.spec)
    real, fake = tf.constant([0.5]), tf.constant([-1.2])
    loss = model.adversarial_loss
    assert float(loss.discriminator(real, fake)[0]) == pytest.approx(1.44 / 4 - 1.2 - 0.5)
    assert float(loss.generator(fake)[0]) == pytest.approx(1.2)
    assert not hasattr(model.config, "loss")  # which would do nothing
