"""The figures' names, and which of them a run permits.  Imports no TensorFlow.

modes, good, kl    points of `gaussians8` and `gaussians25`
near               points of `swiss_roll`
modes, kl          the 1,000 modes of `stacked` (`stacked`)
right              spelled names, given pictures or classes
js_1 … js_4        lines of text: divergence of n-grams (`ngram`)
overlap            the same: the share that are training lines
frechet, kernel, precision, recall, density, coverage, score
                   pictures whose data has labels of at least 2 classes
accuracy, spread, frechet_per_class
                   the same, given a class
parzen             any other pictures; it is never a default
nll, bits_per_dim  of models that draw pixel by pixel
bound              of a VAE of pictures that are on or off, or with a Gaussian decoder

The last three are of held-out pictures (`LIKELIHOOD`, `BOUND`), all others of what is drawn.
"""

from zoo.config import UserError, nearest
from zoo.metrics.evaluator import UNITS
from zoo.metrics.per_class import LEAST
from zoo.metrics.prdc import K

POINTS = {
    "gaussians8": ("modes", "good", "kl"),
    "gaussians25": ("modes", "good", "kl"),
    "swiss_roll": ("near",),
}
STACKED = ("modes", "kl")
NEIGHBORS = ("precision", "recall", "density", "coverage")
PAIRWISE = ("kernel", *NEIGHBORS)  # these look at every pair, and take most of the time
PICTURES = ("frechet", *PAIRWISE, "score")
WITHIN = {"spread": 2, "frechet_per_class": LEAST * (UNITS + 1)}  # pictures of each class, at least
BY_NAME = ("parzen",)
DIVERGENCES = {"js_1": 1, "js_2": 2, "js_3": 3, "js_4": 4}  # of n-grams of so many symbols
LINES = (*DIVERGENCES, "overlap")
OF_CLASSES = ("label", "name")  # conditions that name a class: `DataSpec.condition`
LIKELIHOOD = ("nll", "bits_per_dim")
BOUND = ("bound",)
ALL = (
    *PICTURES, "accuracy", *WITHIN, *BY_NAME, *LIKELIHOOD, *BOUND,
    "right", *LINES, "modes", "good", "kl", "near",
)  # fmt: skip


def of_samples(spec, num):
    """Returns the names of what `num` examples of this data can be measured by, () for none."""
    if spec.modality == "text":
        return LINES if spec.condition == "none" else ("right",)
    if spec.modality == "points":
        return POINTS.get(spec.name, ())
    if is_stacked(spec):
        return STACKED
    if spec.classes < 2:
        return ()
    names = PICTURES if num > K else tuple(n for n in PICTURES if n not in NEIGHBORS)
    if spec.condition not in OF_CLASSES:
        return names
    within = tuple(name for name, least in WITHIN.items() if num // spec.classes >= least)
    return (*names, "accuracy", *within)


def is_stacked(spec):
    """Returns whether the modes of stacked MNIST are counted."""
    return spec.name == "stacked"


def quick(spec, num):
    """Returns `of_samples` without those that look at every pair, or into each class."""
    slow = (*PAIRWISE, *WITHIN)
    return tuple(name for name in of_samples(spec, num) if name not in slow)


def check(names, known=ALL):
    """Raises `UserError` with the nearest one unless all names are known."""
    for name in names:
        if name not in known:
            raise UserError(f"unknown figure {name!r}: {nearest(name, known)}.")


def chosen(spec, num, pixelwise, names=None, bounded=False):
    """Returns the figures to take: `names` if all of them can be, by default all that can be.

    Args:
        spec: the `DataSpec`.
        num: how many examples are compared, on the side that has fewer.
        pixelwise: whether the model draws pixel by pixel.
        names: what was asked for.
        bounded: whether the model bounds a likelihood.

    Raises:
        UserError: an unknown figure, one that this run does not permit, or there is none.
    """
    default = of_samples(spec, num)
    default += (LIKELIHOOD if pixelwise else ()) + (BOUND if bounded else ())
    windowed = spec.modality == "images" and not is_stacked(spec)
    permitted = default + (BY_NAME if windowed else ())
    check(names or ())
    for name in names or ():
        if name not in permitted:
            raise UserError(f"{_why_not(name, spec, num)}: {nearest(name, permitted)}.")
    if names:
        return tuple(name for name in permitted if name in names)
    if not default:
        raise UserError(
            f"there is no figure for {spec.name!r}: pictures need labels of at least 2 classes, "
            f"and points have to be those of {', '.join(POINTS)}."
        )
    return default


def _why_not(name, spec, num):
    if name in LIKELIHOOD:
        return f"{name!r} needs a model that draws pixel by pixel"
    if name in BOUND:
        return (
            f"{name!r} needs a model that bounds a likelihood, such as vae of pictures that are on "
            "or off (--data.binarize=static)"
        )
    if is_stacked(spec):
        return f"{name!r} is no figure of the data {spec.name!r}"
    if spec.modality == "images" and name in (*PICTURES, "accuracy", *WITHIN):
        if spec.classes < 2:
            return f"{name!r} needs pictures with labels of at least 2 classes"
        if name not in PICTURES and spec.condition not in OF_CLASSES:
            return f"{name!r} needs a model that is given a class"
        if name in WITHIN:
            return (
                f"{name!r} needs {WITHIN[name]} pictures of each class on each side, and there are "
                f"{num} of {spec.classes} classes"
            )
        return f"{name!r} needs more than {K} examples on each side, and there are {num}"
    return f"{name!r} is no figure of the data {spec.name!r}"
