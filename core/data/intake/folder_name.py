"""The name of a folder such as `20_sls frog` while it is typed: repeats, identifier, class."""

from __future__ import annotations

import math
import re
import reprlib
import unicodedata

from core.catalog import Words
from core.data.intake import messages
from core.data.names import MAX_REPEATS, is_text, nfc
from core.errors import Problem

MAX_NAME_BYTES = 255
"""Longest name of a folder on Linux and macOS; Windows takes 255 characters, never less. So a dataset can be
taken from one to another."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')


def whole(typed: object) -> int | None:
    """A whole number from a field, as a number or its text, full-width digits too; None when it is none."""
    if isinstance(typed, str):
        text = unicodedata.normalize("NFKC", typed).strip().replace(",", "")
        return int(text) if re.fullmatch(r"[+-]?[0-9]{1,18}", text) else None
    if isinstance(typed, bool) or not isinstance(typed, int | float):
        return None
    return int(typed) if math.isfinite(typed) and typed == int(typed) else None


def folder_name(repeats: object, identifier: str, class_: str) -> str:
    """`20_sls frog`; identifier is "" for a regularization folder."""
    count = whole(repeats)
    return f"{0 if count is None else count}_{nfc(_words(identifier, class_))}"


def _words(identifier: str, class_: str) -> str:
    return " ".join(f"{identifier} {class_}".split())


def problems(repeats: object, identifier: str, class_: str) -> list[Problem]:
    """Everything that can't be so in the name; nothing is said of words that are not typed yet."""
    faults = [*_of_repeats(repeats), *_of_word("identifier", identifier), *_of_word("class", class_)]
    if _words(identifier, class_).endswith("."):
        faults.append(messages.FINAL_DOT())
    length = len(folder_name(repeats, identifier, class_).encode("utf-8", "surrogatepass"))
    if length > MAX_NAME_BYTES:
        faults.append(messages.NAME_TOO_LONG(length=length, limit=MAX_NAME_BYTES))
    return faults


def _of_word(field: str, text: str) -> list[Problem]:
    """field: as it is called, the same in both languages."""
    bad = list(dict.fromkeys(_FORBIDDEN.findall(text)))
    if bad:
        characters = " ".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in bad)
        return [messages.FORBIDDEN_CHARACTERS(field=field, characters=characters)]
    return [] if is_text(text) else [messages.BROKEN_CHARACTER(field=field)]


def _of_repeats(typed: object) -> list[Problem]:
    count = whole(typed)
    if count is not None and 1 <= count <= MAX_REPEATS:
        return []
    value = reprlib.repr(typed) if count is None else f"{count:,}"
    has_value = typed is not None and bool(str(typed).strip())
    given = Words(f", not {value}", f"（現在：{value}）", f"（现为{value}）") if has_value else ""
    return [messages.REPEATS(most=MAX_REPEATS, given=given)]
