"""Run file text: read it, write it with its help as comments, keep it whole on disk."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import toml

from core import files
from core.config.option import Option, walk
from core.config.schema import FORMAT, RunConfig
from core.errors import ConfigError, Lang, Problem
from core.files import TooLarge
from core.formats import commit, parts
from core.reading import reason

LONGEST = 1_000_000
"""Characters; a run file is a page or two, so anything beyond this is something else."""


def parse(text: str) -> dict[str, Any]:
    """The values of a TOML text. Raises ConfigError with the line of a syntax fault."""
    if len(text) > LONGEST:
        raise ConfigError(
            Problem(
                "E-CFG-SIZE",
                f"this is no run file: it is longer than {LONGEST:,} characters.",
                f"設定ファイルではありません（{LONGEST:,}文字を超えています）。",
            )
        )
    try:
        return tomllib.loads(text.lstrip("\ufeff"))
    except (tomllib.TOMLDecodeError, RecursionError) as e:
        raise ConfigError(_syntax_problem(str(e))) from e


def _syntax_problem(message: str) -> Problem:
    at = re.search(r"\(at line (\d+), column (\d+)\)", message)
    bare = re.sub(r"\s*\(at [^)]*\)", "", message)
    en, ja = f"this is not TOML: {bare}.", f"TOMLとして読めません：{bare}。"
    if "\\" in bare or "hex" in bare or "Unescaped" in bare:
        en += " Write a Windows path in 'single quotes' or with / instead of \\."
        ja += "Windowsのパスは'シングルクォート'で囲むか、\\の代わりに/を使ってください。"
    return Problem("E-CFG-SYNTAX", en, ja, line=int(at.group(1)) if at else None)


def read(path: Path, most_bytes: int = 4 * LONGEST) -> str:
    """The text of a file in UTF-8, with or without a byte order mark. Raises ConfigError with its path.

    most_bytes: a larger file is refused unread; a letter takes up to four.
    """
    try:
        return files.read(path, most_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise ConfigError(
            Problem(
                "E-CFG-ENCODING",
                f"byte {e.start} is not UTF-8; save the file as UTF-8.",
                f"{e.start}バイト目がUTF-8ではありません。UTF-8で保存し直してください。",
                path=str(path),
            )
        ) from e
    except (FileNotFoundError, ValueError) as e:  # ValueError: a zero byte in the path
        raise ConfigError(
            Problem("E-CFG-MISSING", "there is no such file.", "ファイルがありません。", path=str(path))
        ) from e
    except TooLarge as e:
        raise ConfigError(
            Problem(
                "E-CFG-SIZE",
                f"this file is too large: {reason(e).en}.",
                f"ファイルが大きすぎます（{reason(e).ja}）。",
                path=str(path),
            )
        ) from e
    except OSError as e:
        raise ConfigError(
            Problem(
                "E-CFG-READ",
                f"it can't be read: {reason(e).en}.",
                f"読み込めません（{reason(e).ja}）。",
                path=str(path),
            )
        ) from e


def write(path: Path, text: str) -> None:
    """Put the text in place at once: the old file stays whole until the new one is on disk.

    Raises OSError.
    """
    parts.sweep(path.parent, lambda name: name == path.name)
    commit.replace_file(path, lambda file: file.write(text.encode("utf-8")))


def toml_value(value: object) -> str:
    """One value as TOML. Raises ConfigError for text that no TOML file can hold."""
    encoder = toml.TomlEncoder()
    encoder.dump_funcs[str] = _toml_string
    text = str(encoder.dump_value(value)).strip()
    return re.sub(r"\[ *(.*?),? *\]$", r"[\1]", text, flags=re.DOTALL) if text.startswith("[") else text


def _toml_string(value: str) -> str:
    """A literal string where that spares doubled backslashes, else a basic one."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as e:
        raise ConfigError(
            Problem(
                "E-CFG-TEXT",
                f"text holds half a character at position {e.start}; type it anew.",
                f"{e.start}文字目が壊れています。入力し直してください。",
            )
        ) from e
    if "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def values_of(config: RunConfig) -> dict[str, Any]:
    """{"section.name": value} of every option."""
    return {option.key: getattr(getattr(config, option.section), option.name) for option in walk(RunConfig)}


def dumps(values: Mapping[str, Any], lang: Lang = "en") -> str:
    """A commented run file from {"section.name": value}; options not given, or None, are left out.

    The text reads back to the same values. Options that have no effect beside the others are left out.
    """
    values = {"network.method": RunConfig().network.method, **values}
    parts = [f"format = {FORMAT}"]
    section = ""
    for option in walk(RunConfig):
        value = values.get(option.key)
        if value is None or not option.is_used(values):
            continue
        if option.section != section:
            section = option.section
            parts.append(f"\n[{section}]")
        parts.append(f"# {comment(option, lang)}\n{option.name} = {toml_value(value)}")
    return "\n".join(parts) + "\n"


def comment(option: Option, lang: Lang) -> str:
    """The label and help of an option on one line."""
    label, help_text = option.meta.label, option.meta.help
    return f"{label.ja}：{help_text.ja}" if lang == "ja" else f"{label.en}: {help_text.en}"
