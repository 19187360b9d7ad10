"""What can follow a run that is over: further steps of a finished one, and what resuming anyway means."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from core.config import check
from core.config.file import toml_text
from core.config.output_names import ENDINGS
from core.config.schema import numbers
from core.config.schema.option import MOST
from core.errors import Lang, UserError
from core.runs import past_runs, result_names
from core.runs.state_folder import CHANGED
from ui.parts.html_events import LISTEN, button, fields_of
from ui.parts.markup import esc, goto, note
from ui.parts.options import OPTIONS
from ui.run import messages
from ui.text import say
from ui.window import Window
from ui.window.last_run import step_of
from ui.window.run_state import RunView

USUAL = 100
"""Further steps that are offered at first, where half of the run is more."""

_FREE = {"train.max_train_epochs": "", "train.early_stopping_patience": ""}
"""What could end a run before so many further steps."""


@dataclass(frozen=True)
class Origin:
    """What further steps start from.

    kind: "state", "lora" or "model". path: of it. step: of a state. text: the run's own file. name: output
    name of the run.
    """

    kind: str
    path: Path
    step: int
    text: str
    name: str
    is_patient: bool


class MoreSteps:
    """One piece of HTML below the outcome of a run; empty while a run is under way."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self.part = gr.HTML(elem_id="run-more", elem_classes=["rw-maybe"], padding=False, js_on_load=LISTEN)

    def show(self, view: RunView, lang: Lang) -> str:
        """What can be done now."""
        if view.ended is not None and view.ended.code in CHANGED:
            return note(say("resume.anyway.info", lang), "warn")
        origin = self._origin(view)
        return "" if origin is None else _more_html(origin, view.total, lang)

    def start(self, event: Any, lang: Lang) -> str:
        """Train as many further steps as the page says. Raises UserError."""
        view, _ = self._window.look()
        origin = self._origin(view)
        count = numbers.whole(fields_of(event).get("steps", ""))
        if origin is None:
            raise UserError(messages.NOTHING_TO_CONTINUE())
        if count is None or not 1 <= count <= MOST:
            raise UserError(messages.FURTHER_STEPS(most=MOST))
        chosen = _FREE | self._changes(origin, count)
        overrides = [f"{key}={toml_text.toml_value(value)}" for key, value in chosen.items()]
        run = self._window.runner.start(origin.text, overrides)
        return note(say("more.started", lang, name=run.config.save.output_name or "last"), "good")

    def _changes(self, origin: Origin, count: int) -> dict[str, Any]:
        """The options in which the further run differs from the one before."""
        if origin.kind == "state":
            return {
                "save.resume": str(origin.path),
                "save.resume_anyway": False,
                "train.max_train_steps": origin.step + count,
            }
        save = check.check(origin.text, ['save.resume=""']).config.save
        key = "network.weights" if origin.kind == "lora" else "model.base"
        return {
            key: str(origin.path),
            "save.resume": "",
            "save.output_name": result_names.free(save),
            "train.max_train_steps": count,
        }

    def _origin(self, view: RunView) -> Origin | None:
        """What a finished run left to go on from: its last state, else its model."""
        if view.is_live or view.status != "done" or view.folder is None:
            return None
        try:
            text = toml_text.read(view.folder / past_runs.RUN_FILE)
            config = check.check(text).config
            is_patient = config.train.early_stopping_patience is not None
            name = config.save.output_name or "last"
            if view.state_path:
                state = self._window.paths.confined(view.state_path)
                if step_of(state) == view.at_step:
                    return Origin("state", state, view.at_step, text, name, is_patient)
            if not view.model_path:
                return None
            model = self._window.paths.confined(view.model_path)
        except (UserError, OSError):
            return None
        is_lora = config.network.method != "none"
        if not model.exists() or (is_lora and model.suffix != ENDINGS["safetensors"]):
            return None
        return Origin("lora" if is_lora else "model", model, 0, text, name, False)


def _more_html(origin: Origin, total: int, lang: Lang) -> str:
    usual = min(USUAL, max(1, total // 2)) if total else USUAL
    field = (
        f'<input name="steps" type="text" inputmode="numeric" value="{usual}" maxlength="9" '
        f'aria-label="{esc(say("more.label", lang))}">'
    )
    info = say(f"more.{origin.kind}.info", lang, step=origin.step, name=origin.path.name)
    if origin.is_patient:
        info += (" " if lang == "en" else "") + say("more.patience", lang)
    keep = ""
    if origin.kind != "state":
        way = goto(OPTIONS["save.save_state_on_train_end"])
        keep = f'<button type="button" class="rw-link" {way}>{esc(say("more.keep", lang))}</button>'
    return (
        f'<section class="rw-further rw-fields"><h3>{esc(say("more.title", lang))}</h3>'
        f'<div class="rw-further-row">{field}<span>{esc(say("more.steps", lang))}</span>'
        f"{button('more', '', say(f'more.{origin.kind}', lang), 'is-main')}</div>"
        f"<p>{esc(info)} {keep}</p></section>"
    )
