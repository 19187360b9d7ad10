"""Lists to choose from have one truth: what the page lists is what the server takes."""

from __future__ import annotations

import gradio as gr
import pytest

from tests.test_options import met
from tests.ui.fake import demo_raw
from tests.ui.session import Session
from ui.parts.options import OPTIONS
from ui.settings import widgets


def is_list(component):
    """Whether Gradio would refuse a value which is not in its own copy of the component's list."""
    kinds = (gr.Dropdown, gr.Radio, gr.CheckboxGroup)
    return isinstance(component, kinds) and not getattr(component, "allow_custom_value", False)


@pytest.fixture
def own(app):
    """A page that was opened when there was a preset "my cats"."""
    app.bar.keep({**demo_raw(app), "network.rank": 32}, "my cats", "en")
    app.prepare("en")
    return Session(app)


SHIPPED = "shipped/sd15-character-lora-8gb"
PASTED = "train_network.py --network_dim=4"


@pytest.mark.parametrize(
    ("part", "act", "on"), [("note", "apply", SHIPPED), ("menu", "reset", ""), ("paste", "take", "")]
)
def test_a_preset_of_ones_own_is_applied_after_anything_else_was(app, own, part, act, on):
    parts, rank = app.bar.parts, app.form.components["network.rank"]
    own.do(parts[part], "submit", {"act": act, "on": on, "fields": {"text": PASTED}})
    looked = own.do(parts["list"], "click", {"act": "look", "on": "own/my cats"})
    assert "would change" in looked[parts["note"]]
    own.do(parts["note"], "submit", {"act": "apply", "on": "own/my cats"})
    assert own.shown[rank] == "32" and "Preset applied: my cats" in own.shown[parts["told"]]


def test_a_preset_that_another_page_has_deleted_is_told_and_no_fault(app, own):
    other, parts = Session(app), app.bar.parts
    other.do(parts["own"], "click", {"act": "delete-sure", "on": "my cats"})
    own.do(parts["note"], "submit", {"act": "apply", "on": "own/my cats"})
    assert "Choose a preset" in own.shown[parts["note"]]


def test_no_event_of_the_page_compares_with_a_copy_of_a_list(shared_app):
    # Except those that carry files, which Gradio has to put away: beside them stand only fixed lists.
    fixed = {"lang", "make-kind", "make-arrange"}
    reading = [fn for fn in shared_app.blocks.fns.values() if fn.fn is not None and fn.preprocess]
    checked = {c.elem_id for fn in reading for c in fn.inputs if is_list(c)}
    assert checked <= fixed


def test_every_list_is_rebuilt_with_the_choices_that_the_page_was_sent(app, own):
    lists = [b for b in app.blocks.blocks.values() if is_list(b)]
    assert len(lists) > 15
    for block in lists:
        assert [tuple(c) for c in block.constructor_args["choices"]] == own.choices[block], block.elem_id


def test_a_value_that_is_in_no_list_gets_a_sentence_for_every_list_of_the_form(app):
    message = app.run.parts["message"]
    lists = {key: c for key, c in app.form.components.items() if is_list(c)}
    for key, component in lists.items():
        page, option = Session(app), OPTIONS[key]
        for need, value in met(option).items():
            page.put(app.form.components[need], widgets.shown(OPTIONS[need], value))
        if not option.is_of("sd1"):  # the demo's: the base is one of which nothing is known
            page.put(app.form.components["model.base"], "someone/some-model")
        page.put(component, "nothing of the kind")
        said = page.do(app.run.parts["check"], "click")[message]
        assert f"<code>{key}</code>" in said and "nothing of the kind" in said, key
