"""The page by the keyboard alone, and as a reader of the screen is told of it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from ui.parts.options import OPTIONS

pytestmark = pytest.mark.browser

FEW = 12
"""Tab stops from the top of the page to Start training."""

HERE = """() => {
  const here = document.activeElement, box = here.closest('[id]');
  const shows = [here, here.closest('label'), here.closest('.wrap-inner')].filter(Boolean)
    .map((part) => getComputedStyle(part))
    .some(({outlineStyle, outlineWidth, boxShadow}) =>
      (outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2) || boxShadow !== 'none');
  return {
    id: here.id || box?.id || '', text: here.innerText || here.value || '',
    group: here.closest('fieldset, [role=tablist], .rw-words')?.id || '',
    isOpen: here.getAttribute('aria-expanded') === 'true', shows,
  };
}"""


def here(page: Any) -> dict[str, Any]:
    return dict(page.evaluate(HERE))


def stops(page: Any, most: int) -> list[dict[str, Any]]:
    """Where Tab leads to from the top of the page, one after the other."""
    page.evaluate("document.activeElement.blur()")
    page.mouse.click(2, 2)
    found = []
    for _ in range(most):
        page.keyboard.press("Tab")
        found.append(here(page))
    return found


def test_the_keyboard_alone_gets_everywhere(look):
    page = look().page
    walked = stops(page, 20)
    # One stop for each group, each seen, and no list opens because Tab came by.
    assert [stop for stop in walked if not stop["shows"] or stop["isOpen"]] == []
    groups = [stop["group"] for stop in walked if stop["group"]]
    assert len(groups) == len({*groups}) and "level" in groups and "lang" in groups
    stops(page, 1)
    page.keyboard.press("Enter")
    assert here(page)["text"] == "Start training"

    page.locator("#tab-dataset-button").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#tab-model-button[aria-selected=true]")
    page.keyboard.press("Home")
    page.wait_for_selector("#tab-dataset-button[aria-selected=true]")
    page.locator("#level input").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("body[data-level=advanced]")

    box = page.locator("#opt-dataset-reg-data-dir input")
    page.locator("#opt-dataset-train-data-dir .rw-browse-open").focus()
    page.keyboard.press("Tab")
    assert here(page)["id"] == "opt-dataset-reg-data-dir" and not here(page)["isOpen"]
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#opt-dataset-reg-data-dir [role=listbox]")
    page.keyboard.press("Escape")
    box.fill("")
    box.press("Enter")
    box.press("Tab")
    assert box.input_value() == ""

    page.locator("#find textarea, #find input").first.fill("warm-up steps")
    page.wait_for_selector("#found button")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.closest('#opt-optimizer-lr-warmup-steps.has-more')")
    # Help that is longer than its line comes whole with the keyboard, and goes by Escape.
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert "over this share of the run" in page.locator("#rw-help").inner_text()
    page.keyboard.press("Escape")
    assert page.locator("#rw-help").is_hidden()
    page.locator("#find textarea, #find input").first.press("Escape")
    page.wait_for_function("!document.querySelector('#found button')")


def test_a_reader_of_the_screen_is_told_headings_names_and_help(look):
    page = look().page
    page.locator("#level label").nth(2).click()
    tree = page.context.new_cdp_session(page)
    for tab, key in (("model", "model.prediction"), ("training", "optimizer.lr_warmup_steps")):
        page.locator(f"#tab-{tab}-button").click()
        option = OPTIONS[key]
        page.wait_for_function(
            "(id) => document.querySelector(`#${id} [aria-describedby]`)",
            arg=f"opt-{option.section}-{option.name.replace('_', '-')}",
        )
        nodes = [node for node in tree.send("Accessibility.getFullAXTree")["nodes"] if not node["ignored"]]
        said = {
            node["name"]["value"].strip(): node.get("description", {}).get("value", "")
            for node in nodes
            if node["role"]["value"] in ("textbox", "combobox")
        }
        assert said[option.meta.label.en] == option.meta.help.en.replace("`", "")
    assert page.locator("#lang label[lang=ja]").inner_text() == "日本語"
    unnamed = page.evaluate(
        "[...document.querySelectorAll('dialog, [role=dialog]')]"
        ".filter((one) => !one.ariaLabel && !one.getAttribute('aria-labelledby')).map((one) => one.outerHTML)"
    )
    assert unnamed == []
    levels = page.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4, h5')].filter((one) => one.checkVisibility())"
        ".map((one) => Number(one.tagName[1]))"
    )
    assert levels.count(1) == 1 and levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))
