"""A file of SDXL chosen on the Model tab: what it is, what is offered, presets and options; in a browser."""

from __future__ import annotations

import pytest

from tests.golden import names
from tests.headers import write_header
from tests.ui.test_flows import comes_true

pytestmark = pytest.mark.browser


@pytest.fixture
def xl(tmp_path, stage):
    stage.window.paths.allow(tmp_path)
    return write_header(tmp_path / "illustrious.safetensors", names("ldm_keys_sdxl"))


@pytest.fixture(params=[("en", 1440), ("ja", 390)], ids=["en-1440", "ja-390"])
def page(request, look, xl):
    """The Model tab with the file chosen, every setting shown."""
    page = look(*request.param)
    page.lang = request.param[0]
    page.page.locator("#level label").nth(2).click()
    page.tab(1)
    page.fill("opt-model-base", str(xl))
    page.page.keyboard.press("Escape")
    page.page.locator("#suited").wait_for()
    return page


def value(page, element):
    return page.page.locator(f"#{element} input, #{element} textarea").first.input_value()


def test_it_is_named_and_what_suits_it_is_offered_and_set_at_a_click(page, stage):
    page.page.locator("#identity-base", has_text="Stable Diffusion XL").wait_for()
    rows = [row.split("\t") for row in page.page.locator("#suited tbody tr").all_inner_texts()]
    labels = {"en": ("Resolution", "Largest bucket side"), "ja": ("解像度", "バケットの最大サイズ")}[
        page.lang
    ]
    assert [labels[0], "128", "1024"] in rows and [labels[1], "256", "2048"] in rows
    page.holds("opt-dataset-resolution", "128")
    page.page.locator("#suited-apply").click()
    page.page.locator("#suited").wait_for(state="hidden")
    page.page.locator("#identity-base .is-warn").wait_for(state="detached")
    kept = stage.window.draft
    comes_true(
        lambda: (kept.values["dataset.resolution"], kept.values["train.precision"]) == ("1024", "bf16")
    )
    page.tab(0)
    page.holds("opt-dataset-resolution", "1024")


def test_what_is_declined_stays_declined_after_a_reload(page, stage):
    page.page.locator("#suited-keep").click()
    page.page.locator("#suited").wait_for(state="hidden")
    assert stage.window.draft.values["dataset.resolution"] == "128"
    page.reload()
    page.tab(1)
    page.page.locator("#identity-base", has_text="Stable Diffusion XL").wait_for()
    assert page.page.locator("#suited").is_hidden()


def test_presets_for_it_come_first_and_the_others_are_folded(page):
    page.page.locator("#preset-choice button").click()
    rows = page.page.locator("#preset-list button.rw-look:visible")
    rows.first.wait_for()
    assert all("SDXL" in row.get_attribute("aria-label") for row in rows.all())
    page.page.locator("#preset-list summary").click()
    far = page.page.locator("#preset-list .is-far button", has_text={"en": "style", "ja": "画風"}[page.lang])
    far.first.click()
    page.page.locator("#preset-note .is-warn").wait_for()
    page.page.keyboard.press("Escape")
    page.page.locator("#preset-box:popover-open").wait_for(state="detached")


def test_options_of_sdxl_are_there_and_those_of_others_are_not(page):
    page.page.locator("#opt-model-clip-skip").wait_for(state="hidden")
    page.page.locator("#opt-model-pooled-as-sd-scripts").wait_for()
    page.tab(2)
    page.page.locator("#opt-train-text-encoder-2-lr").wait_for()
    page.page.locator("#opt-train-size-condition").wait_for()
