"""Where each key stands in a TOML text, since the standard parser tells no positions."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping

Path = tuple[str | int, ...]

_BARE_OR_QUOTED = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEY = re.compile(rf"\s*({_BARE_OR_QUOTED}(?:\s*\.\s*{_BARE_OR_QUOTED})*)\s*")
_PART = re.compile(_BARE_OR_QUOTED)
# What can hide a bracket, a comma or a line end inside a value; the longest quotes first.
_ATOM = re.compile(
    r'"""(?:[^\\]|\\.)*?"""(?!")|\'\'\'.*?\'\'\'(?!\')|"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'|#[^\n]*|.', re.DOTALL
)


def key_lines(text: str) -> dict[Path, int]:
    """Key path -> line counted from 1, for every table and key of a valid TOML text.

    Elements of arrays of tables are numbered from 0: ("dataset", "subsets", 0, "num_repeats"). Keys inside
    inline tables have no line of their own: see `line_of`.
    """
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    position, line = 0, 1
    while position < len(text):
        end = _statement_end(text, position)
        statement = text[position:end].strip()
        at = line + _blank_lines(text[position:end])
        if statement.startswith("["):
            is_array = statement.startswith("[[")
            table = _resolve(_parts(statement.strip().lstrip("[").split("]")[0]), counts, is_array)
            lines.setdefault(table, at)
        elif statement and not statement.startswith("#"):
            match = _KEY.match(statement)
            if match:
                path = table + _parts(match.group(1))
                lines.setdefault(path, at)
        line += text.count("\n", position, end)
        position = end
    return lines


def _statement_end(text: str, start: int) -> int:
    """Where the statement that begins at `start` ends: a line end outside of strings and brackets."""
    depth = 0
    for match in _ATOM.finditer(text, start):
        atom = match.group()
        if atom in "[{":
            depth += 1
        elif atom in "]}":
            depth -= 1
        elif atom == "\n" and depth <= 0:
            return match.end()
    return len(text)


def _blank_lines(statement: str) -> int:
    """Line ends before the first character that counts."""
    return statement[: len(statement) - len(statement.lstrip())].count("\n")


def _parts(dotted: str) -> tuple[str, ...]:
    """'a."b c".d' -> ("a", "b c", "d"), with the escapes of quoted keys undone by the parser itself."""
    raw = _PART.findall(dotted)
    return tuple(next(iter(tomllib.loads(f"{one} = 0"))) if one[0] in "\"'" else one for one in raw)


def _resolve(parts: tuple[str, ...], counts: dict[Path, int], is_array: bool) -> Path:
    """The path of a table header, with the number of the element wherever a part is an array of tables."""
    path: Path = ()
    for i, part in enumerate(parts):
        path = (*path, part)
        if is_array and i == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def line_of(path: Path, lines: Mapping[Path, int]) -> int | None:
    """The line of a key, or of the table or the inline table around it; None where none is known."""
    around = (path[:n] for n in range(len(path), 0, -1))
    return next((lines[place] for place in around if place in lines), None)
