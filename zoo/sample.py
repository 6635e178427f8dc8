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
python -m zoo.sample --run=runs/cppn --size=1080 --out=large.png
python -m zoo.sample --run=runs/cppn --size=360 --zoom=8 --frames=60 --out=zoom.gif

A conditional model without --label, --name or --condition draws a grid: each column is a class,
each row one latent.  A .npy has the same examples, row by row.

A PixelRNN completes a picture: it draws the pixels that are white in the mask (or 1 in a .npy) and
keeps the others.  Each pixel depends on those before it, row by row, so erase the lower part of a
picture.  The sheet starts with the given picture, gray where it is erased; a .npy has the
completions alone.

A model whose pixels are functions of their places draws pictures of any --size, of a --window or
--zoom of what it was trained on, and with --frames an animation from the whole to there: one
picture, unless --num says more.
"""

import io
import pathlib

from absl import flags

from zoo import cli, files, places
from zoo.config import HIGHEST, LOWEST, UserError
from zoo.files import reading
from zoo.startup import start_tensorflow

FLAGS = flags.FLAGS
COLUMNS = 8
SIZE = 256  # of a window, where none is given


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
    flags.DEFINE_integer(
        "size", None, "any size: pixels of the longer side (256 with --window or --zoom)", 1, 16384,
    )  # fmt: skip
    flags.DEFINE_list(
        "window", None, "any size: x0,y0,x1,y1, what is drawn; a whole picture is -1,-1,1,1"
    )
    flags.DEFINE_float("zoom", None, "any size: draw the middle, enlarged so many times")
    flags.DEFINE_integer(
        "frames", None, "any size: a .gif of so many, from the whole to --zoom or --window", 2, 60,
    )  # fmt: skip
    flags.DEFINE_float("temperature", 1.0, "PixelRNN: below 1, likely values become likelier")
    flags.DEFINE_string(
        "sampler",
        "cached",
        "PixelRNN: cached, or plain (a full pass of the network for each pixel)",
    )


def target():
    """Returns the path that is written, if one is."""
    return pathlib.Path(FLAGS.out or "grid.png")


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


def asked_window():
    """Returns what --window or --zoom asks for, or None where nothing asks for another size.

    Raises:
        UserError: both are given, or it is no window.
    """
    if FLAGS.window is not None and FLAGS.zoom is not None:
        raise UserError("give one of --window and --zoom, not both.")
    if FLAGS.frames and FLAGS.window is None and FLAGS.zoom is None:
        raise UserError("--frames goes from the whole picture to --zoom or --window: give one.")
    if FLAGS.zoom is not None:
        return places.zoomed(FLAGS.zoom)
    if FLAGS.window is not None:
        return places.checked(FLAGS.window)
    return places.WHOLE if FLAGS.size else None


def at_any_size(sampler, window, asked):
    """Yields float32 [N, H, W, C]: pictures of a window, or each frame of an animation to it."""
    from zoo.sampling import tiles
    from zoo.training.callbacks import DelayedProgressBar

    num, steps = FLAGS.num if FLAGS["num"].present else 1, FLAGS.frames or 1
    size = FLAGS.size or SIZE
    tiles.asked(sampler, num * steps, size, window)
    if steps > 1:
        places.check_alike(window)
    watch = DelayedProgressBar("tile" if steps == 1 else "frame")
    for step in range(steps):
        seen = places.between(window, step / (steps - 1)) if steps > 1 else window
        of_tiles = watch if steps == 1 else None
        yield sampler.sample(num, FLAGS.seed, asked, of_tiles, size, seen)
        if steps > 1:
            watch(step + 1, steps)


def drawn(sampler, asked):
    """Draws as the flags say; returns (x float32 [N, …], the condition of each or None, the number
    of columns or None)."""
    from zoo.sampling import walks
    from zoo.viz import sheet

    own = [name for name in ("complete", "temperature", "sampler") if FLAGS[name].present]
    walk = FLAGS.interpolate or FLAGS.codes
    if sampler.pixelwise and not walk and asked is None:
        return pixel_by_pixel(sampler), None, None
    if own and not sampler.pixelwise:
        raise UserError(
            f"--{own[0]} is for models that draw pixel by pixel, such as pixelcnn: leave it out."
        )
    if FLAGS.codes:
        return walks.codes(sampler, FLAGS.num, FLAGS.seed, asked)
    if FLAGS.interpolate:
        rows = -(-FLAGS.num // COLUMNS)
        return walks.walks(sampler, rows, FLAGS.seed, COLUMNS, asked)
    if asked is None:
        return sheet.arranged(sampler, FLAGS.num, FLAGS.seed)
    given = sampler.in_turn(asked, FLAGS.num)
    return sampler.sample(FLAGS.num, FLAGS.seed, asked), given, None


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
    if FLAGS.complete and target().suffix.lower() == ".png":
        return np.concatenate([np.where(mask, 0.5, picture), x])
    return x


@cli.command(define_flags)
def main():
    """Loads, draws, writes."""
    out = target()
    if FLAGS.run is None:
        raise UserError("say what to sample: --run=runs/NAME, --run=exports/NAME or a preset.")
    if FLAGS.frames and out.suffix.lower() != ".gif":
        raise UserError(f"--out={out} must end in .gif: --frames asks for an animation.")
    if not FLAGS.frames and out.suffix.lower() not in (".png", ".npy", ".txt"):
        raise UserError(
            f"--out={out} must end in .png (a sheet), .npy (the array) or .txt (lines of text)."
        )
    if FLAGS.out is not None:
        files.check_out(out)
    asked, window = condition(), asked_window()
    others = [n for n in ("codes", "interpolate", "complete") if FLAGS[n].value]
    if window is not None and others:
        raise UserError(f"--size, --window and --zoom draw samples: leave --{others[0]} out.")
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
    from zoo.viz import grid, sheet

    sampler = load(FLAGS.run)
    # Names that are drawn for pictures are shown below them.
    is_text = sampler.data_spec.modality == "text" and sampler.data_spec.condition == "none"
    if out.suffix.lower() == ".txt" and not is_text:
        raise UserError(f"--out={out} is for lines of text: name a .png or a .npy.")
    if not is_text:  # lines without --out are printed
        files.check_out(out)

    def pixels(x, given=None, columns=None):
        if window is not None and len(x) == 1:
            return grid.colored(x)[0]  # of its own size, with nothing around it
        return sheet.sheet(sampler.data_spec, x, given, columns)

    if FLAGS.frames:
        frames = [pixels(x) for x in at_any_size(sampler, window, asked)]
        grid.write_animation(out, frames)
        print(f"{len(frames)} frames in {out}")
        return
    if window is None:
        x, given, columns = drawn(sampler, asked)
    else:
        (x,), given, columns = at_any_size(sampler, window, asked), None, None
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
        grid.write_png(out, pixels(x, given, columns))
    count = FLAGS.num if FLAGS.complete else len(x)
    what = {"images": "pictures", "text": "lines"}.get(sampler.data_spec.modality, "examples")
    print(f"{count} {what} in {out}")


if __name__ == "__main__":
    main()
