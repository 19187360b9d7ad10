"""What is worth doing once a run has left a model: try it; after the demo, take images of one's own."""

from __future__ import annotations

from core.errors import Lang, UserError
from core.runs import past_runs
from ui.parts.markup import esc, leads_to
from ui.text import say
from ui.window import Window
from ui.window.run_state import RunView

TRY_IT = "try-it"
"""The card where a result is tried (script/tools.js chooses the result there)."""


def acts_of_result(window: Window, view: RunView, id_: str, lang: Lang) -> str:
    """Buttons that lead on from the result of the run that is shown. id_: of the result, "" for none."""
    acts = ""
    if id_:
        chosen = f'data-try="{esc(id_)}" {leads_to(TRY_IT, "tools")}'
        acts = f'<button type="button" class="rw-act is-main" {chosen}>{esc(say("runs.try", lang))}</button>'
    if _is_demo(window, view):
        own = leads_to("make-source", "dataset")
        acts += f'<button type="button" class="rw-act" {own}>{esc(say("run.result.own", lang))}</button>'
    return acts


def _is_demo(window: Window, view: RunView) -> bool:
    """Whether the run trained the demo's images."""
    values = past_runs.values_of(view.folder) if view.folder else {}
    folder = values.get("dataset.train_data_dir")
    try:
        return bool(folder) and window.paths.confined(str(folder)).is_relative_to(window.project / "demo")
    except UserError:
        return False
