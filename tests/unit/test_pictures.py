"""Grids, whole files."""

import numpy as np
import pytest

from zoo import files
from zoo.viz import grid


def test_grid_places_pictures_in_rows():
    images = np.zeros((5, 2, 3, 1), np.float32)
    images[4] = 1
    sheet = grid.grid(images, columns=3)
    zoom = grid.TARGET // (3 * 3)
    height, width = 2 * zoom + grid.GAP, 3 * zoom + grid.GAP
    assert sheet.shape == (2 * height + grid.GAP, 3 * width + grid.GAP, 3)
    assert (sheet[grid.GAP : height, grid.GAP : width] == 0).all()
    assert (sheet[height + grid.GAP :, width + grid.GAP : 2 * width] == 255).all()


def test_grid_keeps_colors():
    images = np.zeros((1, 4, 4, 3), np.float32)
    images[..., 0] = 1
    middle = grid.grid(images)[50, 50]
    assert middle.tolist() == [255, 0, 0]


def test_a_failed_write_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "file"
    files.write_whole(path, b"old")

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    said = r"file' cannot be written \(No space left on device\): nothing there has changed; fix"
    with pytest.raises(files.WriteError, match=said):
        files.write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_animation_keeps_the_first_and_the_last_of_many_frames(tmp_path):
    from PIL import Image

    frames = []
    for level in range(200):
        frames.append(tmp_path / f"{level:03d}.png")
        grid.write_png(frames[-1], np.full((8, 8, 3), level, np.uint8))
    for count, kept in ((1, 1), (3, 3), (200, 51)):
        grid.write_animation(tmp_path / "all.gif", frames[:count])
        animation = Image.open(tmp_path / "all.gif")
        assert animation.n_frames == kept
        animation.seek(kept - 1)
        assert animation.convert("L").getpixel((4, 4)) == count - 1
