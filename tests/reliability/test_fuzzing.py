"""Some seconds of `fuzzing.py`, the same examples each time."""

import pytest

from tests.reliability import fuzzing


@pytest.fixture(scope="module")
def places(tmp_path_factory, runs):
    return fuzzing.prepared(tmp_path_factory.mktemp("exported"), runs)


@pytest.mark.slow
@pytest.mark.parametrize("target", fuzzing.TARGETS)
def test_only_stated_errors_come_out(target, places, tmp_path):
    fuzzing.run(target, fuzzing.TARGETS[target], scratch=tmp_path, **places)
