"""Takes the README's picture of the gallery, on a desk and on a phone, after `make gallery`.

python -m tests.export.picture_gallery --out=docs/gallery.png
"""

import io
import pathlib
import sys

from PIL import Image

from tests.export import browser

DIST = pathlib.Path(__file__).parents[2] / "exports" / "gallery" / "dist"
GAP = 40  # pixels between the two
OPEN = """
const number = gallery.catalog.findIndex((entry) => entry.name === values[0]);
document.querySelectorAll("[name=model]")[number].click();
await gallery.idle;
"""
DRAW = """
document.getElementById("draw").click();
await gallery.idle;
const moment = document.getElementById("moment");
moment.value = moment.max * 0.45;
moment.dispatchEvent(new Event("input"));
await gallery.idle;
"""


def main(out):
    """Writes both beside each other to `out`."""
    with browser.served(DIST) as address, browser.chromium() as window:
        window.size(1280, 1000)
        window.open(address)
        window.run("await gallery.idle")
        window.run(OPEN, "vae")
        desk = Image.open(io.BytesIO(window.screenshot()))
        window.size(420, 1000, touch=True)
        window.prefer(dark=True, calm=True)
        window.run(OPEN, "pixelcnn")
        window.run(DRAW)
        phone = Image.open(io.BytesIO(window.screenshot()))
    both = Image.new("RGBA", (desk.width + GAP + phone.width, desk.height))
    both.paste(desk, (0, 0))
    both.paste(phone, (desk.width + GAP, 0))
    both.save(out, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1].removeprefix("--out="))
