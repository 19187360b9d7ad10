"""YAML text that a user brought: plain values only, within limits that no text can blow up."""

from __future__ import annotations

from typing import Any

import yaml

from core.config.file import messages
from core.errors import ConfigError

_MOST_NODES = 20_000
"""Values of one text; an example of another trainer has a few hundred."""
_DEEPEST = 40


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Plain values; references are refused, since a few lines of them stand for billions of values."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._nodes = self._level = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise ConfigError(messages.YAML_REFERENCE())
        self._nodes += 1
        self._level += 1
        if self._nodes > _MOST_NODES or self._level > _DEEPEST:
            raise ConfigError(messages.TOO_DEEP())
        try:
            return super().compose_node(parent, index)
        finally:
            self._level -= 1


def parse(text: str) -> object:
    """The values of a YAML text; "1e-4" stays a text, as in YAML 1.1. Raises ConfigError with the line."""
    try:
        return _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as e:
        line = e.problem_mark.line + 1 if e.problem_mark else None
        raise ConfigError(messages.NOT_YAML(line=line, why=e.problem or "")) from e
    except (yaml.YAMLError, ValueError, RecursionError) as e:
        raise ConfigError(messages.NOT_YAML(why=type(e).__name__)) from e
