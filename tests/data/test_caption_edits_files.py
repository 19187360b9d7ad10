"""Caption files that are edited: encodings, kinds that may be written, writing at one stroke."""

from __future__ import annotations

import codecs
import os
import stat

import pytest

from core.data.caption_editor import files
from core.data.captions.captions import MOST_BYTES
from core.errors import UserError

TEXT = "緑のカエル, on grass"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode() + b"\r\n",
        codecs.BOM_UTF8 + TEXT.encode() + b"\n",
        codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
    ],
)
def test_a_text_is_read_by_its_mark_or_as_utf8(data):
    assert files.decode(data) == (TEXT, None)


def test_shift_jis_is_read_as_a_guess():
    assert files.decode(TEXT.encode("cp932")) == (TEXT, "cp932")


def test_line_ends_of_every_kind_are_read_as_newlines():
    assert files.decode(b"a\r\nb\nc\r\n\r\n") == ("a\nb\nc\n", None)


def test_a_text_is_written_as_utf8_with_a_newline_at_its_end():
    assert files.encode("蛙 🐸\nb") == "蛙 🐸\nb\n".encode()


@pytest.mark.parametrize("data", [b"\x81", b"\x81\xff\x00\x00", codecs.BOM_UTF16_LE + b"\x00"])
def test_what_is_no_text_is_not_decoded(data):
    assert files.decode(data) is None


def test_a_typed_text_is_cleaned_of_control_characters_only():
    assert files.typed("a\x00b\x1b\r\nc\u3000👩\u200d🎨\ud800 \n\n") == "ab\nc\u3000👩\u200d🎨 "


@pytest.mark.parametrize("suffix", [".caption", ".txt", ".TXT", ".cap", ".txt2", ".caption_ja", ".tags"])
def test_caption_kinds_may_be_written(suffix):
    assert files.is_caption_suffix(suffix)


@pytest.mark.parametrize(
    "suffix",
    ["", ".", ".py", ".bat", ".sh", ".json", ".toml", ".png", ".safetensors", ".txt.exe", ".txt/../a"],
)
def test_other_kinds_may_not(suffix, tmp_path):
    assert not files.is_caption_suffix(suffix)
    with pytest.raises(UserError):
        files.put(tmp_path / f"a{suffix}", b"x")
    assert list(tmp_path.iterdir()) == []


def test_an_extension_that_is_no_captions_is_refused_by_name():
    assert files.suffix_for_new("Caption") == ".caption"
    with pytest.raises(UserError, match=r"\.py"):
        files.suffix_for_new("py")


def test_a_link_to_another_kind_of_file_is_not_written(tmp_path):
    secret = tmp_path / "settings.py"
    secret.write_bytes(b"kept")
    link = tmp_path / "a.txt"
    link.symlink_to(secret)
    with pytest.raises(UserError):
        files.put(link, b"x")
    assert secret.read_bytes() == b"kept"


def test_a_link_to_a_caption_stays_a_link(tmp_path):
    real = tmp_path / "real.caption"
    real.write_bytes(b"old")
    link = tmp_path / "a.caption"
    link.symlink_to(real)
    files.put(link, b"new")
    assert link.is_symlink() and real.read_bytes() == b"new"


def test_writing_keeps_the_mode_and_leaves_nothing_beside(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")
    path.chmod(0o640)
    files.put(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_file_that_cannot_be_written_stays_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    path.write_bytes(b"old")

    def held(*_):
        raise PermissionError(13, "in use")

    monkeypatch.setattr(os, "replace", held)
    with pytest.raises(UserError, match="in use"):
        files.put(path, b"new")
    assert path.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1


def test_a_huge_file_is_not_taken_for_a_caption(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * (MOST_BYTES + 1))
    with pytest.raises(UserError, match="2,097,153 bytes"):
        files.read(path)
    assert files.read(tmp_path / "none.txt") is None
