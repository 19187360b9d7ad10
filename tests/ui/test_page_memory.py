"""What a page that is used for long leaves in memory, and in what the browser does at each event."""

from __future__ import annotations

from gradio.state_holder import StateHolder

from tests.ui.session import Session
from ui.window.blocks import MOST_PAGES


def test_a_change_of_the_language_leaves_no_component_more_in_a_page(app):
    page = Session(app)
    before = len(page.blocks)
    page.put(app.lang, "ja")
    page.do(app.lang, "input")
    page.do(app.merging.typed, "click", {"page": "p", "fields": []})
    assert len(page.blocks) == before


def test_the_pages_opened_last_are_remembered_and_no_more(app):
    holder = StateHolder()
    holder.set_blocks(app.blocks)
    assert holder.capacity == MOST_PAGES


def test_an_event_without_a_sign_of_progress_sets_none_on_what_it_changes(app):
    hidden = [event for event in app.blocks.fns.values() if event.show_progress == "hidden"]
    assert hidden
    assert {tuple(event.show_progress_on) for event in hidden} == {()}
