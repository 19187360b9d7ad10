"""Samples in mid-run: the prompts of the run, to be changed while it goes on."""

from __future__ import annotations

from typing import Any

import gradio as gr

from core.config.schema.run import RunConfig
from core.errors import Lang, UserError
from core.runs import sample_prompts
from ui.parts.localized import Page, column, texts
from ui.parts.options import OPTIONS
from ui.run.messages import EMPTY_PROMPTS, MANY_PROMPTS
from ui.settings.prompt_rows import rows_html

LONGEST = 8000
"""Characters."""

MOST = 16
"""Prompts; each takes as long as some dozen steps."""


def _rows(lang: Lang) -> str:
    return rows_html("run-prompts", OPTIONS["dataset.resolution"], lang)


class PromptField:
    """A field with a prompt on each line, and whether they stay. Its parts stand among those of the panel."""

    def __init__(self, page: Page) -> None:
        self.parts: dict[str, Any] = {}
        self.parts["prompts_box"] = page.add(
            gr.Accordion, texts(label="run.prompts"), open=False, elem_id="run-prompts-box", visible=False
        )
        with self.parts["prompts_box"], column():
            self.parts["prompts"] = page.add(
                gr.Textbox,
                texts(label="run.prompts.label", info="run.prompts.help"),
                lines=3,
                max_lines=8,
                elem_id="run-prompts",
            )
            page.add(gr.HTML, {"value": _rows}, elem_id="run-prompt-rows", padding=False)
            self.keep = page.add(gr.Checkbox, texts(label="run.prompts.keep"), elem_id="run-prompts-keep")
            self.draw = page.add(
                gr.Button, texts(value="run.prompts.draw"), size="sm", elem_id="run-prompts-draw"
            )

    def show(self, run: Any) -> dict[Any, Any]:
        """The updates that put the prompts of a run into the field."""
        return {self.parts["prompts"]: gr.update(value="\n".join(lines_of(run)))}


def lines_of(run: Any) -> tuple[str, ...]:
    """What samples of a run are drawn of now, a line each with all its options; () if that can't be read."""
    given = run.control.sample_lines
    config: RunConfig = run.config
    resolution, seed = config.dataset.resolution, config.train.seed or 0
    try:
        if given is not None:
            prompts = sample_prompts.of_lines(given, resolution, seed)
        else:
            prompts = sample_prompts.parse(config.sample.sample_prompts, resolution, seed)
    except UserError:
        return ()  # a file of prompts that is gone
    return tuple(map(sample_prompts.as_line, prompts))


def checked(text: Any, config: RunConfig) -> tuple[str, ...]:
    """The lines of the field. Raises UserError when one is not understood, or there is none."""
    lines = tuple(line.strip() for line in str(text or "").splitlines() if line.strip())
    if len(str(text)) > LONGEST or len(lines) > MOST:
        raise UserError(MANY_PROMPTS(most=MOST))
    if not sample_prompts.of_lines(lines, config.dataset.resolution, config.train.seed or 0):
        raise UserError(EMPTY_PROMPTS())
    return lines
