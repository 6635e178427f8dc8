"""The figures' names, and which of them a run permits.  Imports no TensorFlow.

modes, good, kl    points of `gaussians8` and `gaussians25`
near               points of `swiss_roll`
right              spelled names
frechet, kernel, precision, recall, density, coverage, score
                   pictures whose data has labels of at least 2 classes
accuracy           the same, given a class
nll, bits_per_dim  of models that draw pixel by pixel

The last two are of held-out pictures (`LIKELIHOOD`), all others of what is drawn.
"""

from zoo.config import UserError, nearest
from zoo.metrics.prdc import K

POINTS = {
    "gaussians8": ("modes", "good", "kl"),
    "gaussians25": ("modes", "good", "kl"),
    "swiss_roll": ("near",),
}
NEIGHBORS = ("precision", "recall", "density", "coverage")
PAIRWISE = ("kernel", *NEIGHBORS)  # these look at every pair, and take most of the time
PICTURES = ("frechet", *PAIRWISE, "score")
LIKELIHOOD = ("nll", "bits_per_dim")
ALL = (*PICTURES, "accuracy", *LIKELIHOOD, "right", "modes", "good", "kl", "near")


def of_samples(spec, num):
    """Returns the names of what `num` examples of this data can be measured by, () for none."""
    if spec.modality == "text":
        return ("right",)
    if spec.modality == "points":
        return POINTS.get(spec.name, ())
    if spec.classes < 2:
        return ()
    names = PICTURES if num > K else tuple(n for n in PICTURES if n not in NEIGHBORS)
    return names + (() if spec.condition == "none" else ("accuracy",))


def quick(spec, num):
    """Returns `of_samples` without those that look at every pair."""
    return tuple(name for name in of_samples(spec, num) if name not in PAIRWISE)


def check(names, known=ALL):
    """Raises `UserError` with the nearest one unless all names are known."""
    for name in names:
        if name not in known:
            raise UserError(f"unknown figure {name!r}: {nearest(name, known)}.")


def chosen(spec, num, pixelwise, names=None):
    """Returns the figures to take: `names` if all of them can be, by default all that can be.

    Args:
        spec: the `DataSpec`.
        num: how many examples are compared, on the side that has fewer.
        pixelwise: whether the model draws pixel by pixel.
        names: what was asked for.

    Raises:
        UserError: an unknown figure, one that this run does not permit, or there is none.
    """
    permitted = of_samples(spec, num) + (LIKELIHOOD if pixelwise else ())
    check(names or ())
    for name in names or ():
        if name not in permitted:
            raise UserError(f"{_why_not(name, spec, num)}: {nearest(name, permitted)}.")
    if not permitted:
        raise UserError(
            f"there is no figure for {spec.name!r}: pictures need labels of at least 2 classes, "
            f"and points have to be those of {', '.join(POINTS)}."
        )
    return tuple(name for name in permitted if not names or name in names)


def _why_not(name, spec, num):
    if name in LIKELIHOOD:
        return f"{name!r} needs a model that draws pixel by pixel"
    if spec.modality == "images" and name in (*PICTURES, "accuracy"):
        if spec.classes < 2:
            return f"{name!r} needs pictures with labels of at least 2 classes"
        if name == "accuracy":
            return f"{name!r} needs a model that is given a class"
        return f"{name!r} needs more than {K} examples on each side, and there are {num}"
    return f"{name!r} is no figure of the data {spec.name!r}"
