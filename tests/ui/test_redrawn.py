"""What a user has opened or typed in a part of the page stays so when that part is drawn anew."""

from __future__ import annotations

import pytest

from tests.ui.test_flows import comes_true

pytestmark = pytest.mark.browser


def test_what_is_open_and_typed_stays_so_when_its_part_is_drawn_anew(look, stage):
    page = look()
    page.tab(2)
    finder, forecast = page.page.locator("#lr-finder details"), page.page.locator("#forecast details").first
    if not finder.evaluate("part => part.open"):  # it is open where somebody has typed into it before
        finder.locator("summary").click()
    finder.locator("[name=steps]").fill("40")
    forecast.locator("summary").click()

    page.language("ja")
    comes_true(lambda: "学習率" in finder.inner_text())
    assert finder.get_attribute("open") is not None
    assert finder.locator("[name=steps]").input_value() == "40"
    comes_true(lambda: forecast.get_attribute("open") is not None)

    finder.locator("summary").click()  # closed by the user, it stays closed as well
    page.language("en")
    comes_true(lambda: "Find a" in finder.inner_text())
    assert finder.get_attribute("open") is None
