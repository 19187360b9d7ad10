"""docs/reliability.md names tests that exist, for each of its promises."""

import re
from pathlib import Path

from tests.catalogue.test_catalogue import _tests_in

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
PROMISES = TEXT.partition("## Promises\n")[2].partition("\n## ")[0].strip().split("\n\n")


def test_every_promise_names_tests_that_exist():
    for promise in PROMISES:
        named = re.findall(r"^`(tests/[^`]+)::(test_[^`]+)`$", promise, re.MULTILINE)
        assert named, promise
        assert [test for file, test in named if test not in _tests_in(ROOT / file)] == []
