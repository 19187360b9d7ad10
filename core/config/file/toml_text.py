"""Run file text: read it, write it with its help as comments, keep it whole on disk."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import toml

from core import files
from core.catalog import Words
from core.config.file import messages, toml_errors
from core.config.file.border import reading_settings
from core.config.schema.run import FORMAT, OPTIONS, RunConfig
from core.errors import ConfigError, Lang
from core.files import TooLarge
from core.formats import atomic_write, partial_files
from core.reading import reason

_ABOUT = Words("{label}: {help}", "{label}：{help}")

LONGEST = 1_000_000
"""Characters; a run file is a page or two, so anything beyond this is something else."""

LARGEST = 4 * LONGEST
"""Bytes; no text of so many characters has more in UTF-8."""


def parse(text: str) -> dict[str, Any]:
    """The values of a TOML text. Raises ConfigError with line, column and the text there of a fault."""
    if len(text) > LONGEST:
        raise ConfigError(messages.TOO_LONG(most=LONGEST))
    text = text.lstrip("\ufeff")
    with reading_settings():
        try:
            return tomllib.loads(text)
        except tomllib.TOMLDecodeError as e:
            raise ConfigError(toml_errors.syntax_problem(text, e)) from e
        except RecursionError as e:
            raise ConfigError(messages.TOO_DEEP()) from e
        except ValueError as e:
            problem = toml_errors.unreadable_number(text)
            if problem is None:
                raise
            raise ConfigError(problem) from e


def read(path: Path, most_bytes: int = LARGEST) -> str:
    """The text of a file in UTF-8, with or without a byte order mark. Raises ConfigError with its path.

    most_bytes: a larger file is refused unread; a letter takes up to four.
    """
    try:
        return files.read(path, most_bytes).decode("utf-8-sig")
    except UnicodeDecodeError as e:
        raise ConfigError(messages.NOT_UTF8(path=path, position=e.start)) from e
    except (FileNotFoundError, ValueError) as e:  # ValueError: a zero byte in the path
        raise ConfigError(messages.NO_SUCH_FILE(path=path)) from e
    except TooLarge as e:
        raise ConfigError(messages.TOO_LARGE(path=path, reason=reason(e))) from e
    except OSError as e:
        raise ConfigError(messages.UNREADABLE(path=path, reason=reason(e))) from e


def read_stream(stream: TextIO) -> str:
    """What is piped in, in UTF-8 whatever the console speaks. Raises ConfigError, as `read` does."""
    with reading_settings(Words("what was piped in", "標準入力")):
        data = stream.buffer.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise ConfigError(messages.TOO_LONG(most=LONGEST))
        return data.decode("utf-8-sig")


def write(path: Path, text: str) -> None:
    """Put the text in place at once: the old file stays whole until the new one is on disk.

    Raises OSError.
    """
    partial_files.sweep(path.parent, lambda name: name == path.name)
    atomic_write.replace_file(path, lambda file: file.write(text.encode("utf-8")))


def toml_value(value: object) -> str:
    """One value as TOML. Raises ConfigError for text that no TOML file can hold."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_key(str(name))} = {toml_value(v)}" for name, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    encoder = toml.TomlEncoder()
    encoder.dump_funcs[str] = _toml_string
    return str(encoder.dump_value(value)).strip()


def toml_key(name: str) -> str:
    """A name as it stands before = or in a [header]."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _toml_string(name)


def _toml_string(value: str) -> str:
    """A literal string where that spares doubled backslashes, else a basic one."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as e:
        raise ConfigError(messages.HALF_A_CHARACTER(position=e.start)) from e
    if "\\" in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def values_of(config: RunConfig) -> dict[str, Any]:
    """{"section.name": value} of every option."""
    return {key: option.value_in(config) for key, option in OPTIONS.items()}


def dumps(values: Mapping[str, Any], lang: Lang = "en") -> str:
    """A commented run file from {"section.name": value}; options not given, or None, are left out.

    The text reads back to the same values. Options that have no effect beside the others are left out.
    """
    values = {"network.method": RunConfig().network.method, **values}
    parts = [f"format = {FORMAT}"]
    section = ""
    for key, option in OPTIONS.items():
        value = values.get(key)
        if value is None or not option.is_used(values):
            continue
        if option.section != section:
            section = option.section
            parts.append(f"\n[{section}]")
        label, help_text = option.meta.label.of(lang), option.meta.help.of(lang)
        about = _ABOUT.of(lang).format(label=label, help=help_text)
        parts.append(f"# {about}\n{option.name} = {toml_value(value)}")
    return "\n".join(parts) + "\n"
