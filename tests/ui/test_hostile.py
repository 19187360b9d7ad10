"""Handlers are asked with what no page would send: all end in an answer or a sentence.

All of it, not a sample: HOSTILE=all pytest tests/ui/test_hostile.py
"""

from __future__ import annotations

import asyncio
import os
import random
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState

from core.errors import UserError
from ui.window.blocks import taken

VALUES: dict[str, Any] = {
    "nothing": None,
    "an empty list": [],
    "a list": ["x", 1],
    "an object": {"a": [1]},
    "a number": 7,
    "a fraction": -0.5,
    "a large number": 10**400,
    "no number": float("nan"),
    "infinity": float("inf"),
    "true": True,
    "empty": "",
    "a word": "no such choice",
    "half a character": "a\ud800b",
    "a zero byte": "a\0b",
    "long": "x" * 300_000,
    "deep": [[[[[[[["x"]]]]]]]],
    "a path": "../../../../etc/passwd",
    "markup": "<script>alert(1)</script>",
}


async def asked(blocks: gr.Blocks, event: Any, inputs: list[Any], sent: Any) -> None:
    """Ask a handler as the page does, up to the end of what it tells bit by bit."""
    state, iterator, data = SessionState(blocks), None, gr.EventData(None, sent)
    for _ in range(50):
        answer = await blocks.process_api(
            event, inputs, state=state, iterator=iterator, session_hash="x", event_data=data
        )
        iterator = answer["iterator"]
        if not answer["is_generating"]:
            return


def tries(app: Any) -> list[tuple[Any, str, int]]:
    """Handler, name of the value, and which input gets it, -1 for all of them.

    The form's fields one by one are left to the handler that reads them first, all others read them alike.
    """
    found, form, is_read = [], app.form.inputs, False
    for event in app.blocks.fns.values():
        if event.fn is None:
            continue
        own = [n for n, block in enumerate(event.inputs) if block not in form]
        if not is_read and len(own) < len(event.inputs):
            own, is_read = [*range(len(event.inputs))], True
        found += [(event, name, at) for name in VALUES for at in (-1, *own)]
    return found


def test_no_value_of_any_type_makes_a_handler_fail(app, caplog):
    chosen = tries(app)
    if os.environ.get("HOSTILE") != "all":
        chosen = random.Random(7).sample(chosen, 120)
    failed = []
    for event, name, at in chosen:
        usual = [getattr(block, "value", None) for block in event.inputs]
        inputs = [VALUES[name] if at in (-1, n) else value for n, value in enumerate(usual)]
        what = f"{event.name} {event._id} with {name} as {'all' if at < 0 else event.inputs[at].elem_id}"
        caplog.clear()
        try:
            asyncio.run(asked(app.blocks, event, inputs, VALUES[name]))
        except gr.Error as error:
            if not error.message:
                failed.append(f"{what}: says nothing")
        except Exception as error:
            failed.append(f"{what}: {error!r}")
        failed += [f"{what}: {r.exc_info[1]!r}" for r in caplog.records if r.exc_info and r.exc_info[1]]
    assert not failed, "\n".join([f"{len(failed)} of {len(chosen)}", *failed])


def test_a_field_of_text_takes_numbers_and_no_lists():
    text, number, choice = (
        gr.Textbox(render=False),
        gr.Number(render=False),
        gr.Dropdown([1, 2], render=False),
    )
    assert [taken(text, value) for value in ("x", 1, 0.5, None)] == ["x", "1", "0.5", None]
    assert [taken(number, value) for value in (1, 0.5, "1", None)] == [1, 0.5, "1", None]
    assert taken(choice, 2) == 2 and taken(gr.Checkbox(render=False), True) is True
    for value in ([], {}, ["x"], "a\ud800", float("nan"), float("inf"), 10**400):
        with pytest.raises(UserError):
            taken(text, value)
