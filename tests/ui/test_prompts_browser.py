"""Sample prompts as rows of fields, and as the text that they stand for."""

import pytest

from tests.ui.test_flows import comes_true

pytestmark = pytest.mark.browser

PROMPTS = "opt-sample-sample-prompts"


def text(page):
    return page.page.input_value(f"#{PROMPTS} textarea")


def test_prompts_are_rows_of_fields_and_a_text_and_both_say_the_same(at, stage):
    page = at()
    page.tab(2)
    rows = page.page.locator("#prompt-rows li")
    rows.first.wait_for()
    assert not page.page.locator(f"#{PROMPTS} textarea").is_visible()
    assert rows.count() == len(text(page).splitlines())

    def says(wanted):
        page.page.wait_for_function(f"document.querySelector('#{PROMPTS} textarea').value === {wanted!r}")

    while rows.count() > 1:
        rows.last.locator("[data-row-act=remove]").click()
    rows.locator("[name=prompt]").fill("sls frog")
    for name, value in (("width", "２５６"), ("seed", "7"), ("guidance", "3")):
        rows.locator(f"[name={name}]").fill(value)
    rows.locator("[name=sampler]").select_option("euler_a")
    says("sls frog --w 256 --l 3 --d 7 --ss euler_a")
    rows.locator("[data-row-act=copy]").click()
    rows.nth(1).locator("[name=seed]").fill("seven")
    page.page.wait_for_selector("#prompted >> text=--d must be a whole number")
    assert rows.nth(1).locator("[name=seed]").get_attribute("aria-invalid") == "true"
    rows.nth(1).locator("[name=seed]").fill("8")
    page.page.wait_for_function("!document.querySelector('#prompted').textContent.includes('--d')")
    page.page.locator("#prompt-rows [data-row-act=add]").click()
    page.page.keyboard.type("a toad --n blur --s 9")
    page.page.keyboard.press("Tab")
    page.page.wait_for_function("document.activeElement.name === 'negative'")
    page.page.wait_for_function(
        "[...document.querySelectorAll('#prompt-rows [name=steps]')].at(2)?.value === '9'"
    )
    page.page.locator("#prompt-rows [data-row-act=text]").click()
    assert text(page).splitlines()[2] == "a toad --n blur --s 9 --w 256 --l 3 --ss euler_a"
    page.page.locator(f"#{PROMPTS} textarea").fill("# a remark\nsls frog")
    page.page.locator("#prompt-rows [data-row-act=fields]").wait_for(state="detached")
    page.page.locator(f"#{PROMPTS} textarea").fill("sls frog --w 64")
    page.page.locator("#prompt-rows [data-row-act=fields]").click()
    page.page.wait_for_function("document.querySelector('#prompt-rows [name=width]')?.value === '64'")
    for lang, words in (("ja", "プロンプトを追加"), ("en", "Add a prompt")):
        page.language(lang)
        page.page.locator("#prompt-rows [data-row-act=add]", has_text=words).wait_for()
        assert rows.count() == 1
    comes_true(lambda: stage.window.draft.values["sample.sample_prompts"] == "sls frog --w 64")
