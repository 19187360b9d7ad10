"""The small JSON files of a model folder: a table each, bounded in length, with numbers that are numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.errors import UserError
from core.formats import messages
from core.formats.header import check_file, unreadable
from core.reading import reading, short

LONGEST = 16 * 2**20
"""Bytes; the index of the largest model that is kept in pieces has about 10 MB."""


def read_table(path: Path) -> dict[str, Any]:
    """The table in a JSON file. Raises UserError when there is none, or no file."""
    with reading(path, "E-MODEL-BAD"):
        try:
            check_file(path)
            if path.stat().st_size > LONGEST:
                raise _bad(path, f"it is longer than {LONGEST:,} bytes", f"{LONGEST:,}バイトを超えています")
            value = json.loads(
                path.read_text(encoding="utf-8-sig"), parse_constant=_number, parse_float=_number
            )
        except OSError as error:
            raise unreadable(path, error) from error
        except json.JSONDecodeError as error:
            why = short(str(error))
            raise _bad(path, f"it is no JSON: {why}", f"JSONではありません：{why}") from error
        if not isinstance(value, dict):
            raise _bad(path, "it is not a table", "表（オブジェクト）ではありません")
        return value


def table_there(path: Path) -> dict[str, Any] | None:
    """As `read_table`; None when there is no such file."""
    return read_table(path) if path.exists() else None


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{short(text)} is no number")
    return number


def _bad(path: Path, en: str, ja: str) -> UserError:
    return UserError(messages.BAD_JSON(path=path, fault=Words(en, ja)))
