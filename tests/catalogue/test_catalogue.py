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
MOST_UNTESTED = 5


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


@cache
def _functions_of(file: str) -> dict[str, ast.AST]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {n.name: n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}


def _can_fail(file: str, function: str, seen: frozenset[str] = frozenset()) -> bool:
    found = _functions_of(file)
    for node in ast.walk(found[function]):
        if isinstance(node, ast.Assert) and not isinstance(node.test, ast.Constant):
            return True
        if isinstance(node, ast.Attribute) and node.attr in ("raises", "warns"):
            return True
        name = node.id if isinstance(node, ast.Name) else ""
        if name in found and name not in seen | {function} and _can_fail(file, name, seen | {function}):
            return True
    return False


def test_no_row_is_missing() -> None:
    wanted = {f"{area}-{number:02d}" for area, count in COUNTS.items() for number in range(1, count + 1)}
    assert set(_rows()) == wanted


def test_every_row_has_its_tests_or_a_reason_and_nearly_all_have_tests() -> None:
    untold = [row for row, entry in _rows().items() if not entry["tests"] and not entry.get("does_not_apply")]
    assert not untold
    untested = [row for row, entry in _rows().items() if not entry["tests"]]
    assert len(untested) <= MOST_UNTESTED, untested


def test_a_row_with_tests_applies_and_says_nothing_empty() -> None:
    known = {"fault", "tests", "does_not_apply", "note"}
    for row, entry in _rows().items():
        assert entry.keys() <= known and entry["fault"], row
        assert not (entry["tests"] and "does_not_apply" in entry), row
        assert all(entry[key].strip() for key in ("does_not_apply", "note") if key in entry), row
        assert len({*entry["tests"]}) == len(entry["tests"]), row


def test_no_test_that_a_row_names_lacks_something_to_fail_on() -> None:
    """An assert or pytest.raises of its own, or of a function of its file that it calls."""
    empty = []
    for test in sorted({test for entry in _rows().values() for test in entry["tests"]}):
        file, _, function = test.partition("::")
        if not _can_fail(file, function):
            empty.append(test)
    assert not empty


def test_every_test_that_a_row_names_is_there() -> None:
    named = [(row, test) for row, entry in _rows().items() for test in entry["tests"]]
    gone = []
    for row, test in named:
        file, _, function = test.partition("::")
        if not function.startswith("test_") or function not in _tests_in(ROOT / file):
            gone.append(f"{row}: {test}")
    assert not gone
