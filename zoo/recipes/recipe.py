"""What a recipe is."""

import dataclasses

# The protocol of the papers' likelihoods: each pixel drawn once, 50,000 pictures to train on.
STATIC = {"binarize": "static", "holdout": 10_000}


@dataclasses.dataclass(frozen=True)
class Recipe:
    """One published or recommended run.

    Attributes:
        about: what it reproduces or aims at, and where it differs.
        model, dataset: names.
        steps: training steps.
        config, data: settings over the model's and `DataOptions`' defaults.
        at_most, at_least: figure of `zoo.evaluate` -> the bound that a release has to keep.
        int8: whether its released export has a file of int8 products, which not every generator
            survives.
    """

    about: str
    model: str
    dataset: str
    steps: int
    config: dict = dataclasses.field(default_factory=dict)
    data: dict = dataclasses.field(default_factory=dict)
    at_most: dict = dataclasses.field(default_factory=dict)
    at_least: dict = dataclasses.field(default_factory=dict)
    int8: bool = True
