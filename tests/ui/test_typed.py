"""Rates and sample prompts are looked at while they are typed."""

import pytest

from tests.ui.fake import demo_raw
from tests.ui.session import Session
from ui.settings.typed import PROMPTS, RATES, typed_html


def test_the_demo_has_nothing_to_be_told(shared_app):
    for keys in (RATES, PROMPTS):
        assert typed_html(shared_app.form, demo_raw(shared_app), "en", keys) == ""


@pytest.mark.parametrize(
    ("prompts", "en", "ja"),
    [
        ("frog --w 100 --h 30", "drawn as 96×64", "96×64"),
        ("frog --q 5", "there is no option --q", "--q"),
        ("nofile.txt", "nofile.txt", "nofile.txt"),
    ],
)
def test_a_prompt_is_looked_at_as_it_is_typed(app, prompts, en, ja):
    page, field = Session(app), app.form.components["sample.sample_prompts"]
    page.put(field, prompts)
    page.do(app.merging.typed, "click")
    assert en in page.shown[app.prompted]
    assert ja in typed_html(app.form, {**demo_raw(app), "sample.sample_prompts": prompts}, "ja", PROMPTS)


def test_a_rate_that_is_no_number_is_told_and_settings_of_other_tabs_are_not(app):
    raw = {**demo_raw(app), "train.learning_rate": "fast", "network.rank": "x", "train.max_train_steps": "y"}
    html = typed_html(app.form, raw, "en", RATES)
    assert "train.learning_rate" in html and "rank" not in html and "max_train_steps" not in html


@pytest.mark.parametrize("lang", ["en", "ja"])
@pytest.mark.parametrize(
    ("method", "rate"), [("none", "1.5e-3"), ("none", "1e5"), ("lora", "1e5"), ("lora", "１０")]
)
def test_a_rate_far_from_the_usual_is_told_as_it_is_typed_and_at_check(app, method, rate, lang):
    page, field = Session(app, lang), app.form.components
    page.put(field["network.method"], method)
    page.put(field["train.learning_rate"], rate)
    page.do(app.merging.typed, "click")
    usual = "4e-7" if method == "none" else "1e-3"
    said = page.shown[app.schedule].partition('<ul class="rw-problems">')[2]
    assert "train.learning_rate" in said and usual in said
    assert "train.learning_rate" in page.do(app.run.parts["check"], "click")[app.run.parts["message"]]


def test_a_usual_rate_is_told_nothing(app):
    for method, rate in (("none", "1e-6"), ("lora", "1e-4"), ("lora", "1.5e-3")):
        raw = {**demo_raw(app), "network.method": method, "train.learning_rate": rate}
        assert typed_html(app.form, raw, "en", RATES) == ""
