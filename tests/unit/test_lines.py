"""Text: alphabets and codes, the embedded surnames, lines of a file, and what is refused."""

import dataclasses

import numpy as np
import pytest

import zoo
from zoo.config import UserError
from zoo.data import load, text
from zoo.data.sources import lines, surnames
from zoo.data.spec import DataOptions, DataSpec


@pytest.fixture(scope="module")
def names():
    return load("surnames")


@pytest.fixture
def file(tmp_path):
    """Writes a file and returns its data set's name."""

    def write(content):
        path = tmp_path / "some.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return f"lines:{path}"

    return write


def all_lines(data):
    return [line for split in ("train", "test") for line in data.lines(split)]


def test_codes_by_hand():
    symbols = text.alphabet(["ba", "é b"])
    assert symbols == " abé"
    codes = text.encode(["ba", "é b", ""], symbols, 4)
    np.testing.assert_array_equal(codes, [[2, 1, 0, 0], [3, 0, 2, 0], [0, 0, 0, 0]])
    assert text.read(codes, symbols) == ["ba", "é b", ""]
    assert text.decode(np.eye(4)[codes] * 0.6 + 0.1, symbols) == ["ba", "é b", ""]


def test_more_symbols_than_a_byte_counts():
    line = "".join(map(chr, range(0x4E00, 0x4E00 + 300)))
    symbols = text.alphabet([line])
    assert text.read(text.encode([line], symbols, 301), symbols) == [line]


def test_surnames(names):
    assert names.spec.shape == (12, 27)
    assert names.spec.symbols == " ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert names.spec.modality == "text"
    assert {split: len(part[0]) for split, part in names.splits.items()} == {
        "train": 79_694, "test": 8_855,
    }  # fmt: skip
    train, test = (set(names.lines(split)) for split in ("train", "test"))
    assert len(train) == 79_694  # each name once
    assert not train & test
    assert {"SMITH", "GARCIA"} <= train | test
    assert max(map(len, train)) == 12
    longer = load("surnames", DataOptions(length=13)).spec.shape
    assert longer == (13, 27)


def test_batches_are_one_hot_lines(names):
    batch = next(iter(names.train(8, seed=3, block=2)))
    assert batch["x"].shape == (8, 2, 12, 27)
    x = batch["x"].numpy()
    np.testing.assert_array_equal(np.sort(x, axis=-1)[..., -2:], np.tile([0, 1], (8, 2, 12, 1)))
    assert set(text.decode(x[:, 0], names.spec.alphabet)) <= set(names.lines("train"))
    x, y, labels = names.examples("test", 5)
    assert text.decode(x, names.spec.alphabet) == names.lines("test")[:5]
    assert y is None
    assert (labels == -1).all()


def test_lines_of_a_file(file, capsys):
    content = "\ufeffeins \r\nzwei\n\n  drei\t\ra\u0308\n" + "x" * 33 + "\n" + "y" * 40
    data = load(file(content))
    assert sorted(all_lines(data)) == ["  drei", "eins", "zwei", "ä"]
    assert data.spec.symbols == " deinrswzä"
    assert data.spec.shape == (6, 10)
    said = capsys.readouterr().out
    assert said.endswith(
        "2 of 7 lines have more than 32 symbols, 40 at most, and are left out (--data.length): 6, 7"
        "\n"
    )
    wide = load(file(content), DataOptions(length=40))
    assert wide.spec.shape == (40, 12)
    assert capsys.readouterr().out == ""


