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
    size = max(1, min(MOST, BUDGET // (4 * values)))
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]
