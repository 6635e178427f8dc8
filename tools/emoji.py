"""Lays out Google's emoji as a folder of classes, to train on in color.

    npm pack emoji-datasource-google@16.0.0
    python -m tools.emoji --package=emoji-datasource-google-16.0.0.tgz [--out=emoji]
    python -m zoo.train --recipe=dcgan_emoji --run=runs/dcgan_emoji

3,511 pictures of 64×64 with their background transparent, in eight classes: the categories of
Unicode, without flags and the swatches of skin.  They are of Noto Emoji, Apache License 2.0; its
flags are under other terms.
"""

import json
import pathlib
import re
import shutil
import tarfile

from absl import flags

from zoo import cli, files
from zoo.config import UserError

FLAGS = flags.FLAGS
LEFT_OUT = ("Flags", "Component")
LIST, FOLDER = "package/emoji.json", "package/img/google/64/"


def define_flags():
    """Defines the flags of this command."""
    flags.DEFINE_string("package", None, "the .tgz that npm pack has fetched")
    flags.DEFINE_string("out", "emoji", "the folder to make")


def class_of(path):
    """Returns the place of each picture in a package -> its class, from emoji.json."""
    listed = dict(_members(path, {LIST}))
    if not listed:
        raise UserError(f"{path!r} has no {LIST}: it is no package of emoji-datasource-google.")
    found = {}
    for entry in json.loads(listed[LIST]):
        if entry["has_img_google"] and entry["category"] not in LEFT_OUT:
            name = re.sub(r"\W+", "_", entry["category"].lower())
            tones = entry.get("skin_variations", {}).values()
            found |= {FOLDER + one["image"]: name for one in (entry, *tones)}
    return found


def _members(path, wanted):
    """Yields (name, content) of the files of a .tgz that are wanted."""
    try:
        with files.reading(path), tarfile.open(path) as package:
            for member in package:
                if member.name in wanted:
                    yield member.name, package.extractfile(member).read()
    except (tarfile.TarError, EOFError):
        raise UserError(f"{path!r} cannot be unpacked: fetch it again by npm pack.") from None


@cli.command(define_flags)
def main():
    """Reads the package and writes the folder."""
    if FLAGS.package is None:
        raise UserError("say what to unpack: --package=emoji-datasource-google-16.0.0.tgz.")
    out = pathlib.Path(FLAGS.out)
    if out.exists():
        raise UserError(f"'{out}' is there already: remove it, or name another --out.")
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    classes, count = class_of(FLAGS.package), 0
    for place, content in _members(FLAGS.package, classes):
        (part / classes[place]).mkdir(parents=True, exist_ok=True)
        (part / classes[place] / pathlib.Path(place).name).write_bytes(content)
        count += 1
    part.rename(out)
    print(f"{count} pictures of {len(set(classes.values()))} classes in {out}")


if __name__ == "__main__":
    main()
