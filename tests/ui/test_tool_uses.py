"""Each tool of the Tools tab from an empty card to its result, and what it says to what can't be."""

from __future__ import annotations

import pytest

from core.tools.table import TOOLS
from tests.ui.tool_uses import USES, files, use

OWN_TESTS = {"caption", "compare", "judge"}
"""A card of its own, used in a file of its own; and what needs a run with models of several epochs."""


def test_every_tool_with_a_card_is_used_here_or_in_a_file_of_its_own():
    assert {*USES} == {name for name, tool in TOOLS.items() if tool.card} - OWN_TESTS


@pytest.mark.browser
@pytest.mark.slow
def test_each_tool_goes_from_empty_to_its_result(look, stage):
    given, pages = files(stage.window.workspace / "files"), (look("en"), look("ja"))
    for number, (name, how) in enumerate(USES.items()):
        page = pages[number % 2]
        use(page, name, given)
        result = page.page.locator(f"#{name}-result")
        assert how.said[number % 2] in result.inner_text()
        made = stage.window.workspace / how.made
        assert made.exists()
        if made.is_file():
            with page.page.expect_download() as fetched:
                result.get_by_role("link").click()
            assert fetched.value.suggested_filename == made.name


WRONG = {"missing": "/nowhere/at all.safetensors", "empty": ""}


@pytest.mark.parametrize("name", [name for name in USES if name != "regularize"])  # the form has its model
@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_input_is_told_in_the_card(app, window, name, wrong):
    card, before = app.tools[name], {*window.workspace.rglob("*")}
    data = {part: getattr(part, "value", None) for part in card.parts.values()}
    data |= {app.form.components[key]: "" for key in card._card.takes.values()}
    for option in TOOLS[name].options:
        if option.meta.path and option.name in card.parts and option.name != card._card.output:
            data[card.parts[option.name]] = WRONG[wrong]
    data[card.parts[card._card.output]] = "x"
    *_, last = card.start(data, "ja")
    html = last[card.parts["result"]]
    assert "rw-problems" in html and "Traceback" not in html and "Error" not in html
    assert {*window.workspace.rglob("*")} - before <= {window.workspace / "window.json"}
