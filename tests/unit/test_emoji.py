"""The folder of emoji that `dcgan_emoji` trains on, from a package made here."""

import io
import json
import tarfile

import pytest

from tools import emoji
from zoo.config import UserError

ENTRIES = [
    {"image": "1.png", "category": "Food & Drink", "has_img_google": True},
    {"image": "2.png", "category": "People & Body", "has_img_google": True,
     "skin_variations": {"1F3FB": {"image": "2-b.png"}}},
    {"image": "3.png", "category": "Flags", "has_img_google": True},
    {"image": "4.png", "category": "Food & Drink", "has_img_google": False},
]  # fmt: skip


def packed(path, contents):
    with tarfile.open(path, "w:gz") as package:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            package.addfile(member, io.BytesIO(content))
    return f"--package={path}"


def test_a_class_is_a_category_with_its_tones_and_no_flags(tmp_path, capsys):
    contents = {"package/emoji.json": json.dumps(ENTRIES).encode()}
    contents |= {f"{emoji.FOLDER}{name}.png": name.encode() for name in ("1", "2", "2-b", "3", "4")}
    words, out = packed(tmp_path / "x.tgz", contents), tmp_path / "emoji"
    emoji.main([words, f"--out={out}"])
    found = {str(path.relative_to(out)): path.read_text() for path in out.rglob("*.png")}
    assert found == {
        "food_drink/1.png": "1", "people_body/2.png": "2", "people_body/2-b.png": "2-b",
    }  # fmt: skip
    assert "3 pictures of 2 classes" in capsys.readouterr().out
    with pytest.raises(UserError, match="is there already"):
        emoji.main([words, f"--out={out}"])


def test_another_file_is_one_sentence(tmp_path):
    (tmp_path / "text").write_text("no archive")
    packed(tmp_path / "other.tgz", {"package/index.js": b""})
    for name, sentence in (("text", "cannot be unpacked"), ("other.tgz", "has no package/emoji")):
        with pytest.raises(UserError, match=sentence):
            emoji.class_of(str(tmp_path / name))
