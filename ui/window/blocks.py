"""Gradio's page with a border: values are looked at before any handler; whatever goes wrong is a sentence."""

from __future__ import annotations

import math
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState
from pydantic import ValidationError

from core.errors import UserError
from ui.window import Window, messages
from ui.window.error_page import error_for_page

LARGEST = 1e300
"""Of a number; none of ours is near it, and beyond it arithmetic ends in exceptions."""


MOST_PAGES = 32
"""Pages that Gradio keeps the components of, 1.3 MB each: those used last; each opening adds one."""

_SAME = {"__type__": "update"}
_SAME_HTML = {**_SAME, "props": _SAME}
"""What Gradio makes of HTML that stays as it is, and the page then sets anew."""


class Blocks(gr.Blocks):
    """A page whose handlers get texts, numbers, yes or no, nothing, and Gradio's files where they take some.

    A user can't send anything else, but whoever may use the window can ask without the page.
    """

    def __init__(self, window: Window, **more: Any) -> None:
        super().__init__(**more)
        self._window = window
        self.state_session_capacity = MOST_PAGES

    async def process_api(self, *args: Any, **more: Any) -> dict[str, Any]:
        """As Gradio's. Raises gr.Error alone, with a sentence in the language of the page that asked."""
        try:
            return await super().process_api(*args, **more)
        except Exception as e:
            raise error_for_page(e, self._window, (*args, *more.values())) from None

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *args: Any, **more: Any) -> list[Any]:
        """As Gradio's, of values that are what their component can hold. Raises UserError for others."""
        if len(inputs) < len(block_fn.inputs):  # of a page from before a restart; of too many the first count
            raise UserError(messages.OLD_PAGE())
        inputs = [taken(block, value) for block, value in zip(block_fn.inputs, inputs, strict=False)]
        values: list[Any] = await super().preprocess_data(block_fn, inputs, *args, **more)
        return values

    async def postprocess_data(
        self, block_fn: Any, predictions: Any, state: SessionState | None, *args: Any, **more: Any
    ) -> list[Any]:
        """As Gradio's, but what is updated leaves no component more in memory, and what is not goes unsent.

        A session's updated component is a new one with a number of its own, which Gradio puts beside the old
        one when the next event names it, and never forgets: thousands after some changes of the language.
        """
        answer: list[Any] = await super().postprocess_data(block_fn, predictions, state, *args, **more)
        kept = {} if state is None else state.blocks_config.blocks
        for block in block_fn.outputs:
            if block._id in kept:
                kept[block._id]._id = block._id
        return [dict(_SAME) if one == _SAME_HTML else one for one in answer]


def quiet(blocks: gr.Blocks) -> None:
    """Let events that show no progress also not tell their outputs of it.

    The page would keep a state of progress for every output of every event it has seen, and set all of them
    anew, twice, at each further event: after a change of the language that is every component there is.
    """
    for event in blocks.fns.values():
        if event.show_progress == "hidden":
            event.show_progress_on = []


def taken(block: Any, value: Any) -> Any:
    """A value as its component can hold it: numbers become text in fields of text.

    Raises UserError for lists, objects, half characters, and numbers that are none.
    """
    is_file = isinstance(block, gr.File | gr.UploadButton)
    if block.stateful or value is None or (is_file and is_of_files(block, value)):
        return value
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_whole = not isinstance(value, str) or not any(0xD800 <= ord(c) < 0xE000 for c in value)
    is_usable = not is_number or (math.isfinite(value) if isinstance(value, float) else abs(value) < LARGEST)
    if is_file or not isinstance(value, str | int | float) or not is_whole or not is_usable:
        name = str(getattr(block, "label", None) or block.elem_id or type(block).__name__)
        raise UserError(messages.BAD_FIELD(name=name))
    is_text = isinstance(block, gr.Textbox | gr.HTML | gr.Radio | gr.Dropdown)
    of_numbers = any(isinstance(one, int) for _, one in getattr(block, "choices", None) or ())
    return str(value) if is_text and not of_numbers else value


def is_of_files(block: Any, value: Any) -> bool:
    """Whether a value has the form in which the page sends files; which ones, the guard checks."""
    try:
        block.data_model.model_validate(value, context={"validate_meta": True})
    except ValidationError:
        return False
    return True
