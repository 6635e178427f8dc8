"""Draws pictures from a run or an export.

python -m zoo.sample --run=runs/a --num=64 --seed=0 --out=grid.png
python -m zoo.sample --run=exports/NAME --interpolate --out=walks.png
python -m zoo.sample --run=runs/a --num=1000 --out=pictures.npy     (float32 [N, H, W, C])
"""

import io
import pathlib

from absl import flags

from zoo import cli
from zoo.config import UserError

FLAGS = flags.FLAGS
flags.DEFINE_string("run", None, "a run directory or an export's folder")
flags.DEFINE_integer("num", 64, "how many pictures", 1)
flags.DEFINE_integer("seed", 0, "the same seed, the same pictures, everywhere")
flags.DEFINE_string("out", "grid.png", "a .png grid, or the raw array as .npy")
flags.DEFINE_bool("interpolate", False, "rows of 8 pictures, each a walk between two latents")

COLUMNS = 8


def main():
    """Loads, draws, writes."""
    out = pathlib.Path(FLAGS.out)
    if FLAGS.run is None:
        raise UserError("say what to sample: --run=runs/NAME or --run=exports/NAME.")
    if out.suffix not in (".png", ".npy"):
        raise UserError(f"--out={out} must end in .png (a grid) or .npy (the array).")
    if not out.parent.is_dir():
        raise UserError(f"--out={out}: there is no folder {str(out.parent)!r}.")
    cli.start_tensorflow()

    import numpy as np

    from zoo import pictures, sampling

    sampler = sampling.load(FLAGS.run)
    if FLAGS.interpolate:
        images = sampling.walks(sampler, -(-FLAGS.num // COLUMNS), FLAGS.seed, COLUMNS)
    else:
        images = sampler.sample(FLAGS.num, FLAGS.seed)
    if out.suffix == ".npy":
        buffer = io.BytesIO()
        np.save(buffer, images)
        pictures.write_whole(out, buffer.getvalue())
    else:
        columns = COLUMNS if FLAGS.interpolate else None
        pictures.write_png(out, pictures.grid(images, columns))
    print(f"{len(images)} pictures in {out}")


if __name__ == "__main__":
    cli.run(main)
