"""What a browser does with a page, without one: values are sent, answers are shown, by Gradio's own means."""

from __future__ import annotations

import asyncio
from typing import Any

import gradio as gr
from gradio.state_holder import SessionState

from ui.app import App


class Session:
    """One opened page. shown: what stands in each component, as a browser has it."""

    def __init__(self, app: App, lang: str = "en") -> None:
        self.app, self._blocks = app, app.blocks
        self._state = SessionState(app.blocks)
        self.shown = {block: getattr(block, "value", None) for block in app.blocks.blocks.values()}
        self.choices = {
            block: list(block.choices) for block in app.blocks.blocks.values() if hasattr(block, "choices")
        }
        self.shown[app.lang] = lang

    @property
    def blocks(self) -> dict[int, Any]:
        """The components that Gradio keeps for this page, by their number."""
        return self._state.blocks_config.blocks

    def put(self, component: Any, value: Any) -> None:
        """Choose or type a value."""
        self.shown[component] = value

    def do(self, component: Any, event: str, sent: Any = None) -> dict[Any, Any]:
        """What the server answers to an event, shown; raises gr.Error where a browser gets HTTP 500."""
        return {block: self.shown[block] for block in self.answers(component, event, sent)}

    def answers(self, component: Any, event: str, sent: Any = None) -> dict[Any, Any]:
        """As `do`; gives the answers as they are sent."""
        answers: dict[Any, Any] = {}
        for fn in [*self._blocks.fns.values()]:
            if fn.fn is None or (component._id, event) not in fn.targets:
                continue
            data = gr.EventData(component, sent) if sent is not None else None
            inputs = [None if block.stateful else self.shown[block] for block in fn.inputs]
            made = asyncio.run(
                self._blocks.process_api(fn, inputs, self._state, request=None, event_data=data)
            )
            for block, answer in zip(fn.outputs, made["data"], strict=True):
                self._show(block, answer)
                answers[block] = answer
        assert answers, f"nothing listens to {event} of {component.elem_id}"
        return answers

    def _show(self, block: Any, answer: Any) -> None:
        if not (isinstance(answer, dict) and answer.get("__type__") == "update"):
            self.shown[block] = answer["value"] if isinstance(answer, dict) and "value" in answer else answer
            return
        if "value" in answer:
            self.shown[block] = answer["value"]
        if "choices" in answer:
            self.choices[block] = [tuple(choice) for choice in answer["choices"]]
