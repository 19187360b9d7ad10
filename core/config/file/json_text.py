"""JSON text that a user brought: its values, or the line and column where it is none."""

from __future__ import annotations

import json
from collections import Counter

from core.config.file import messages, toml_errors
from core.errors import ConfigError


class Twice(ValueError):
    """A key stands twice in a table."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!r} stands twice")
        self.name = name


def values(text: str) -> object:
    """The values of a JSON text. Raises ValueError, and Twice for a key that stands twice in a table."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        table = dict(pairs)
        if len(table) < len(pairs):
            counts = Counter(name for name, _ in pairs)
            twice = next(name for name in table if counts[name] > 1)
            raise Twice(twice)
        return table

    return json.loads(text, object_pairs_hook=unique)


def parse(text: str) -> object:
    """The values of a JSON text. Raises ConfigError with the place of a fault, or a key given twice."""
    try:
        return values(text)
    except json.JSONDecodeError as e:
        at = text.split("\n")[e.lineno - 1]
        shown = toml_errors.around(at, e.colno)
        raise ConfigError(messages.NOT_JSON(line=e.lineno, why=e.msg, column=e.colno, line_text=shown)) from e
    except Twice as e:
        raise ConfigError(messages.NAME_TWICE(name=e.name)) from e
    except RecursionError as e:
        raise ConfigError(messages.TOO_DEEP()) from e
    except ValueError as e:
        problem = toml_errors.unreadable_number(text)
        if problem is None:
            raise
        raise ConfigError(problem) from e
