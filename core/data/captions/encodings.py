"""In which encoding a text file is: by its mark, UTF-8, or a guess for a user to look at."""

from __future__ import annotations

import codecs
import re
from types import MappingProxyType

from core.catalog import Words

# Longest marks first: that of UTF-32 begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

NAMES = MappingProxyType(
    {
        "cp932": Words("Shift-JIS (CP932)", "Shift-JIS（CP932）"),
        "cp1252": Words("Western European (Windows-1252)", "西欧（Windows-1252）"),
        "utf-16-le": Words("UTF-16 without its mark", "BOMのないUTF-16"),
        "utf-16-be": Words("UTF-16 without its mark", "BOMのないUTF-16"),
    }
)
"""What `guess` may answer, and how it is called."""

# Signs of Windows-1252 at places where they stand in a text of Western Europe. CP932 takes the same bytes for
# the first halves of kanji whose second halves are ASCII, such as 94 4C.
_WESTERN = re.compile(
    rb"""(?<=[A-Za-z0-9])\x92              # it's
    | (?<![A-Za-z0-9])[\x91\x93](?=[A-Za-z0-9])  # an opening quote
    | \x94(?![A-Za-z0-9@\[-`{-~])      # a closing one
    | (?<=[A-Za-z0-9])[\x96\x97](?=[A-Za-z0-9]) | (?<=[ ])[\x96\x97](?=[ ])  # a dash
    | [\x80\x85\x99](?![A-Za-z@\[-`{-~])         # euro, dots, trade mark
    | [\xa0-\xbf]
    | [\xc0-\xff](?![@\[-`{-~])       # a letter with an accent
    | [\x00-\x7f]""",
    re.VERBOSE,
)


def mark_of(data: bytes) -> tuple[bytes, str]:
    """The byte order mark and what it stands for; b"" and "utf-8" without one."""
    return next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))


def decode(data: bytes) -> str | None:
    """The text by its byte order mark, which is taken off, else as UTF-8; None when it is neither."""
    mark, name = mark_of(data)
    if not mark and _is_wide(data):
        return None  # UTF-16 without a mark is valid, and meaningless, UTF-8
    try:
        return data[len(mark) :].decode(name)
    except UnicodeDecodeError:
        return None


def guess(data: bytes) -> str | None:
    """Python's name of the encoding that bytes seem to be in which `decode` does not read; None for no idea.

    Never used without a user having seen what it makes of the text. CP932 takes nearly every byte together
    with the letter behind it, so that "it’s" of Windows-1252 would be Japanese: where the odd bytes stand
    alone among ASCII, each where such a sign belongs, it is Windows-1252.
    """
    if mark_of(data)[0]:
        return None
    if _is_wide(data):
        names = ["utf-16-be" if data[::2].count(0) > data[1::2].count(0) else "utf-16-le"]
    else:
        names = ["cp1252", "cp932"] if _stand_alone(data) else ["cp932"]
    for name in names:
        try:
            text = data.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return name
    return None


def first_odd_byte(data: bytes) -> int:
    """Offset of the first byte that is not UTF-8, or of the first zero."""
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return error.start
    return max(0, data.find(0))


def _is_wide(data: bytes) -> bool:
    """Whether so many bytes are zero that letters take two bytes each."""
    return data.count(0) * 4 > len(data)


def _stand_alone(data: bytes) -> bool:
    """Whether no two bytes beyond ASCII follow each other, each a sign of Windows-1252 in its place."""
    if re.search(rb"[\x80-\xff]{2}", data):
        return False
    return sum(len(sign) for sign in _WESTERN.findall(data)) == len(data)
