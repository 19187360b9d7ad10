"""Captions of other encodings become UTF-8 by one command, and the originals stay."""

import io
import sys

import pytest

from core.cli import main
from core.data.captions.captions import read
from core.errors import UserError
from core.tools import command_line, utf8
from core.tools.tool import Work, checked
from tests.data.images import draw


def convert(folder, encoding=None):
    values = {"folder": str(folder), "encoding": encoding}
    return utf8.run(checked(utf8.Utf8Settings, values), Work())


@pytest.fixture
def folder(tmp_path):
    """Images with captions in four encodings, and texts that are none of theirs."""
    place = tmp_path / "train" / "20_sls frog"
    texts = {
        "a.caption": "緑の蛙\r\n".encode("cp932"),
        "b.txt": b"it\x92s a frog",
        "c.caption": "蛙".encode(),
        "d.caption": b"\xff\xfe" + "蛙".encode("utf-16-le"),
    }
    for name, data in texts.items():
        draw((place / name).with_suffix(".png"))
        (place / name).write_bytes(data)
    (place / "notes.txt").write_bytes("覚え書き".encode("cp932"))
    return place


def test_captions_are_saved_as_utf8_and_the_originals_kept(folder):
    first, second, total = convert(folder.parent).lines
    assert first.en == (
        f"{folder / 'a.caption'}: Shift-JIS (CP932) -> UTF-8, reads `緑の蛙`; the original is a.caption.cp932"
    )
    assert "Windows-1252" in second.en and "b.txt.cp1252" in second.en
    assert total.en == "2 caption files saved as UTF-8."
    assert (folder / "a.caption").read_bytes() == "緑の蛙\r\n".encode()
    assert (folder / "a.caption.cp932").read_bytes() == "緑の蛙\r\n".encode("cp932")
    assert (folder / "b.txt").read_text("utf-8") == "it’s a frog"
    assert (folder / "c.caption").read_bytes() == "蛙".encode()
    assert (folder / "notes.txt").read_bytes() == "覚え書き".encode("cp932")
    assert read(folder / "a.png", ".caption").text == "緑の蛙"
    assert [line.en for line in convert(folder.parent).lines] == ["0 caption files saved as UTF-8."]


def test_an_original_that_was_kept_before_is_not_overwritten(folder):
    (folder / "a.caption.cp932").write_bytes(b"mine")
    first, *_ = convert(folder).lines
    assert (
        first.en.endswith("the original is a.caption.cp932-2")
        and (folder / "a.caption.cp932").read_bytes() == b"mine"
    )


def test_the_encoding_may_be_given(folder):
    (folder / "a.caption").write_bytes("蛙".encode("euc_jp"))
    first, *_ = convert(folder, "euc_jp").lines
    assert "euc_jp -> UTF-8" in first.en and (folder / "a.caption").read_text("utf-8") == "蛙"


@pytest.mark.parametrize("name", ["no-such", "base64", "rot13"])
def test_an_encoding_that_does_not_exist_is_refused(folder, name):
    with pytest.raises(UserError) as caught:
        convert(folder, name)
    assert caught.value.problems[0].code == "E-UTF8-ENCODING"


def test_a_file_in_no_known_encoding_is_named_and_left_alone(folder):
    (folder / "a.caption").write_bytes(b"\x81")
    outcome = convert(folder)
    assert [problem.code for problem in outcome.problems] == ["E-CAP-ENCODING"] and outcome.exit_code == 2
    assert (folder / "a.caption").read_bytes() == b"\x81"
    assert [line.en.partition(": ")[0] for line in outcome.lines] == [str(folder / "b.txt")]


@pytest.mark.parametrize(
    ("lang", "words"), [("en", "2 caption files saved as UTF-8"), ("ja", "2個のキャプション")]
)
def test_the_command_says_what_it_read_and_where_the_original_is(folder, lang, words):
    out = io.StringIO()
    assert command_line.run("utf8", [str(folder)], out, lang) == 0
    assert "緑の蛙" in out.getvalue() and "a.caption.cp932" in out.getvalue() and words in out.getvalue()


@pytest.mark.skipif(sys.platform == "win32", reason="a shell of its own")
def test_the_console_message_names_the_command_that_mends_it(folder):
    (problem,) = read(folder / "a.png", ".caption").problems
    assert problem.code == "E-CAP-ENCODING"
    command = f"python -m core tools utf8 '{folder}'"
    assert command in problem.en and command in problem.ja
    assert "Windows-1252" in read(folder / "b.png", ".txt").problems[0].en


def test_a_folder_that_is_not_there_is_refused_with_exit_code_2(tmp_path, capfd):
    assert main(["tools", "utf8", str(tmp_path / "none")]) == 2
