"""Draws from a run, an export or a preset: pictures, points, or text.

python -m zoo.sample --run=runs/a --num=64 --seed=0 --out=grid.png
python -m zoo.sample --run=exports/NAME --interpolate --out=walks.png
python -m zoo.sample --run=vae_digits                           (a preset, see zoo.list)
python -m zoo.sample --run=dcgan_mnist,cgan_mnist --num=16 --out=both.png
python -m zoo.sample --run=runs/infogan_digits --codes --out=codes.png
python -m zoo.sample --run=runs/a --num=1000 --out=grid.npy     (float32 [N, H, W, C])
python -m zoo.sample --run=runs/text --num=20 --out=lines.txt      (without --out they are printed)
python -m zoo.sample --run=runs/cgan_digits --label=3               (or --name=three)
python -m zoo.sample --run=runs/names --condition=grid.npy      (float32 [N, H, W, C])
python -m zoo.sample --run=runs/pixelcnn_digits --temperature=0.9
python -m zoo.sample --run=runs/pixelcnn_digits --complete=img.png --mask=mask.png --num=15
python -m zoo.sample --run=dcgan_mnist --truncation=0.7
python -m zoo.sample --run=dcgan_mnist --invert=img.png --out=inverted.png     (or x.npy, several)
python -m zoo.sample --run=dcgan_mnist --arithmetic=1,2,3-4,5,6+7,8,9 --out=sum.png
python -m zoo.sample --run=dcgan_mnist --directions=8 --out=directions.png
python -m zoo.sample --run=runs/cppn --size=1080 --out=large.png
python -m zoo.sample --run=runs/cppn --size=360 --zoom=8 --frames=60 --out=zoom.gif

A conditional model without --label, --name or --condition draws a grid: each column is a class,
each row one latent.  A .npy has the same examples, row by row.

Several models draw --num pictures each, below each other, with their classes in turn.

A PixelRNN completes a picture: it draws the pixels that are white in the mask (or 1 in a .npy) and
keeps the others.  Each pixel depends on those before it, row by row, so erase the lower part of a
picture.  The sheet starts with the given picture, gray where it is erased; a .npy has the
completions alone.

--invert, --arithmetic and --directions look at the space of latents, see docs/sampling.md.  With
--out=x.npy they write what they found, latents or directions float32 [N, z], in place of a sheet.

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
SIZE = 256  # of a window, where none is given
# What asks for more than samples, beside `modes.MODES`.
OF_ONE = (
    "truncation", "label", "name", "condition", "mask", "size", "window", "zoom", "frames",
    "temperature", "sampler",
)  # fmt: skip


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_list(
        "run",
        None,
        "a run directory, an export's folder, or a preset; or several, below each other",
    )
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
    flags.DEFINE_float(
        "truncation", None, "take latents nearer to their mean, 0 to 1; up to 2, further away",
        0.0, 2.0,
    )  # fmt: skip
    flags.DEFINE_string(
        "invert", None, "find the latents of pictures, .png or .npy: each above its reconstruction"
    )
    flags.DEFINE_string(
        "arithmetic", None, "add means of exemplars, which are places on the sheet that --seed and "
        "--num draw, from 0: 1,2,3-4,5,6+7,8,9",
    )  # fmt: skip
    flags.DEFINE_integer(
        "directions", None, "draw rows, in each of which one principal direction of z varies", 1,
        HIGHEST,
    )  # fmt: skip
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
    from zoo.sampling import conditions

    return conditions.read(FLAGS.condition)


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


def mode_asked(window, out):
    """Returns which one of `modes.MODES` the flags ask for, or None.

    Raises:
        UserError: several, or what has no meaning beside it.
    """
    from zoo.sampling.modes import LATENT, MODES

    asked = [name for name in MODES if FLAGS[name].value not in (None, False)]
    if window is not None and asked:
        raise UserError(f"--size, --window and --zoom draw samples: leave --{asked[0]} out.")
    if len(asked) > 1:
        raise UserError(f"give one of --{asked[0]} and --{asked[1]}, not both.")
    if (FLAGS.complete is None) != (FLAGS.mask is None):
        raise UserError("--complete=PICTURE needs --mask=FILE, and --mask needs --complete.")
    mode = asked[0] if asked else None
    for other in {"invert": ("num", "truncation"), "directions": ("num",)}.get(mode, ()):
        if FLAGS[other].present:
            raise UserError(f"--{other} has no meaning with --{mode}: leave it out.")
    if mode in LATENT and out.suffix.lower() == ".txt":
        raise UserError(f"--{mode} makes a sheet or an array: name a .png or a .npy.")
    return mode


def check_several(mode, out):
    """Raises `UserError` where a flag asks for more than samples of several models."""
    given = [name for name in (*OF_ONE, mode) if name and FLAGS[name].present]
    if given:
        raise UserError(f"--{given[0]} is for one model: name one in --run, or leave it out.")
    if out.suffix.lower() not in (".png", ".npy"):
        raise UserError(f"--out={out} must end in .png (a sheet) or .npy (the array).")


@cli.command(define_flags)
def main():
    """Loads, draws, writes."""
    out = target()
    if not FLAGS.run:
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
    mode = mode_asked(window, out)
    if len(FLAGS.run) > 1:
        check_several(mode, out)
    for path in filter(None, (FLAGS.complete, FLAGS.mask, FLAGS.invert)):
        with reading(path):
            open(path, "rb").close()
    from zoo.sampling.loading import find, load

    for place in FLAGS.run:
        find(place)
    start_tensorflow(exact=True)
    samplers = [load(place) for place in FLAGS.run]
    if len(samplers) == 1:
        of_one(samplers[0], out, asked, window, mode)
        return
    from zoo.sampling import together

    files.check_out(out)
    names = [pathlib.Path(place).name for place in FLAGS.run]
    write(together.drawn(samplers, names, FLAGS.num, FLAGS.seed), samplers[0].data_spec, out)


def of_one(sampler, out, asked, window, mode):
    """Draws what the flags ask of a model, and writes or prints it."""
    from zoo.data import text
    from zoo.sampling import modes, tiles
    from zoo.viz import grid, sheet

    own = [name for name in ("complete", "temperature", "sampler") if FLAGS[name].present]
    if own and not sampler.pixelwise:
        raise UserError(
            f"--{own[0]} is for models that draw pixel by pixel, such as pixelcnn: leave it out."
        )
    if FLAGS.truncation is not None:
        sampler = sampler.truncated(FLAGS.truncation)
    # Names that are drawn for pictures are shown below them.
    spec = sampler.data_spec
    is_text = spec.modality == "text" and spec.condition == "none"
    if out.suffix.lower() == ".txt" and not is_text:
        raise UserError(f"--out={out} is for lines of text: name a .png or a .npy.")
    prints = is_text and FLAGS.out is None and mode not in modes.LATENT
    if not prints:
        files.check_out(out)
    if window is not None:
        num, size = FLAGS.num if FLAGS["num"].present else 1, FLAGS.size or SIZE
        found = tiles.drawn(sampler, num, FLAGS.seed, size, window, FLAGS.frames or 1, asked)
        alone = num == 1  # of its own size, with nothing around it
    if FLAGS.frames:
        frames = [grid.colored(x)[0] if alone else sheet.sheet(spec, x) for x in found]
        grid.write_animation(out, frames)
        print(f"{len(frames)} frames in {out}")
    elif window is not None:
        write(modes.of_examples(sampler, *found), spec, out, alone)
    else:
        value = FLAGS[mode].value if mode else None
        how = FLAGS.mask, FLAGS.temperature, FLAGS.sampler
        shown = modes.drawn(sampler, modes.Asked(FLAGS.num, FLAGS.seed, asked, mode, value, *how))
        if prints:
            print("\n".join(text.decode(shown.x, spec.alphabet)))
        else:
            write(shown, spec, out)


def write(shown, spec, out, alone=False):
    """Writes a `modes.Drawn` as the suffix of `out` asks, and says so.

    Args:
        shown: what was drawn.
        spec: the `DataSpec` of it.
        out: the path.
        alone: whether a .png is the one picture itself, in place of a sheet.
    """
    import numpy as np

    from zoo.data import text
    from zoo.viz import grid, sheet

    if out.suffix.lower() == ".npy":
        buffer = io.BytesIO()
        np.save(buffer, shown.array)
        files.write_whole(out, buffer.getvalue())
    elif out.suffix.lower() == ".txt":
        lines = text.decode(shown.x, spec.alphabet)
        files.write_whole(out, "".join(f"{line}\n" for line in lines).encode())
    elif alone:
        grid.write_png(out, grid.colored(shown.x)[0])
    else:
        pixels = sheet.sheet(spec, shown.x, shown.given, shown.columns, shown.group)
        grid.write_png(out, grid.beside(pixels, shown.names) if shown.names else pixels)
    print(f"{shown.words} in {out}")


if __name__ == "__main__":
    main()
