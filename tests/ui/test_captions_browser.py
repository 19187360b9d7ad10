"""The caption workbench in a browser: typed, saved, changed at once, undone; nothing in a caption is run."""

from __future__ import annotations

import pytest

from tests.data.images import fill
from tests.ui.layout import cut_off, pale

pytestmark = pytest.mark.browser

SAID = ".rw-caption [data-said].is-good"
UNDONE = "() => document.querySelector('#captions-note').innerText.includes('Undone')"


@pytest.fixture
def folder(stage):
    parent = fill(stage.window.workspace / "train", {"20_sls frog": 2})
    inner = parent / "20_sls frog"
    (inner / "000.caption").write_text("a, b", encoding="utf-8")
    (inner / "001.caption").write_text("<img src=x onerror=alert(1)></textarea>", encoding="utf-8")
    return inner


def test_captions_are_typed_saved_changed_at_once_and_undone(look, folder):
    shown = look("en")
    page = shown.page
    shown.fill("opt-dataset-train-data-dir", str(folder.parent))
    page.locator("#captions-open").click()
    fields = page.locator("textarea[data-caption-field]")
    fields.nth(1).wait_for()
    assert fields.nth(1).input_value() == "<img src=x onerror=alert(1)></textarea>"
    fields.nth(0).fill("a, b, typed")
    fields.nth(0).press("Control+Enter")
    page.wait_for_selector(SAID)
    assert (folder / "000.caption").read_text("utf-8") == "a, b, typed\n"
    assert fields.nth(1).evaluate("field => field === document.activeElement")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.rw-caption img')].every(i => i.getAttribute('src'))"
    )
    page.locator("#captions-many button").first.click()
    shown.fill("captions-find-text", "typed")
    shown.fill("captions-with-text", "changed")
    page.locator("#captions-preview").click()
    page.wait_for_selector(".rw-changes ins")
    assert (folder / "000.caption").read_text("utf-8") == "a, b, typed\n"
    page.locator("#captions-apply").click()
    page.wait_for_selector("#captions-note .is-good")
    assert (folder / "000.caption").read_text("utf-8") == "a, b, changed\n"
    page.wait_for_function("document.querySelector('[data-caption-field]').value === 'a, b, changed'")
    fields.nth(0).focus()
    fields.nth(1).focus()  # what was typed before does not come back
    page.locator("[data-captions-do=undo]").click()
    page.wait_for_function(UNDONE)
    page.reload()
    shown.ready()
    page.locator("[data-captions-do=undo]").click()  # the one that was typed, after a reload
    page.wait_for_function(UNDONE)
    assert (folder / "000.caption").read_text("utf-8") == "a, b"


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_the_workbench_is_shown_whole_and_readable(look, folder, lang):
    shown = look(lang)
    shown.fill("opt-dataset-train-data-dir", str(folder.parent))
    shown.page.locator("#captions-open").click()
    shown.page.wait_for_selector(".rw-caption img[src]")
    found = []
    for width in (1440, 1024, 390):
        shown.size(width)
        found += [(width, fault) for fault in cut_off(shown.page)]
    for scheme in ("dark", "light"):
        shown.scheme(scheme)
        found += [(scheme, fault) for fault in pale(shown.page)]
    assert found == []


def test_a_field_belongs_to_its_image_on_every_page_and_what_was_not_saved_is_kept(look, folder, monkeypatch):
    monkeypatch.setattr("ui.dataset.caption_grid.PER_PAGE", 1)
    shown = look("en")
    page = shown.page
    (folder / "001.caption").write_text("c", encoding="utf-8")
    shown.fill("opt-dataset-train-data-dir", str(folder.parent))
    page.locator("#captions-open").click()
    field, turn = page.locator("textarea[data-caption-field]"), page.locator(".rw-pager").first
    page.wait_for_function("document.querySelectorAll('textarea[data-caption-field]').length === 1")
    field.fill("a, b, typed")
    field.press("Control+Enter")  # saves, and goes on to the next page
    page.wait_for_function("document.querySelector('textarea[data-caption-field]').value === 'c'")
    page.wait_for_function("document.activeElement.matches('textarea[data-caption-field]')")
    field.fill("c, mine")
    (folder / "001.caption").write_text("c, changed elsewhere", encoding="utf-8")
    turn.locator("button").first.click()
    page.wait_for_function("document.querySelector('textarea[data-caption-field]').value === 'a, b, typed'")
    turn.locator("button").last.click()
    page.wait_for_function("document.querySelector('textarea[data-caption-field]').value === 'c, mine'")
    field.focus()
    page.locator("#captions-open").focus()
    page.wait_for_selector(".rw-caption [data-said].is-bad")
    assert (folder / "000.caption").read_text("utf-8") == "a, b, typed\n"
    assert (folder / "001.caption").read_text("utf-8") == "c, changed elsewhere"
    field.press("Escape")  # else the page asks before it is closed


def test_a_caption_that_was_too_long_is_saved_once_it_is_shorter(look, folder):
    shown = look("en")
    page = shown.page
    shown.fill("opt-dataset-train-data-dir", str(folder.parent))
    page.locator("#captions-open").click()
    field = page.locator("textarea[data-caption-field]").first
    field.wait_for()
    field.fill("a" * 20_001)
    field.press("Control+Enter")
    page.wait_for_selector(".rw-caption [data-said].is-bad")
    field.fill("a, b, short")
    field.press("Control+Enter")
    page.wait_for_selector(SAID)
    assert (folder / "000.caption").read_text("utf-8") == "a, b, short\n"
