"""Many examples in parts, so that memory does not grow with their number."""

BUDGET = 256_000_000  # bytes of the largest tensor that a part takes
MOST = 1024  # examples: more at a time are no faster, and hidden layers take memory too


def parts(count, values):
    """Returns the slices of 0 to `count`, one after another.

    Args:
        count: how many examples there are.
        values: float32 numbers of one example in the largest tensor: what it is drawn of, times
            the gray levels where each of them has a logit.  One example may exceed the budget.
    """
    return slices(count, min(MOST, BUDGET // (4 * values)))


def slices(count, size):
    """Returns the slices of 0 to `count`, each of `size` but the last, and of 1 at least."""
    size = max(1, size)
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]


def watched(slices, watch):
    """Yields slices one after another, and says how far the work on them has come.

    Args:
        slices: what `slices` returns.
        watch: called with (examples done, examples in all) after each, or None.
    """
    for rows in slices:
        yield rows
        if watch:
            watch(rows.stop, slices[-1].stop)
