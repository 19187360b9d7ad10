"""The window's Check looks at the sample prompts too."""

from __future__ import annotations

from tests.ui.fake import demo_raw
from ui.settings.checking import check_html


def said(app, prompts: str) -> str:
    return check_html(app.form, {**demo_raw(app), "sample.sample_prompts": prompts}, "en")


def test_a_prompt_with_an_unknown_option_is_named(shared_app):
    html = said(shared_app, "a frog\na toad --q 5")
    assert "there is no option --q" in html and "Prompt 2" in html and "is-bad" in html


def test_a_size_that_is_rounded_is_said_and_the_check_passes(shared_app):
    html = said(shared_app, "a frog --w 100 --h 30")
    assert "drawn as 96×64" in html and "10 images, 300 steps" in html
