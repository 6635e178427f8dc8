"""Pictures of pictures: grids, the animation of a run, its curves.  Files are written whole."""

import io
import json
import math
import os
import pathlib

import numpy as np

GAP = 2  # pixels between pictures
TARGET = 640  # a grid's width is about this many pixels


def grid(images, columns=None):
    """Lays out images float [N, H, W, C] in [0, 1] as uint8 [h, w, 3], small ones enlarged.

    `columns` defaults to the square root of N, rounded up.
    """
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    zoom = max(1, TARGET // (columns * width))
    pixels = np.round(np.clip(images, 0, 1) * 255).astype(np.uint8)
    pixels = pixels.repeat(zoom, axis=1).repeat(zoom, axis=2)
    if channels == 1:
        pixels = pixels.repeat(3, axis=3)
    cell = (height * zoom + GAP, width * zoom + GAP)
    sheet = np.full((rows * cell[0] + GAP, columns * cell[1] + GAP, 3), 255, np.uint8)
    for place, picture in enumerate(pixels):
        top, left = (place // columns) * cell[0] + GAP, (place % columns) * cell[1] + GAP
        sheet[top : top + cell[0] - GAP, left : left + cell[1] - GAP] = picture[..., :3]
    return sheet


def write_whole(path, data):
    """Writes bytes to `path` so that it is either the old file or the whole new one."""
    path = pathlib.Path(path)
    part = path.with_name(f".{path.name}.part")
    try:
        with open(part, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def write_png(path, pixels):
    """Writes uint8 [h, w, 3] as a PNG."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    write_whole(path, buffer.getvalue())


def write_animation(path, frames, seconds=6.0):
    """Writes PNG files as one animated GIF of about `seconds`: the last and 60 others at most."""
    from PIL import Image

    frames = frames[: -1 : math.ceil(len(frames) / 60)] + frames[-1:]
    pictures = [Image.open(frame).convert("L" if _grey(frame) else "P") for frame in frames]
    wait = max(20, int(1000 * seconds / len(pictures)))
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "GIF", save_all=True, append_images=pictures[1:], loop=0,
        duration=[wait] * (len(pictures) - 1) + [2000],
    )  # fmt: skip
    write_whole(path, buffer.getvalue())


def write_curves(path, metrics_file):
    """Plots every metric of a `metrics.jsonl` against the step: raw, its running median, and the
    same metric on held-out data."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    lines = [json.loads(line) for line in pathlib.Path(metrics_file).read_text().splitlines()]
    names = list(dict.fromkeys(key for line in lines for key in line))
    names = [n for n in names if n not in ("step", "time") and not n.startswith("val_")]
    if not names:
        return
    rows = math.ceil(len(names) / 2)
    figure, axes = pyplot.subplots(rows, 2, figsize=(10, 3 * rows), squeeze=False)
    for axis, name in zip(axes.flat, names, strict=False):
        steps, values = _series(lines, name)
        axis.plot(steps, values, color="0.8", linewidth=0.7)
        thin = math.ceil(len(steps) / 2000) or 1
        axis.plot(
            steps[::thin],
            _running_median(values[::thin]),
            color="C0",
            label="training, running median",
        )
        steps, values = _series(lines, "val_" + name)
        if len(steps):
            axis.plot(steps, values, "o-", color="C1", markersize=3, label="held out")
        axis.set_title(name)
        axis.set_xlabel("step")
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    for axis in list(axes.flat)[len(names) :]:
        axis.axis("off")
    figure.tight_layout()
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=110)
    pyplot.close(figure)
    write_whole(path, buffer.getvalue())


def _grey(frame):
    from PIL import Image

    pixels = np.asarray(Image.open(frame))
    return (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all()


def _series(lines, name):
    pairs = [(line["step"], line[name]) for line in lines if name in line]
    return np.array([p[0] for p in pairs]), np.array([p[1] for p in pairs])


def _running_median(values, share=0.02):
    half = max(1, int(len(values) * share / 2))
    return [np.median(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]
