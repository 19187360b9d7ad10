"""JSON text that a person brought: its values, or the line and column where it is none."""

from __future__ import annotations

import json

from core.config.file import key_lines, toml_errors
from core.errors import ConfigError, plain_problem


def parse(text: str) -> object:
    """The values of a JSON text. Raises ConfigError with the place of a fault, or a key given twice."""
    try:
        return key_lines.json_values(text)
    except json.JSONDecodeError as e:
        at = text.split("\n")[e.lineno - 1]
        shown = toml_errors.around(at, e.colno)
        raise ConfigError(
            plain_problem(
                "E-CFG-SYNTAX",
                f"this is not JSON: {e.msg} (column {e.colno}): {shown}",
                f"JSONとして読めません。{e.msg}（{e.colno}文字目）：{shown}",
                line=e.lineno,
            )
        ) from e
    except key_lines.Twice as e:
        raise ConfigError(
            plain_problem("E-CFG-SYNTAX", f"the name {e}.", f"同じ名前が2回あります（{e}）。")
        ) from e
    except RecursionError as e:
        raise ConfigError(toml_errors.too_deep()) from e
    except ValueError as e:
        problem = toml_errors.unreadable_number(text)
        if problem is None:
            raise
        raise ConfigError(problem) from e
