"""Text that is not UTF-8: what it may be is guessed, and never used unseen."""

from __future__ import annotations

import codecs

import pytest

from core.data.captions.encodings import decode, guess, mark_of

JAPANESE = [
    "緑のカエル", "frog 蛙", "猫, on grass", "a 男, 海", "white 馬", "カエ", "表", "本, 山", "1girl、青い空",
]  # fmt: skip


@pytest.mark.parametrize("text", JAPANESE)
def test_japanese_in_shift_jis_is_guessed(text):
    data = text.encode("cp932")
    assert decode(data) is None and guess(data) == "cp932"


@pytest.mark.parametrize(
    "data",
    [
        b"it\x92s a frog", b"the frogs\x92 pond", b"a \x93big\x94 frog, wet", b"\x93Frog\x94", b"\x91a\x92",
        b"1920\x961930",
        b"a frog \x97 green", b"wait\x85", b"Frog\x99, 5 \x80", b"caf\xe9, na\xefve", b"\xe9t\xe9",
        b"M\xe1laga, Z\xfcrich", b"20\xb0", b"for sale: \xa35",
    ],
)  # fmt: skip
def test_odd_bytes_that_stand_alone_among_ascii_are_windows_1252(data):
    assert decode(data) is None and guess(data) == "cp1252"


@pytest.mark.parametrize("name", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_guessed(name):
    data = "a frog, 蛙".encode(name)
    assert decode(data) is None and guess(data) == name


@pytest.mark.parametrize("data", [b"\x81", b"\xa0\xff\x81", b"\x00\x00\x00", codecs.BOM_UTF16_LE + b"\x00"])
def test_what_is_no_text_is_not_guessed(data):
    assert guess(data) is None


@pytest.mark.parametrize(
    ("mark", "name"),
    [
        (codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"),
        (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
    ],
)  # fmt: skip
def test_a_mark_says_the_encoding_and_is_taken_off(mark, name):
    assert mark_of(mark + "蛙".encode(name)) == (mark, name)
    assert decode(mark + "蛙".encode(name)) == "蛙"
