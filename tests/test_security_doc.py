"""What docs/security.md promises is held by tests that are there, and every option of the window is in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import gui

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_every_promise_names_tests_that_are_there():
    rows = [line for line in TEXT.splitlines() if line.startswith("| ") and "tests/" in line]
    assert len(rows) >= 10
    for file, test in re.findall(r"`(tests/[^:`]+)::(\w+)`", "".join(rows)):
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), test


@pytest.mark.parametrize("name", ["security.md", "security.ja.md"])
def test_every_option_about_who_may_come_in_is_described(name):
    text = (ROOT / "docs" / name).read_text(encoding="utf-8")
    about = {"--share", "--listen", "--auth", "--auth-file", "--host-name", "--root-path", "--root"}
    offered = {option for action in gui.options()._actions for option in action.option_strings}
    assert about <= offered
    assert [option for option in about if f"| `{option} " not in text and f"| `{option}`" not in text] == []
    assert f"docs/{name}" in (
        ROOT / f"README{name.removeprefix('security').removesuffix('.md')}.md"
    ).read_text("utf-8")
