"""The kernel distance between two sets of features (Bińkowski et al. 2018, arXiv:1801.01401).

It is the squared maximum mean discrepancy under the kernel k(x, y) = (x·y / d + 1)³, by the
unbiased estimate of section 4:

    mean of k(x, x') over x ≠ x'  +  mean of k(y, y') over y ≠ y'  -  2 · mean of k(x, y)

So it is 0 in expectation for two sets of one distribution, whatever their sizes, and single values
fall below 0.  The paper averages it over subsets of 1,000 examples to save time; this is over all
pairs, which has the same expectation and less variance.  Its unit is that of the features: compare
figures of one classifier only.
"""

import numpy as np

from zoo.metrics import pairs


def kernel_distance(features, reference):
    """Returns the unbiased estimate, a float that may be below 0.

    Args:
        features: [N, d], N at least 2.
        reference: [M, d], M at least 2.

    Raises:
        UserError: fewer than 2 examples, different widths, or NaN or infinity.
    """
    one, other = pairs.checked(features, reference, least=2)
    between = _total(one, other) / (len(one) * len(other))
    return float(_within(one) + _within(other) - 2.0 * between)


def _within(x):
    """The mean of k over the pairs of different examples."""
    own = _kernel(np.sum(x * x, axis=1), x.shape[1]).sum()
    return (_total(x, x) - own) / (len(x) * (len(x) - 1))


def _total(x, y):
    """The sum of k over all pairs."""
    return sum(_kernel(x[i] @ y.T, x.shape[1]).sum() for i in pairs.blocks(len(x), len(y)))


def _kernel(products, width):
    base = products / width + 1.0
    return base * base * base  # a power takes ten times as long
