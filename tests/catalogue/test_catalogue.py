"""The catalogue of faults: each row names the tests of its whole outcome, or why it does not apply.

One file an area (`img.toml`, `cap.toml`, ...), one table a row: `fault` says what goes wrong, `tests` lists
pytest ids without parameters, `does_not_apply` gives the reason where there is none.
"""

from __future__ import annotations

import ast
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
COUNTS = {"IMG": 21, "CAP": 9, "DIR": 13, "CFG": 11, "CK": 19, "NUM": 8, "PR": 22, "RS": 13, "SEC": 27}


def _rows() -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        rows |= tomllib.loads(path.read_text(encoding="utf-8"))
    return rows


@cache
def _tests_in(path: Path) -> frozenset[str]:
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def test_no_row_is_missing() -> None:
    wanted = {f"{area}-{number:02d}" for area, count in COUNTS.items() for number in range(1, count + 1)}
    assert set(_rows()) == wanted


def test_every_test_that_a_row_names_is_there() -> None:
    named = [(row, test) for row, entry in _rows().items() for test in entry["tests"]]
    gone = []
    for row, test in named:
        file, _, function = test.partition("::")
        if not function.startswith("test_") or function not in _tests_in(ROOT / file):
            gone.append(f"{row}: {test}")
    assert not gone
