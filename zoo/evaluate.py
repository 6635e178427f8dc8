"""Measures a run: figures with their sample counts and their spread over seeds, as JSON beside it.

    python -m zoo.evaluate --run=runs/a [--num=10000] [--seeds=3]

Writes RUN/evaluation.json and prints it as a table.  What is measured goes by the data: see
`zoo.metrics.evaluation`.  The run's data must be at hand, as for training.
"""

import json

from absl import flags

from zoo import cli
from zoo.config import UserError

FLAGS = flags.FLAGS
flags.DEFINE_string("run", None, "the run directory")
flags.DEFINE_integer("num", 10_000, "samples of each seed", 2)
flags.DEFINE_integer("seeds", 3, "seeds 0, 1, … that samples are drawn from", 1)


def evaluate(path, num, seeds):
    """Evaluates the run at `path` and returns what its `evaluation.json` holds.

    Raises:
        UserError: it is no run, its data is not at hand, or there is no figure for it.
    """
    import numpy as np

    from zoo.metrics import evaluation
    from zoo.pictures import write_whole
    from zoo.sampling import RunSampler

    sampler = RunSampler(path)
    facts = sampler.run.facts
    data = sampler.run.data()
    judge = evaluation.judge(data, facts["held_out"]["split"])
    # Names are judged against the held-out pictures that they are drawn for.
    given = getattr(judge, "given", None)
    found = []
    for seed in range(seeds):
        x = sampler.sample(num, seed, given)
        found.append(judge.of(x, sampler.in_turn(given, num)))
    figures = {
        name: {
            "mean": float(np.mean([one[name] for one in found])),
            "sd": float(np.std([one[name] for one in found], ddof=1)) if seeds > 1 else None,
            "each": [one[name] for one in found],
            "real": judge.real.get(name),
        }
        for name in found[0]
    }
    result = {
        "command": f"python -m zoo.evaluate --run={path} --num={num} --seeds={seeds}",
        "model": facts["model"],
        "dataset": facts["dataset"],
        "training_seed": facts["config"]["seed"],
        "step": int(sampler.model.step.numpy()),
        "samples": num,
        "sample_seeds": list(range(seeds)),
        "held_out": facts["held_out"],
        "figures": figures,
    }
    text = json.dumps(result, indent=2) + "\n"
    write_whole(sampler.run.path / "evaluation.json", text.encode())
    return result


def main():
    """Evaluates and prints the table."""
    if FLAGS.run is None:
        raise UserError("say what to evaluate: python -m zoo.evaluate --run=runs/NAME.")
    cli.start_tensorflow()
    result = evaluate(FLAGS.run, FLAGS.num, FLAGS.seeds)
    print(
        f"{result['model']} on {result['dataset']}, step {result['step']}; {result['samples']} "
        f"samples of each of {len(result['sample_seeds'])} seeds"
    )
    for name, figure in result["figures"].items():
        spread = "" if figure["sd"] is None else f" ± {figure['sd']:.4f}"
        real = "" if figure["real"] is None else f"   (the data's own: {figure['real']:.4f})"
        print(f"  {name:10} {figure['mean']:.4f}{spread}{real}")
    print(f"written to {FLAGS.run.rstrip('/')}/evaluation.json")


if __name__ == "__main__":
    cli.run(main)
