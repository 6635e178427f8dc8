"""docs/ports.md: every test that it names is there, and every model."""

import re

import zoo
from tests import ROOT

ROWS = re.findall(r"^\| `(\w+)` \|(.*)\|$", (ROOT / "docs" / "ports.md").read_text(), re.M)


def test_every_row_is_of_a_model_and_names_its_tests():
    assert {name for name, _ in ROWS} <= set(zoo.names())
    same = None
    for name, row in ROWS:
        cell = row.rpartition("|")[2].strip()
        tests = re.findall(r"`(test_\w+)\.py`|`(test_\w+)`", cell)
        assert tests or (cell == "the same" and same == name), row
        same, source = name, ""
        for file, function in tests:
            if file:
                (path,) = (ROOT / "tests").glob(f"*/{file}.py")
                source = path.read_text()
            else:
                assert f"def {function}(" in source, function
