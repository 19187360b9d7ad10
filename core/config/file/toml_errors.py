"""What the TOML parser says of a text -> line, column, the line itself and what to do, in both languages."""

from __future__ import annotations

import re
import tomllib

from core.catalog import Words
from core.config.file import messages
from core.errors import Problem
from core.reading import short

_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)\s*$")

_SAID: tuple[tuple[str, Words], ...] = (
    ("Cannot overwrite a value", Words("this name is set above already", "この名前はすでに設定されています")),
    ("Duplicate inline table key", Words("this name appears twice", "この名前が2回あります")),
    ("Cannot declare", Words("this [section] is already above", "この[セクション]はすでにあります")),
    ("Cannot mutate", Words("this section is closed already", "このセクションには追加できません")),
    ("Cannot define", Words("this section is closed already", "このセクションには追加できません")),
    ("Expected '='", Words("there is no = after the name", "名前の後に「=」がありません")),
    ("Expected newline", Words("one setting a line; this one goes on", "1行に1つの設定を書いてください")),
    ("Expected ']'", Words("the ] of the section is missing", "セクションの「]」がありません")),
    ("Invalid initial character for a key", Words("a name is missing here", "ここには名前が必要です")),
    ("Invalid statement", Words("this is not name = value", "「名前 = 値」の形ではありません")),
    ("Invalid date", Words("there is no such date", "日付が正しくありません")),
    ("Invalid value", Words("this value is not understood", "値を解釈できません")),
    ("Unclosed array", Words("a [ is not closed", "「[」が閉じられていません")),
    ("Unclosed inline", Words("a { is not closed", "「{」が閉じられていません")),
    ("Expected \"", Words("a quote is not closed", "引用符が閉じられていません")),
    ("Expected", Words("something is missing here", "ここに足りないものがあります")),
    ("Unterminated string", Words("a quote is not closed", "引用符が閉じられていません")),
    ("Invalid hex value", Words("\\ is not valid here", "「\\」の使い方が正しくありません")),
    ("Unescaped '\\'", Words("\\ is not valid here", "「\\」の使い方が正しくありません")),
    ("Escaped character", Words("\\ is not valid here", "「\\」の使い方が正しくありません")),
    ("Illegal character '\\n'", Words("a quote is not closed", "引用符が閉じられていません")),
    ("Illegal character", Words("the text contains a control character", "文字列に改行や制御文字があります")),
)  # fmt: skip
"""How a message of the parser begins -> plain words."""

_WIDE = re.compile("[＝“”‘’＂＇［］　]")
"""What a Japanese keyboard or a word processor writes for = " ' [ ] and the blank."""

_LONG_NUMBER = re.compile(r"[0-9_]{4300,}")
_MOST_LETTERS = 80


def syntax_problem(text: str, error: tomllib.TOMLDecodeError) -> Problem:
    """The fault of a TOML text: where it is, the line there, and what to do about it."""
    at = _AT.search(str(error))
    bare = _AT.sub("", str(error))
    lines = text.replace("\r\n", "\n").split("\n")
    if at and at[1]:
        line, column = int(at[1]), int(at[2])
    else:
        line = max((n for n, one in enumerate(lines, 1) if one.strip()), default=1)
        column = len(lines[line - 1].rstrip()) + 1
    why = next((words for start, words in _SAID if bare.startswith(start)), Words(bare, bare))
    shown = around(lines[line - 1], column)
    advice = _advice(lines[line - 1], bare)
    return messages.NOT_TOML(line=line, why=why, advice=advice, column=column, line_text=shown)


def around(line: str, column: int) -> str:
    """The line where a fault is, or the piece of a long one that the column is in."""
    start = max(0, column - 1 - _MOST_LETTERS // 2) if len(line) > _MOST_LETTERS else 0
    piece = short(line[start : start + _MOST_LETTERS])
    return f"{'…' if start else ''}{piece}{'…' if len(line) > start + _MOST_LETTERS else ''}"


def _advice(line: str, bare: str) -> Words:
    if bare.startswith(("Unescaped", "Invalid hex", "Escaped")):
        return Words(
            "; write a Windows path in 'single quotes' or with / instead of \\",
            "。Windowsのパスは'シングルクォート'で囲むか、\\の代わりに/を使ってください",
        )
    if _WIDE.search(line):
        return Words(
            "; write = \" ' [ ] and blanks as plain characters, not as full-width or curly ones",
            "。「=」「\"」「'」「[」「]」と空白は半角で書いてください",
        )
    return Words("", "")


def unreadable_number(text: str) -> Problem | None:
    """The problem of a number that has more digits than the parser takes, with its line."""
    number = _LONG_NUMBER.search(text)
    if number is None:
        return None
    digits = len(number[0])
    return messages.TOO_MANY_DIGITS(line=text.count("\n", 0, number.start()) + 1, digits=digits)
