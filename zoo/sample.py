"""Draws from a run, an export or a preset: pictures, points, or text.

python -m zoo.sample --run=runs/a --num=64 --seed=0 --out=grid.png
python -m zoo.sample --run=exports/NAME --interpolate --out=walks.png
python -m zoo.sample --run=vae_digits                           (a preset, see zoo.list)
python -m zoo.sample --run=runs/infogan_digits --codes --out=codes.png
python -m zoo.sample --run=runs/a --num=1000 --out=grid.npy     (float32 [N, H, W, C])
python -m zoo.sample --run=runs/text --num=20 --out=lines.txt      (without --out they are printed)
python -m zoo.sample --run=runs/cgan_digits --label=3               (or --name=three)
python -m zoo.sample --run=runs/names --condition=grid.npy      (float32 [N, H, W, C])
python -m zoo.sample --run=runs/pixelcnn_digits --temperature=0.9
python -m zoo.sample --run=runs/pixelcnn_digits --complete=img.png --mask=mask.png --num=15

A conditional model without --label, --name or --condition draws a grid: each column is a class,
each row one latent.  A .npy has the same examples, row by row.

A PixelRNN completes a picture: it draws the pixels that are white in the mask (or 1 in a .npy) and
keeps the others.  Each pixel depends on those before it, row by row, so erase the lower part of a
picture.  The sheet starts with the given picture, gray where it is erased; a .npy has the
completions alone.
"""

import io
import pathlib

from absl import flags

from zoo import cli, files
from zoo.config import HIGHEST, LOWEST, UserError
from zoo.files import reading
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
COLUMNS = 8


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_string("run", None, "a run directory, an export's folder, or a preset")
    flags.DEFINE_integer(
        "num", 64, "number of examples; with classes in columns, rounded up to whole rows", 1,
        HIGHEST,
    )  # fmt: skip
    flags.DEFINE_integer(
        "seed", 0, "random seed; the same pictures from a run and from its export", LOWEST, HIGHEST
    )
    flags.DEFINE_string(
        "out", None, "a .png sheet, a .npy of the array, or of text a .txt (default grid.png; "
        "text is printed)",
    )  # fmt: skip
    flags.DEFINE_bool("interpolate", False, "draw rows of 8, each a walk between two latents")
    flags.DEFINE_bool(
        "codes", False, "InfoGAN: draw rows, in each of which one code varies and the rest stays"
    )
    flags.DEFINE_list("label", None, "the class to draw, or several in turn: 3 or 3,1,4")
    flags.DEFINE_list("name", None, "the name of the class to draw, or several: seven or seven,one")
    flags.DEFINE_string("condition", None, "a .npy of conditions: pictures or other vectors")
    flags.DEFINE_string("complete", None, "PixelRNN: a picture to complete, .png or .npy")
    flags.DEFINE_string(
        "mask", None, "PixelRNN: the pixels to draw, white in a .png or 1 in a .npy"
    )
    flags.DEFINE_float("temperature", 1.0, "PixelRNN: below 1, likely values become likelier")
    flags.DEFINE_string(
        "sampler",
        "cached",
        "PixelRNN: cached, or plain (a full pass of the network for each pixel)",
    )


def condition():
    """Returns what --label, --name or --condition gives, or None.

    Raises:
        UserError: more than one is given, a label is not a number, or the file has no array.
    """
    words = [name for name in ("label", "name", "condition") if FLAGS[name].value is not None]
    if not words:
        return None
    if len(words) > 1:
        raise UserError(f"give one of --{words[0]} and --{words[1]}, not both.")
    if words == ["name"]:
        return FLAGS.name
    if words == ["label"]:
        try:
            return [int(label) for label in FLAGS.label]
        except ValueError:
            raise UserError(f"--label={','.join(FLAGS.label)} must be whole numbers, e.g. 3.")
    import numpy as np

    try:
        with reading(FLAGS.condition):
            found = np.load(FLAGS.condition, allow_pickle=False)
    except UserError:
        raise
    except Exception:  # numpy's readers raise many kinds of errors on other files
        found = None
    if not isinstance(found, np.ndarray) or found.ndim == 0:
        raise UserError(f"--condition={FLAGS.condition} is not a .npy file of an array [N, …].")
    return found


