"""Paths that the system can't have: said before the training, not when it saves."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from core.config import path_lengths
from core.config.pydantic_messages import shown
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.errors import Problem, plain_problem

MOST_NAME_BYTES = 200
"""Of an output name: a number and an ending come behind it, and a system takes 255 in all."""

_BEHIND = "/runs/20260101-000000-999/text_encoder/.model-00000500.safetensors.a1b2c3-1234567-1234.part"
"""About the longest that stands behind the output folder and name in what a run writes."""


def no_path_is_too_long(config: RunConfig) -> Iterator[Problem]:
    """Each path that is named, and those that would be written."""
    for option in walk(RunConfig):
        value = getattr(getattr(config, option.section), option.name)
        if option.meta.path and isinstance(value, str) and option.key != "save.output_dir":
            yield from _problem(value, option.key)
    name = config.save.output_name or "last"
    if len(name.encode("utf-8", "surrogatepass")) <= MOST_NAME_BYTES:
        yield from _problem(config.save.output_dir, "save.output_dir", _BEHIND + name)


def no_path_holds_a_zero_byte(config: RunConfig) -> Iterator[Problem]:
    """The one sign that ends a text for every system, and stands in no name."""
    for option in walk(RunConfig):
        value = getattr(getattr(config, option.section), option.name)
        given = (value,) if isinstance(value, str) else value
        if option.meta.path and isinstance(given, tuple) and any("\0" in path for path in given):
            yield plain_problem(
                "E-CFG-PATH",
                f"holds a zero byte, which no path can have: {shown(value)}; type it anew.",
                f"パスに使えない文字（U+0000）が含まれています：{shown(value)}。入力し直してください。",
                key=option.key,
            )


def paths_are_meant_as_written(config: RunConfig) -> Iterator[Problem]:
    """A ~ for the home folder, quotes and blanks around a path: signs of a shell, names of a folder here.

    The window reads them as they were meant; the text of a run file is taken as it stands.
    """
    for option in walk(RunConfig):
        value = getattr(getattr(config, option.section), option.name)
        given = (value,) if isinstance(value, str) else value
        if option.meta.path and isinstance(given, tuple):
            is_needed = isinstance(value, tuple) or option.key == "save.output_dir"
            for path in given:
                yield from _not_as_meant(path, option.key, is_needed)


def _not_as_meant(path: str, key: str, is_needed: bool) -> Iterator[Problem]:
    plain = path.strip()
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'":
        plain = plain[1:-1].strip()
    meant = os.path.expanduser(plain) if re.match(r"~([\\/]|$)", plain) else plain
    if not plain and is_needed:
        yield plain_problem(
            "E-CFG-PATH",
            f"no folder or file is named ({shown(path)}); name one, or take this out.",
            f"フォルダやファイルの指定がありません（値：{shown(path)}）。指定するか、この項目を削除してください。",
            key=key,
        )
    elif plain and meant != path:
        yield plain_problem(
            "E-CFG-PATH",
            f"quotes and blanks around a path, and ~, are taken as part of it: {shown(path)}; "
            f"write {shown(meant)}.",
            f"前後の引用符・空白や「~」もパスの一部として扱われます（値：{shown(path)}）。"
            f"{shown(meant)}と書いてください。",
            key=key,
        )


def _problem(path: str, key: str, behind: str = "") -> Iterator[Problem]:
    found = path_lengths.excess(os.path.abspath(path), behind=behind)
    if found is not None:
        yield plain_problem(
            "E-PATH-LONG",
            f"{found.en}. Choose a folder with a shorter path.",
            f"{found.ja}。パスの短いフォルダを使ってください。",
            key=key,
        )


RULES: tuple[Callable[[RunConfig], Iterator[Problem]], ...] = (
    no_path_is_too_long,
    no_path_holds_a_zero_byte,
    paths_are_meant_as_written,
)
