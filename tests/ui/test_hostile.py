"""Handlers are asked with what no page would send: all end in an answer or a sentence.

All of it, not a sample: HOSTILE=all pytest tests/ui/test_hostile.py
"""

from __future__ import annotations

import asyncio
import json
import os
import random
from typing import Any

import gradio as gr
import pytest
from gradio.state_holder import SessionState
from PIL import Image

from core.config.imports.read_any import import_text
from core.config.schema.option import walk
from core.config.schema.run import RunConfig
from core.errors import ConfigError, UserError
from tests.ui.fake import demo_raw
from ui.settings.widgets import kind
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


async def asked(blocks: gr.Blocks, event: Any, inputs: list[Any], sent: Any) -> list[Any]:
    """Ask a handler as the page does, up to the end of what it tells bit by bit; all its answers."""
    state, iterator, data = SessionState(blocks), None, gr.EventData(None, sent)
    request = gr.Request(headers={}, cookies={})
    answers = []
    for _ in range(50):
        answer = await blocks.process_api(
            event, inputs, state, request, iterator, session_hash="x", event_data=data
        )
        answers.append(answer["data"])
        iterator = answer["iterator"]
        if not answer["is_generating"]:
            break
    return answers


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
        chosen = random.Random(7).sample(chosen, 60)
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


CHOICES = [option for option in walk(RunConfig) if kind(option) == "choice"]


@pytest.mark.parametrize("named", ["os.system", "builtins.eval"])
def test_no_choice_of_a_run_names_code(app, window, named):
    (start,) = [
        event for event in app.blocks.fns.values() if (app.run.parts["start"]._id, "click") in event.targets
    ]
    assert len(CHOICES) > 10
    for option in CHOICES:
        raw = {**demo_raw(app), option.key: named}
        if option.key not in app.form.collect(raw):
            continue  # it has no effect beside the others, and is left out
        with pytest.raises(ConfigError) as error:
            app.form.check(raw, "en")
        assert option.key in {problem.key for problem in error.value.problems}
        shown = {component: raw[key] for key, component in app.form.components.items()}
        inputs = [shown.get(block, getattr(block, "value", None)) for block in start.inputs]
        asyncio.run(asked(app.blocks, start, inputs, None))
        assert window.runner.current is None
    for line in (f"--optimizer_type={named}", f"--network_module={named}", f"--lr_scheduler={named}"):
        imported = import_text(f"accelerate launch train_network.py {line}")
        assert named not in imported.values.values() and any(
            "not taken" in p.text("en") for p in imported.report
        )


MARKUP = "<img src=x onerror=alert(1)>"


def test_markup_in_names_captions_and_fields_is_shown_as_text(app, window, tmp_path):
    data = tmp_path / "data"
    folder = data / f"3_sls {MARKUP}"
    folder.mkdir(parents=True)
    Image.new("RGB", (64, 64), (9, 99, 9)).save(folder / f"{MARKUP}.png")
    (folder / f"{MARKUP}.txt").write_text(f"{MARKUP}, javascript:alert(1), ![x](http://x/y.png)", "utf-8")
    keys = {"dataset.train_data_dir": str(data), "save.output_name": f"a{MARKUP}", "model.base": f"/{MARKUP}"}
    raw = {**demo_raw(app), "sample.sample_prompts": MARKUP, "dataset.caption_extension": ".txt", **keys}
    shown = {component: raw[key] for key, component in app.form.components.items()}
    seen = []
    for event in app.blocks.fns.values():
        if event.fn is None:
            continue
        inputs = [
            shown.get(
                block,
                MARKUP if isinstance(block, gr.Textbox | gr.Dropdown) else getattr(block, "value", None),
            )
            for block in event.inputs
        ]
        try:
            answers = asyncio.run(
                asked(app.blocks, event, inputs, {"act": MARKUP, "on": MARKUP, "step": MARKUP})
            )
        except gr.Error as error:
            seen.append(error.message)
            continue
        for answer in answers:
            is_html = [isinstance(block, gr.HTML | gr.Markdown) for block in event.outputs]
            seen += [json.dumps(value) for value, html in zip(answer, is_html, strict=True) if html]
    assert len([text for text in seen if "&lt;img src=x onerror" in text]) > 10  # it was shown in many places
    assert [text for text in seen if "<img src=x" in text or "<img src=http" in text] == []


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


def test_a_field_of_files_takes_what_the_page_sends_for_a_file_and_nothing_else():
    one, many = gr.File(render=False), gr.File(file_count="multiple", render=False)
    sent = {"path": "/tmp/a.png", "meta": {"_type": "gradio.FileData"}}
    assert taken(one, sent) == sent and taken(many, [sent]) == [sent]
    for value in (["x", 1], "x", 7, {"a": [1]}, {"path": 1}, [[["x"]]]):
        for block in (one, many):
            with pytest.raises(UserError):
                taken(block, value)
