"""docs/guide.md is true: every row of the guide has its options, and tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from core.config import presets
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.config.sd_scripts import knows

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "guide.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (G\d\d|R\d\d) \| (.+?) \| (.+?) \| (.+?) \|$", TEXT, re.MULTILINE)
TESTS = [(row, test) for row, _, _, tests in ROWS for test in re.findall(r"`(tests/[^`]+)`", tests)]
KEYS = {option.key for option in walk(RunConfig)}
PRESETS = {path.name for path in presets.SHIPPED.glob("*.toml")}


@cache
def functions_of(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_every_row_of_the_guide_stands_there_once():
    assert [name for name, *_ in ROWS if name[0] == "G"] == [f"G{n:02d}" for n in range(1, 40)]


def test_everything_that_is_broken_in_the_reference_stands_there_once():
    assert [name for name, *_ in ROWS if name[0] == "R"] == [f"R{n:02d}" for n in range(1, 16)]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_has_a_test(row):
    assert re.search(r"`tests/[^`]+::test_", row[3])


@pytest.mark.parametrize(("row", "test"), TESTS, ids=[f"{row} {test}" for row, test in TESTS])
def test_a_named_test_exists(row, test):
    file, _, name = test.partition("::")
    assert (ROOT / file).is_file() and name in functions_of(file)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_named_option_exists(row):
    for name in re.findall(r"`([a-z_0-9.-]+)`", row[2]):
        assert name in KEYS or name in PRESETS or knows(name), name
