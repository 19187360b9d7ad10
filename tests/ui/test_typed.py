"""Rates and sample prompts are looked at while they are typed."""

import pytest

from tests.ui.fake import demo_raw
from tests.ui.session import Session
from ui.settings.typed import typed_html


def test_the_demo_has_nothing_to_be_told(shared_app):
    assert typed_html(shared_app.form, demo_raw(shared_app), "en") == ""


@pytest.mark.parametrize(
    ("prompts", "en", "ja"),
    [
        ("frog --w 100 --h 30", "drawn as 96x64", "96x64"),
        ("frog --q 5", "there is no option --q", "--q"),
        ("nofile.txt", "nofile.txt", "nofile.txt"),
    ],
)
def test_a_prompt_is_looked_at_as_it_is_typed(app, prompts, en, ja):
    page, field = Session(app), app.form.components["sample.sample_prompts"]
    page.put(field, prompts)
    page.do(app.typed, "click")
    assert en in page.shown[app.schedule]
    assert ja in typed_html(app.form, {**demo_raw(app), "sample.sample_prompts": prompts}, "ja")


def test_a_rate_that_is_no_number_is_told_and_settings_of_other_tabs_are_not(app):
    raw = {**demo_raw(app), "train.learning_rate": "fast", "network.rank": "x", "train.max_train_steps": "y"}
    html = typed_html(app.form, raw, "en")
    assert "train.learning_rate" in html and "rank" not in html and "max_train_steps" not in html
