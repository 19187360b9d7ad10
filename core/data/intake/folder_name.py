"""The name of a folder such as `20_sls frog` while it is typed: repeats, identifier, class."""

from __future__ import annotations

import math
import re
import reprlib
import unicodedata

from core.data.names import MAX_REPEATS, is_text, nfc
from core.errors import Problem, plain_problem

MAX_NAME_BYTES = 255
"""Longest name of a folder on Linux and macOS; Windows takes 255 characters, never less. So a data set can be
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
    found = [*_of_repeats(repeats), *_of_word("identifier", identifier), *_of_word("class", class_)]
    if _words(identifier, class_).endswith("."):
        found.append(
            plain_problem(
                "E-DIR-NAME",
                "a folder's name can't end in a full stop. Leave it out.",
                "フォルダ名の末尾に「.」は使えません。取り除いてください。",
            )
        )
    length = len(folder_name(repeats, identifier, class_).encode("utf-8", "surrogatepass"))
    if length > MAX_NAME_BYTES:
        found.append(
            plain_problem(
                "E-PATH-LONG",
                f"the folder's name is {length:,} bytes long; {MAX_NAME_BYTES} are possible. Shorten it.",
                f"フォルダ名が{length:,}バイトあります（上限{MAX_NAME_BYTES}）。単語を短くしてください。",
            )
        )
    return found


def no_class() -> Problem:
    """Nothing stands behind the number."""
    return plain_problem(
        "E-DIR-NAME",
        "the class is missing: write what the pictures show, such as frog.",
        "classがありません。frogのように、画像に写っているものを入力してください。",
    )


def _of_word(name: str, text: str) -> list[Problem]:
    """name: as the fields are called, the same in both languages."""
    bad = list(dict.fromkeys(_FORBIDDEN.findall(text)))
    if bad:
        signs = " ".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in bad)
        return [
            plain_problem(
                "E-DIR-NAME",
                f"the {name} can't hold {signs} since no folder's name can. "
                f"Leave {'it' if len(bad) == 1 else 'them'} out.",
                f"{name}に {signs} は使えません（フォルダ名に使えない文字です）。取り除いてください。",
            )
        ]
    if not is_text(text):
        return [
            plain_problem(
                "E-DIR-NAME",
                f"the {name} holds half a character. Type it anew.",
                f"{name}の文字が壊れています。入力し直してください。",
            )
        ]
    return []


def _of_repeats(typed: object) -> list[Problem]:
    count = whole(typed)
    if count is not None and 1 <= count <= MAX_REPEATS:
        return []
    if typed is None or (isinstance(typed, str) and not typed.strip()):
        return [
            plain_problem(
                "E-DIR-NAME",
                f"the number of repeats is missing: give 1 to {MAX_REPEATS:,}.",
                f"繰り返し回数がありません。1〜{MAX_REPEATS:,}を入力してください。",
            )
        ]
    found = f"{count:,}" if count is not None else reprlib.repr(typed)
    kind_en, kind_ja = ("", "") if count is not None else (" a whole number from", "の整数")
    return [
        plain_problem(
            "E-DIR-NAME",
            f"the number of repeats must be{kind_en} 1 to {MAX_REPEATS:,}, not {found}.",
            f"繰り返し回数は1〜{MAX_REPEATS:,}{kind_ja}にしてください（現在：{found}）。",
        )
    ]
