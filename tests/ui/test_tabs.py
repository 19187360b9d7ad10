"""The tabs as people use them."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser

PLACES = """() => [...document.querySelectorAll('#tabs [role=tab]')]
  .map((tab) => [tab.id, Math.round(tab.getBoundingClientRect().x)])"""


def test_tabs_keep_their_places_on_a_phone_and_are_kept_by_reload_and_back(look):
    shown = look("ja", 390)
    page = shown.page
    before = page.evaluate(PLACES)
    assert len(before) == 5 and all(0 <= x < 390 for _, x in before)
    for name in ("tools", "training"):
        page.locator(f"#tab-{name}-button").click()
        page.wait_for_selector(f"#tab-{name}-button[aria-selected=true]")
    assert page.evaluate(PLACES) == before
    shown.reload()
    page.wait_for_selector("#tab-training-button[aria-selected=true]")
    page.go_back()
    page.wait_for_selector("#tab-tools-button[aria-selected=true]")
    page.go_back()
    page.wait_for_selector("#tab-dataset-button[aria-selected=true]")
