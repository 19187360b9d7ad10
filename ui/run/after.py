"""What is worth doing once a run has left a model: try it; after the demo, take images of one's own."""

from __future__ import annotations

from pathlib import Path

from core.errors import Lang, UserError
from core.runs import past_runs
from ui.parts.markup import esc, leads_to
from ui.text import say
from ui.window import Window
from ui.window.results import at, download_html
from ui.window.run_state import RunView

TRY_IT = "try-it"
"""The card where a result is tried (script/tools.js chooses the result there)."""


def acts_of_result(window: Window, view: RunView, id_: str, lang: Lang) -> str:
    """Buttons that lead on from the result of the run that is shown. id_: of the result, "" for none."""
    acts = _try_html(id_, lang) if id_ else ""
    if _is_demo(window, view):
        own = leads_to("make-source", "dataset")
        acts += f'<button type="button" class="rw-act" {own}>{esc(say("run.result.own", lang))}</button>'
    return acts


def _try_html(id_: str, lang: Lang) -> str:
    chosen = f'data-try="{esc(id_)}" {leads_to(TRY_IT, "tools")}'
    return f'<button type="button" class="rw-act is-main" {chosen}>{esc(say("runs.try", lang))}</button>'


def best_html(window: Window, view: RunView, lang: Lang) -> str:
    """The model of the lowest validation loss, once a run has ended with another; it is the one to take."""
    models = [saved for saved in view.saved if saved.kind == "model"]
    best = next((saved for saved in reversed(models) if saved.info.get("kind") == "best"), None)
    result = at(window, best.path) if best is not None else None
    if best is None or result is None or view.is_live or best.step == models[-1].step:
        return ""
    told = say("run.result.best", lang, step=best.step, loss=f"{best.info.get('validation_loss', 0):.4f}")
    acts = download_html(result.address, lang) + _try_html(result.id, lang)
    return (
        f'<div class="rw-result"><span>{esc(told)}</span><strong>{esc(Path(best.path).name)}</strong>'
        f'<div class="rw-acts">{acts}</div></div>'
    )


def _is_demo(window: Window, view: RunView) -> bool:
    """Whether the run trained the demo's images."""
    values = past_runs.values_of(view.folder) if view.folder else {}
    folder = values.get("dataset.train_data_dir")
    try:
        return bool(folder) and window.paths.confined(str(folder)).is_relative_to(window.project / "demo")
    except UserError:
        return False
