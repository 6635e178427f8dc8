"""What the short runs on the embedded data share (item 9 of the contract).

A model's own is `short_run(**settings)` in its test file, which returns name of the data ->
(figures before, figures after). Its case's `learns` holds that to a margin, and
`bench/distribution.py` compares precisions. Each margin holds over the five seeds that
`tests.collection` measured, see docs/collection.md.
"""

import numpy as np

import zoo
from tests.contract import make, run_steps
from zoo.metrics import evaluation, figures, likelihood


def judged(name, dataset, steps, condition=None, **settings):
    """The figures of 1,000 samples before and after a short run."""
    data = zoo.load_data(name, dataset, **({"condition": condition} if condition else {}))
    quick, given = figures.quick(data.spec, 1000), data.conditions()
    judges = evaluation.judge(data, "test", 1000, quick)
    model = make(name, data.spec, jit_compile="auto", steps_per_execution=25, **settings)
    found = []
    for count in (0, steps):
        run_steps(model, data, count) if count else None
        x = model.sample(1000, 1, given).numpy()
        found.append(judges.of(x, None if given is None else given[np.arange(1000) % len(given)]))
    return tuple(found)


def pixelwise(name, **extra):
    """Held-out bits per dimension; before, those of independent pixels."""
    data = zoo.load_data(name)
    train, test = (data.examples(split)[0] for split in ("train", "test"))
    alone = likelihood.independent(train, test, data.spec.levels)
    settings = {"channels": 16, "blocks": 2, "ends": 32, "batch_size": 32, "learning_rate": 3e-3}
    model = make(name, data.spec, ema=0.98, **settings, **extra)
    run_steps(model, data, 400)
    before, after = (
        {"bits_per_dim": likelihood.summary(nats, data.spec)["bits_per_dim"][0]}
        for nats in (alone, -model.log_prob(test).numpy())
    )
    return {"digits": (before, after)}


def beats_independent_pixels(found, margin):
    """Independent pixels take 2.431 bits per dimension; the short run takes `margin` less."""
    before, after = found["digits"]
    assert after["bits_per_dim"] < before["bits_per_dim"] - margin
