"""Paths that the system can't have: said before the training, not when it saves."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator

from core.config import path_lengths
from core.config.pydantic_messages import shown
from core.config.rules import messages
from core.config.schema.option import Option
from core.config.schema.run import OPTIONS, RunConfig
from core.errors import Problem

MOST_NAME_BYTES = 200
"""Of an output name: a number and an ending come behind it, and a system takes 255 in all."""

_BEHIND = "/runs/20260101-000000-999/text_encoder/.model-00000500.safetensors.a1b2c3-1234567-1234.part"
"""About the longest that stands behind the output folder and name in what a run writes."""


def _named(config: RunConfig) -> Iterator[tuple[Option, tuple[str, ...]]]:
    """Options that name files or folders, each with the paths that it names."""
    for option in OPTIONS.values():
        value = option.value_in(config)
        paths = (value,) if isinstance(value, str) else value
        if option.meta.path and isinstance(paths, tuple):
            yield option, paths


def no_path_is_too_long(config: RunConfig) -> Iterator[Problem]:
    """Each path that is named, and those that would be written."""
    for option, paths in _named(config):
        for path in paths if option.key != "save.output_dir" else ():
            yield from _too_long(path, option.key)
    name = config.save.output_name or "last"
    if len(name.encode("utf-8", "surrogatepass")) <= MOST_NAME_BYTES:
        yield from _too_long(config.save.output_dir, "save.output_dir", _BEHIND + name)


def no_path_holds_a_zero_byte(config: RunConfig) -> Iterator[Problem]:
    """The one sign that ends a text for every system, and stands in no name."""
    for option, paths in _named(config):
        if any("\0" in path for path in paths):
            yield messages.ZERO_BYTE(key=option.key, value=shown(option.value_in(config)))


def paths_are_meant_as_written(config: RunConfig) -> Iterator[Problem]:
    """A ~ for the home folder, quotes and blanks around a path: signs of a shell, names of a folder here.

    The window reads them as they were meant; the text of a run file is taken as it stands.
    """
    for option, paths in _named(config):
        is_needed = option.default == () or option.key == "save.output_dir"
        for path in paths:
            yield from _not_as_meant(path, option.key, is_needed)


def _not_as_meant(path: str, key: str, is_needed: bool) -> Iterator[Problem]:
    plain = path.strip()
    if len(plain) > 1 and plain[0] == plain[-1] and plain[0] in "\"'":
        plain = plain[1:-1].strip()
    meant = os.path.expanduser(plain) if re.match(r"~([\\/]|$)", plain) else plain
    if not plain and is_needed:
        yield messages.NO_PATH(key=key, value=shown(path))
    elif plain and meant != path:
        yield messages.PATH_QUOTED(key=key, value=shown(path), meant=shown(meant))


def _too_long(path: str, key: str, behind: str = "") -> Iterator[Problem]:
    excess = path_lengths.excess(os.path.abspath(path), behind=behind)
    if excess is not None:
        yield messages.PATH_TOO_LONG(key=key, excess=excess)


RULES: tuple[Callable[[RunConfig], Iterator[Problem]], ...] = (
    no_path_is_too_long,
    no_path_holds_a_zero_byte,
    paths_are_meant_as_written,
)
