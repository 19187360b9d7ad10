"""One truth of what a setting may be: whatever an import, a file or an earlier page brings, the page can show
and hand back, or it is left out and named."""

import os
import random

import pytest

from core.config.check import check
from core.errors import UserError
from tests.test_options import met
from tests.ui.fake import demo_raw
from tests.ui.session import Session
from ui.parts.options import OPTIONS
from ui.settings import widgets
from ui.settings.kept import can_show
from ui.window import Draft

ODD = (
    *(
        "CAME",
        "fp8",
        "foo",
        "none",
        "None",
        "True",
        "yes",
        "12",
        "1e400",
        "-1",
        "0",
        "NaN",
        "512x512",
        "５１２",
    ),
    *("a" * 3000, "x\ny", "\ud800", "[1, 2]", "{}", " ", "名前", "0.5", "10%", "150%", "<b>", "'"),
    *(0, 1, -7, 3.5, 10**30, 1e308, True, False),
    *([], ["a"], [1, "b"], [[1]], {"a": 1}, None),
)
"""Values that a file of another program, or of another version, may hold."""

EACH = int(os.environ.get("RAREWORD_ODD_VALUES", "6"))
"""Odd values tried for each option; all of them with RAREWORD_ODD_VALUES=99."""

CASES = [
    (key, value)
    for n, key in enumerate(OPTIONS)
    for value in random.Random(n).sample(ODD, min(EACH, len(ODD)))
]


def handed_back(app, page, key):
    """What a handler gets of an option's field, from what the page shows."""
    return app.form.raw(page.shown)[key]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_page_whose_settings_from_before_hold_an_impossible_word_opens_with_another_and_says_so(
    app, window, lang
):
    window.draft.keep({"optimizer.optimizer_type": "CAME", "dataset.train_batch_size": "many"})
    window.draft.keep({"train.gradient_checkpointing": "yes"})
    app.prepare(lang)
    page = Session(app, lang)
    told = app.kept.html(lang)
    assert "CAME" in told and "AdamW8bit" in told and "many" in told and "yes" in told
    assert handed_back(app, page, "optimizer.optimizer_type") == "AdamW"
    assert handed_back(app, page, "dataset.train_batch_size") == 4
    assert "is-good" in page.do(app.run.parts["check"], "click")[app.run.parts["message"]]


@pytest.mark.parametrize("n", range(8))
def test_whatever_the_settings_from_before_hold_the_page_opens_and_hands_back_what_it_shows(app, window, n):
    first = demo_raw(app)
    for key, value in CASES[n::8]:
        if isinstance(value, list | dict):
            continue  # not read: a field holds a text, a number or a truth value
        held = widgets.can_hold(OPTIONS[key], value)
        raw = {**first, key: value if held else first[key]}
        window.draft = Draft(window.workspace / "none.json")
        window.draft.keep({key: value})
        window.draft.refuse(can_show)
        assert (key in window.draft.values) == held != (key in window.draft.refused)
        needed = {k: widgets.shown(OPTIONS[k], v) for k, v in met(OPTIONS[key]).items()}
        try:
            app.form.check({**first, **needed, key: raw[key]}, "en")
        except UserError as e:
            assert e.problems


@pytest.mark.parametrize("option", OPTIONS.values(), ids=lambda o: o.key)
def test_a_default_and_every_choice_can_be_held(option):
    assert widgets.can_hold(option, widgets.shown(option, option.default))
    assert all(widgets.can_hold(option, choice) for choice in option.meta.choices or ())


def test_the_run_file_that_the_page_writes_holds_what_it_shows(app):
    assert check(app.form.text(demo_raw(app), "en")).config == app.form.check(demo_raw(app), "en")[1].config
