"""Typed overrides, ranges and nearest names."""

import dataclasses

import pytest

from zoo.config import Common, UserError, describe, nearest, override, setting


@dataclasses.dataclass(frozen=True)
class Settings(Common):
    size: int = setting(3, "a size", low=1, high=9)
    rate: float = setting(0.5, "a rate", above=0)
    widths: tuple = setting((4, 5), "layers", low=1)
    kind: str = setting("a", "a kind", choices=("a", "bb"))
    flag: bool = setting(False, "a flag")


def test_text_and_values_become_typed():
    text = {"size": "7", "rate": "1e-3", "widths": "8,9", "kind": "bb", "flag": "true"}
    found = override(Settings(), text)
    assert (found.size, found.rate, found.widths) == (7, 1e-3, (8, 9))
    assert (found.kind, found.flag) == ("bb", True)
    assert override(Settings(), {"size": 7.0, "widths": [1]}).widths == (1,)
    assert isinstance(override(Settings(), {"rate": 1}).rate, float)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"sise": 1}, "unknown setting 'sise': did you mean 'size'?"),
        ({"size": 0}, "size must be at least 1 and at most 9, and 0 is not."),
        ({"size": 10}, "size must be at least 1 and at most 9, and 10 is not."),
        ({"size": "x"}, "size must be a whole number, and 'x' is not."),
        ({"size": 1.5}, "size must be a whole number, and 1.5 is not."),
        ({"size": True}, "size must be a whole number, and True is not."),
        ({"rate": 0}, "rate must be above 0, and 0.0 is not."),
        ({"rate": "nan"}, "rate must be a number, and 'nan' is not."),
        ({"size": float("inf")}, "size must be a whole number, and inf is not."),
        ({"batch_size": 2**31}, "batch_size must fit into 32 bits, and 2147483648 does not."),
        ({"batch_size": 1e10}, "batch_size must fit into 32 bits, and 10000000000 does not."),
        ({"widths": [4, 2**31]}, "widths must fit into 32 bits, and 2147483648 does not."),
        ({"rate": "inf"}, "rate must be a number, and 'inf' is not."),
        ({"widths": "4,x"}, "widths must be whole numbers such as 400,200, and '4,x' is not."),
        ({"widths": "4,0"}, "widths must be at least 1, and 0 is not."),
        ({"kind": "b"}, "kind cannot be 'b': did you mean 'bb'?"),
        ({"flag": "perhaps"}, "flag must be true or false, and 'perhaps' is not."),
        ({"batch_size": 0}, "batch_size must be at least 1, and 0 is not."),
    ],
)
def test_a_wrong_word_gets_one_sentence(words, sentence):
    with pytest.raises(UserError) as caught:
        override(Settings(), words)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_nearest_names_all_where_none_is_near():
    assert nearest("zzz", ["gan", "vae"]) == "choose from gan, vae"


def test_describe_shows_every_setting():
    lines = describe(Settings)
    assert len(lines) == len(dataclasses.fields(Settings))
    assert "size: a size (int, default 3, at least 1 and at most 9)" in lines