def test_the_split_is_fixed_and_the_digest_tells_alphabets_apart(file):
    content = "".join(f"{i}\n" for i in range(25))
    one, again = load(file(content)), load(file(content))
    assert one.lines("test") == again.lines("test")
    assert len(one.lines("test")) == 3
    assert one.lines("train") != sorted(one.lines("train"), key=int)  # permuted
    assert one.digest() == again.digest()
    other = load(file(content.translate(str.maketrans("0123456789", "abcdefghij"))))
    np.testing.assert_array_equal(other.splits["train"][0], one.splits["train"][0])
    assert other.digest() != one.digest()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "has no line of 1 to 32 symbols, and two are needed"),
        ("\n \n\t\n", "has no line of 1 to 32 symbols, and two are needed"),
        ("one\n", "has only one line of 1 to 32 symbols.*: name another file"),
        ("one\n" + "x" * 50, "has only one line of 1 to 32 symbols.*: pass --data.length=50, say"),
        ("x" * 70 + "\n" + "y" * 50, "has no line of 1 to 32.*: pass --data.length=70, say"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\xff", r"is not text in UTF-8 \(its byte 0 is not\): save it"),
        (b"th\xe9\n", r"is not text in UTF-8 \(its byte 2 is not\): save it as UTF-8"),
        (
            b"ELF\x00\x01\nab\n",
            r"is not a text file, since it contains the control character '\\x00",
        ),
        (
            "".join(f"{chr(0x4E00 + i)}\n" for i in range(300)),
            "has 301 different symbols with the blank, and 256 are the most: leave out the lines",
        ),
    ],
)
def test_files_that_are_refused(file, content, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        load(file(content))
    assert "\n" not in str(caught.value)


def test_files_that_are_not_there(tmp_path, file, monkeypatch):
    for path, sentence in (
        (tmp_path / "none.txt", r"cannot be read \(No such file"),
        (tmp_path, r"cannot be read \(Is a directory"),
        ("th\udce9.txt", "the name of the file .* is not UTF-8: rename it"),
    ):
        with pytest.raises(UserError, match=sentence):
            load(f"lines:{path}")
    monkeypatch.setattr(lines, "LIMIT", 3)
    with pytest.raises(UserError, match="has more than 0 GiB, and data is held in memory"):
        load(file("one\ntwo\n"))


@pytest.mark.parametrize(
    ("name", "words", "sentence"),
    [
        ("surnames", {"image_size": 8}, "'surnames' consists of text: leave --data.image_size out"),
        ("surnames", {"binarize": "static"}, "consists of text: leave --data.binarize out"),
        ("surnames", {"dequantize": True}, "consists of text: leave --data.dequantize out"),
        ("surnames", {"target": "name"}, "consists of text: leave --data.target out"),
        (
            "surnames",
            {"condition": "quadrants", "visible": 1},
            "text: choose another --condition than",
        ),
        ("surnames", {"condition": "label"}, "'surnames' has no labels, which a label needs"),
        ("surnames", {"feature": "x"}, "'surnames' has no features to choose from"),
        ("surnames", {"length": 1}, "has no line of 1 to 1 symbols.*: pass --data.length=2, say"),
        ("digits", {"length": 8}, "'digits' consists of pictures: leave --data.length out"),
        ("gaussians8", {"length": 8}, "'gaussians8' consists of points: leave --data.length out"),
    ],
)
def test_options_of_other_data_are_refused(name, words, sentence):
    with pytest.raises(UserError, match=sentence):
        load(name, DataOptions(**words))


def test_a_spec_of_text_goes_through_json(names):
    facts = dataclasses.asdict(names.spec)
    assert DataSpec.of_json(facts) == names.spec
    for symbols, shape in (("AAB", (12, 3)), ("AB", (12, 27)), ("AB", (2,))):
        with pytest.raises(UserError, match="a data_spec is damaged"):
            DataSpec.of_json(facts | {"symbols": symbols, "shape": shape})


def test_the_packages_list_says_where_it_is_from():
    assert surnames.FILE.stat().st_size < 400_000
    assert "public domain" in surnames.__doc__


def test_plain_arrays_are_checked(names):
    model = zoo.build("text_wgan_gp", names, width=16, n_critic=1)
    with pytest.raises(UserError, match=r"x is \[4, 12\]: this model takes \[N, 12, 27\]"):
        model.fit(names.splits["train"][0][:4])
