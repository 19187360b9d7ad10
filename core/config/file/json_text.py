"""JSON text that a user brought: its values, or the line and column where it is none."""

from __future__ import annotations

import json

from core.config.file import key_lines, messages, toml_errors
from core.errors import ConfigError


def parse(text: str) -> object:
    """The values of a JSON text. Raises ConfigError with the place of a fault, or a key given twice."""
    try:
        return key_lines.json_values(text)
    except json.JSONDecodeError as e:
        at = text.split("\n")[e.lineno - 1]
        shown = toml_errors.around(at, e.colno)
        raise ConfigError(messages.NOT_JSON(line=e.lineno, why=e.msg, column=e.colno, line_text=shown)) from e
    except key_lines.Twice as e:
        raise ConfigError(messages.NAME_TWICE(name=e.name)) from e
    except RecursionError as e:
        raise ConfigError(toml_errors.too_deep()) from e
    except ValueError as e:
        problem = toml_errors.unreadable_number(text)
        if problem is None:
            raise
        raise ConfigError(problem) from e
