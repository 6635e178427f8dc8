"""Two replicas on two logical CPUs against one device at the same global batch: one table.

    python -m tests.reliability.replicas [--out=results/replicas.json]

Every model, with its case's small settings, by SGD on the embedded digits: the largest
difference of any weight, optimizer's slot or statistic of any replica after 4 steps and after 20.
Rounding grows from step to step, through a critic's second derivatives and through BatchNorm.  The
exit status is 1 if a bound is broken.
"""

import argparse
import json
import pathlib
import sys

import zoo
from tests import contract
from zoo.runs import provenance

EARLY, LATE = 4, 20  # steps
BOUND = 1e-6  # after the early ones; and after the late ones:
BOUNDS = {"wgan_gp": 1e-4, "dcgan": 1e-3}
OTHERS = 1e-5
# A training that diverges, as LSGAN's does at 0.02, makes any rounding large.
RATES = {"lsgan": 0.002}
RATE = 0.02


def main():
    """Prints the table, writes the file if asked."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path)
    out = parser.parse_args().out
    contract.two_cpus()
    print(f"| model | {EARLY} steps | bound | {LATE} steps | bound |\n|---|---|---|---|---|")
    found, broken = {}, []
    for name in zoo.names():
        bounds = BOUND, BOUNDS.get(name, OTHERS)
        counts, rate = [EARLY, LATE - EARLY], RATES.get(name, RATE)
        apart = list(contract.replicas_apart(name, zoo.load_data(name), counts, rate))
        found[name] = {"learning rate": rate} | {
            f"{steps} steps": {"largest difference": value, "bound": bound}
            for steps, value, bound in zip((EARLY, LATE), apart, bounds, strict=True)
        }
        cells = [f"{value:.1e} | {bound:.0e}" for value, bound in zip(apart, bounds, strict=True)]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)
        broken += [name for value, bound in zip(apart, bounds, strict=True) if not value <= bound]
    if out:
        facts = {
            "command": f"python -m tests.reliability.replicas --out={out}",
            "code": provenance.code(),
            "seed": 0,
            "global batch": contract.BATCH,
            "models": found,
        }
        out.write_text(json.dumps(facts, indent=2) + "\n")
    sys.exit(f"over the bound: {', '.join(broken)}" if broken else None)


if __name__ == "__main__":
    main()
