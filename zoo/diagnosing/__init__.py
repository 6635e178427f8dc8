"""The figures of `zoo.diagnose`, a file each."""