def pixel_by_pixel(sampler):
    """Draws, or completes a picture; returns float32 [N, H, W, C]."""
    import numpy as np

    from zoo.sampling import completion
    from zoo.training.callbacks import DelayedProgressBar

    spec = sampler.data_spec
    picture, mask = np.zeros((1, *spec.shape)), np.ones(spec.shape[:2])
    if FLAGS.complete:
        picture = completion.read_picture(FLAGS.complete, spec)
        mask = completion.read_mask(FLAGS.mask, spec)
    images = np.repeat(picture, FLAGS.num, axis=0)
    x = sampler.complete(
        images, mask, FLAGS.seed, FLAGS.temperature, FLAGS.sampler, DelayedProgressBar("pixel")
    )
    if FLAGS.complete and FLAGS.out.lower().endswith(".png"):
        return np.concatenate([np.where(mask, 0.5, picture), x])
    return x


@cli.command(define_flags)
def main():
    """Loads, draws, writes."""
    out = pathlib.Path(FLAGS.out or "grid.png")
    if FLAGS.run is None:
        raise UserError("say what to sample: --run=runs/NAME, --run=exports/NAME or a preset.")
    if out.suffix.lower() not in (".png", ".npy", ".txt"):
        raise UserError(
            f"--out={out} must end in .png (a sheet), .npy (the array) or .txt (lines of text)."
        )
    if FLAGS.out is not None:
        files.check_out(out)
    asked = condition()
    if FLAGS.codes and FLAGS.interpolate:
        raise UserError("give one of --codes and --interpolate, not both.")
    if (FLAGS.complete is None) != (FLAGS.mask is None):
        raise UserError("--complete=PICTURE needs --mask=FILE, and --mask needs --complete.")
    for path in filter(None, (FLAGS.complete, FLAGS.mask)):
        with reading(path):
            open(path, "rb").close()
    from zoo.sampling.sampler import find, load

    find(FLAGS.run)
    start_tensorflow(exact=True)

    import numpy as np

    from zoo.data import text
    from zoo.sampling import walks
    from zoo.viz import grid, sheet

    sampler = load(FLAGS.run)
    is_text = sampler.data_spec.modality == "text"
    if out.suffix.lower() == ".txt" and not is_text:
        raise UserError(f"--out={out} is for lines of text: name a .png or a .npy.")
    if not is_text:  # lines without --out are printed
        files.check_out(out)
    own = [name for name in ("complete", "temperature", "sampler") if FLAGS[name].present]
    walk = FLAGS.interpolate or FLAGS.codes
    if sampler.pixelwise and not walk and asked is None:
        x, given, columns = pixel_by_pixel(sampler), None, None
    elif own and not sampler.pixelwise:
        raise UserError(
            f"--{own[0]} is for models that draw pixel by pixel, such as pixelcnn: leave it out."
        )
    elif FLAGS.codes:
        x, given, columns = walks.codes(sampler, FLAGS.num, FLAGS.seed, asked)
    elif FLAGS.interpolate:
        x, given, columns = walks.walks(
            sampler, -(-FLAGS.num // COLUMNS), FLAGS.seed, COLUMNS, asked
        )
    elif asked is None:
        x, given, columns = sheet.arranged(sampler, FLAGS.num, FLAGS.seed)
    else:
        given, columns = sampler.in_turn(asked, FLAGS.num), None
        x = sampler.sample(FLAGS.num, FLAGS.seed, asked)
    if is_text and FLAGS.out is None:
        print("\n".join(text.decode(x, sampler.data_spec.alphabet)))
        return
    if out.suffix.lower() == ".npy":
        buffer = io.BytesIO()
        np.save(buffer, x)
        files.write_whole(out, buffer.getvalue())
    elif out.suffix.lower() == ".txt":
        lines = text.decode(x, sampler.data_spec.alphabet)
        files.write_whole(out, "".join(f"{line}\n" for line in lines).encode())
    else:
        grid.write_png(out, sheet.sheet(sampler.data_spec, x, given, columns))
    count = FLAGS.num if FLAGS.complete else len(x)
    what = {"images": "pictures", "text": "lines"}.get(sampler.data_spec.modality, "examples")
    print(f"{count} {what} in {out}")


if __name__ == "__main__":
    main()
