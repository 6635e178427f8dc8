"""The judge must be sure of digits and unsure of everything else, or it proves nothing."""

import numpy as np
import pytest

from tests.digits_classifier import judge, no_digits

pytestmark = pytest.mark.slow


def test_sure_of_held_out_digits_of_every_class(digits):
    share, counts = judge(digits.examples("test")[0])
    assert share > 0.95
    assert (counts > 15).all()


def test_unsure_of_what_is_no_digit(digits):
    images, _, labels = digits.examples("test")
    for kind, pictures in no_digits(images, labels, 500, seed=1).items():
        share, _ = judge(pictures)
        assert share < 0.05, kind


def test_unsure_of_the_mean_digit(digits):
    images = digits.examples("train")[0]
    assert judge(images.mean(axis=0, keepdims=True))[0] == 0
    assert judge(np.zeros((1, 8, 8, 1)))[0] == 0
