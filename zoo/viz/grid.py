"""Grids of pictures, and the animation of a run."""

import io
import math

import numpy as np

from zoo.files import write_whole

GAP = 2  # pixels between pictures
WIDE = 12  # between groups of rows
TARGET = 640  # a grid's width is about this many pixels
SYMBOL = 9  # pixels across, of text
NAME = 16  # pixels high, of a name beside pictures


def colored(images):
    """Returns images float [N, H, W, C] in [0, 1] as uint8 [N, H, W, 3]."""
    pixels = np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)
    return pixels.repeat(3, axis=3) if pixels.shape[3] == 1 else pixels[..., :3]


def grid(images, columns=None, group=None):
    """Lays out images float [N, H, W, C] in [0, 1] as uint8 [h, w, 3], small ones enlarged.

    `columns` defaults to the square root of N, rounded up; after each `group` of rows the gap is
    wider.
    """
    count, height, width, _ = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    zoom = max(1, TARGET // (columns * width))
    pixels = colored(images).repeat(zoom, axis=1).repeat(zoom, axis=2)
    cell = (height * zoom + GAP, width * zoom + GAP)
    gaps = [(row // group) * WIDE if group else 0 for row in range(rows)]
    height = rows * cell[0] + gaps[-1] + GAP
    sheet = np.full((height, columns * cell[1] + GAP, 3), 255, np.uint8)
    for place, picture in enumerate(pixels):
        row = place // columns
        top, left = row * cell[0] + gaps[row] + GAP, (place % columns) * cell[1] + GAP
        sheet[top : top + cell[0] - GAP, left : left + cell[1] - GAP] = picture
    return sheet


def beside(sheet, names):
    """Returns a sheet uint8 [h, w, 3] of as many equal groups of rows with a name left of each."""
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.load_default(size=NAME)
    width = math.ceil(max(font.getlength(name) for name in names)) + 2 * NAME
    height = (len(sheet) - GAP - WIDE * (len(names) - 1)) / len(names)
    whole = Image.new("RGB", (width + sheet.shape[1], len(sheet)), "white")
    whole.paste(Image.fromarray(sheet), (width, 0))
    pen = ImageDraw.Draw(whole)
    for place, name in enumerate(names):
        middle = place * (height + WIDE) + (height + GAP) / 2
        pen.text((width - NAME, round(middle)), name, "black", font, anchor="rm")
    return np.asarray(whole)


def words(lines, length, images=None, columns=None):
    """Lays out N lines of text as uint8 [h, w, 3].

    Args:
        lines: of at most `length` symbols each, for which there is room.
        images: of each line, a picture float [H, W, C] in [0, 1] above it.
        columns: the square root of N by default, or fewer where the lines are long.
    """
    from PIL import Image, ImageDraw, ImageFont

    if not columns:
        columns = math.ceil(math.sqrt(len(lines)))
        columns = max(1, min(columns, TARGET // (SYMBOL * length)))
    side = max(32, TARGET // columns)
    size = max(1, min(side // 4 - 2, int(1.3 * side / length)))
    text = round(1.3 * size)
    height = text + (0 if images is None else side)
    rows = math.ceil(len(lines) / columns)
    sheet = Image.new("RGB", (columns * side, rows * height), "white")
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=size)
    for place, line in enumerate(lines):
        left, top = (place % columns) * side, (place // columns) * height
        if images is not None:
            picture = Image.fromarray(grid(images[place : place + 1], 1))
            sheet.paste(picture.resize((side - 2 * GAP,) * 2, Image.NEAREST), (left + GAP, top))
        pen.text((left + side // 2, top + height - text), line, "black", font, anchor="ma")
    return np.asarray(sheet)


def write_png(path, pixels):
    """Writes uint8 [h, w, 3] as a PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    write_whole(path, buffer.getvalue())


def write_animation(path, frames, seconds=6.0):
    """Writes uint8 [h, w, 3], or PNG files, as one animated GIF of about `seconds`: the last frame
    and 60 others at most."""
    frames = frames[: -1 : math.ceil(len(frames) / 60)] + frames[-1:]
    pictures = [_indexed(frame) for frame in frames]
    wait = max(20, int(1000 * seconds / len(pictures)))
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "GIF", save_all=True, append_images=pictures[1:], loop=0,
        duration=[wait] * (len(pictures) - 1) + [2000],
    )  # fmt: skip
    write_whole(path, buffer.getvalue())


def _indexed(frame):
    """A frame as GIFs have it, of 256 levels or colors."""
    from PIL import Image

    pixels = frame if isinstance(frame, np.ndarray) else np.asarray(Image.open(frame))
    gray = (pixels == pixels[..., :1]).all()
    return Image.fromarray(pixels[..., 0]) if gray else Image.fromarray(pixels).convert("P")
