"""What a py_test of BUILD runs: pytest, less the tests marked slow, on the files it is handed."""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main([*sys.argv[1:], "-m", "not slow", "-p", "no:cacheprovider"]))
