"""Sample prompts as they are written: on lines, and in files of text, TOML or JSON, as in sd-scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.config.file import json_text, key_lines, toml_text
from core.config.file import messages as file_messages
from core.config.file.border import reading_settings
from core.config.pydantic_messages import shown
from core.errors import ConfigError, UserError
from core.runs import messages

KEY = "sample.sample_prompts"
FILES = (".txt", ".toml", ".json")

NAMES: Mapping[str, str] = {
    "negative_prompt": "n", "width": "w", "height": "h", "sample_steps": "s", "scale": "l", "seed": "d",
    "sample_sampler": "ss",
}  # fmt: skip
"""Key of a .toml or .json file -> the same option on a line."""

LONGEST = 60
"""Letters of a prompt that are shown where something is wrong with it."""


@dataclass(frozen=True)
class Entry:
    """A prompt as it is written. given: option -> value, in text or as the file has it.

    place: where it stands, for a sentence. line: of its file, counted from 1; None for a list. faults: what
    can't be read of it, in both languages.
    """

    text: str
    given: Mapping[str, Any]
    place: Words
    line: int | None = None
    faults: tuple[Words, ...] = ()


def of_lines(given: Sequence[str], is_file: bool = False) -> Iterator[Entry]:
    """Prompts on lines; those that are empty or begin with # are none."""
    number = 0
    for at, line in enumerate(given, 1):
        plain = line.strip()
        if plain and not plain.startswith("#"):
            number += 1
            yield _of_line(plain, number, at if is_file else None)


def _of_line(line: str, number: int, at: int | None) -> Entry:
    text, *options = f" {line}".split(" --")
    given: dict[str, Any] = {}
    faults: list[Words] = []
    for option in options:
        name, _, value = option.strip().partition(" ")
        if name in NAMES.values():
            given[name] = value.strip()
        else:
            faults.append(_no_option(f"--{name}"))
    return Entry(text.strip(), given, _place(number, line), at, tuple(faults))


def _no_option(name: str) -> Words:
    return Words(
        f"there is no option {shown(name)[1:-1]}; there are --n --w --h --d --s --l --ss",
        f"{shown(name)[1:-1]}というオプションはありません（--n・--w・--h・--d・--s・--l・--ssが使えます）",
        f"没有选项{shown(name)[1:-1]}；可用的有--n --w --h --d --s --l --ss",
    )


def _place(number: int, text: str) -> Words:
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return Words(
        f"prompt {number} ({cut!r})",
        f"{number}番目のプロンプト（{cut!r}）",
        f"第{number}个提示词（{cut!r}）",
    )


def read(path: Path) -> list[Entry]:
    """The prompts of a file. Raises UserError (E-SAMPLE-FILE) when it can't be read."""
    try:
        with reading_settings(path, "E-SAMPLE-FILE"):
            return _read(path)
    except ConfigError as e:
        raise _bad_file(path, e) from e


def _read(path: Path) -> list[Entry]:
    text = toml_text.read(path)
    kind = path.suffix.lower()
    if kind == ".txt":
        return list(of_lines(text.splitlines(), is_file=True))
    if len(text) > toml_text.LONGEST:
        raise ConfigError(file_messages.TOO_LONG(most=toml_text.LONGEST))
    if kind == ".json":
        tables, places = json_text.parse(text), {}
    else:
        shared = toml_text.parse(text).get("prompt")
        subsets = shared.get("subset") if isinstance(shared, dict) else None
        is_list = isinstance(subsets, list) and all(isinstance(subset, dict) for subset in subsets)
        tables = [{**shared, **subset} for subset in subsets] if is_list else None  # type: ignore[union-attr, dict-item]
        places = key_lines.key_lines(text)
    if not isinstance(tables, list):
        tables_wanted = Words("[[prompt.subset]] tables", "[[prompt.subset]]")
        wanted = Words("a list of prompts", "プロンプトのリスト") if kind == ".json" else tables_wanted
        raise ConfigError(messages.NO_PROMPT_LIST(wanted=wanted, line=1))
    return [_of_table(table, n, places.get(("prompt", "subset", n - 1))) for n, table in enumerate(tables, 1)]


def _of_table(table: Any, number: int, line: int | None) -> Entry:
    if isinstance(table, str):
        return _of_line(table.strip(), number, line)
    if not isinstance(table, dict):
        what = Words(
            f"{shown(table)} is no prompt",
            f"{shown(table)}はプロンプトではありません",
            f"{shown(table)}不是提示词",
        )
        return Entry(
            "",
            {},
            Words(f"prompt {number}", f"{number}番目のプロンプト", f"第{number}个提示词"),
            line,
            (what,),
        )
    text = table.get("prompt", "")
    unknown = sorted(str(name) for name in table.keys() - NAMES.keys() - {"prompt", "subset"})
    faults = [
        Words(
            f"there is no {shown(name)[1:-1]}; there are prompt, {', '.join(NAMES)}",
            f"{shown(name)[1:-1]}という項目はありません（prompt・{'・'.join(NAMES)}が使えます）",
            f"没有{shown(name)[1:-1]}这一项；可用的有prompt、{'、'.join(NAMES)}",
        )
        for name in unknown
    ]
    if not isinstance(text, str):
        faults.append(
            Words(
                f"prompt must be text, not {shown(text)}",
                f"promptは文字列にしてください（{shown(text)}）",
                f"prompt必须是文本，而不是{shown(text)}",
            )
        )
        text = ""
    given = {NAMES[name]: value for name, value in table.items() if name in NAMES and value is not None}
    return Entry(text, given, _place(number, text), line, tuple(faults))


def _bad_file(path: Path, error: UserError) -> UserError:
    """The refusal of a file, with the place of the fault where that is known."""
    fault = error.problems[0]
    words = Words(*(text.rstrip(".。") for text in fault.words))
    return UserError(messages.PROMPTS_UNREADABLE(path=path, line=fault.line, fault=words))
