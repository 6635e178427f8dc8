"""The classifier score of a set of pictures (Salimans et al. 2016, arXiv:1606.03498).

It is the inception score, section 4 there, of another classifier:

    exp( mean over x of KL( p(y|x) ‖ p(y) ) ),   p(y) = mean over x of p(y|x)

So it is 1 where all pictures look alike to the classifier, and the number of classes where it is
sure of each picture and sees all classes equally often.  It knows nothing of variety within a
class: one good picture of each class gets the best score.
"""

import numpy as np

from zoo.config import UserError


def classifier_score(probabilities):
    """Returns the score, a float from 1 to the number of classes.

    Args:
        probabilities: p(y|x), [N, classes], each row with the sum 1.

    Raises:
        UserError: another shape, no picture, or rows that are no probabilities.
    """
    p = np.asarray(probabilities, np.float64)
    if p.ndim != 2 or not p.size:
        raise UserError(
            f"a classifier score needs probabilities [N, classes], not {list(p.shape)}."
        )
    if not (np.isfinite(p).all() and p.min() >= 0 and np.abs(p.sum(axis=1) - 1).max() < 1e-3):
        raise UserError("each row of the probabilities must be at least 0 and have the sum 1.")
    # KL = -H(p(y|x)) + cross-entropy, and the mean of the latter is the entropy of the mean.
    return float(np.exp(_entropy(p.mean(axis=0)) - _entropy(p).mean()))


def _entropy(p):
    return -np.sum(p * np.log(np.where(p > 0, p, 1)), axis=-1)
