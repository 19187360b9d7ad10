"""What a window says before its first run: that it can start, or what has still to be chosen."""

from __future__ import annotations

from typing import NamedTuple

from core.errors import Lang, UserError
from ui.parts.markup import esc, note
from ui.parts.options import OPTIONS
from ui.settings.showing import goto
from ui.text import say
from ui.window import Window


class Need(NamedTuple):
    """What nothing can start without. words: what to do. options: any one of them; the first is shown."""

    words: str
    options: tuple[str, ...]


PICTURES = Need(
    "run.choose.pictures", ("dataset.train_data_dir", "dataset.in_json", "dataset.dataset_config")
)
BASE = Need("run.choose.base", ("model.base",))


def missing(window: Window) -> Need | None:
    """The first thing that has still to be chosen, as the page stands."""
    settings = window.settings
    for need in (PICTURES, BASE):
        if not any(str(settings.get(key) or "").strip() for key in need.options):
            return need
    return None


def invitation_html(window: Window, lang: Lang) -> str:
    """What to do next; what is missing is led to by a click (GO_TO in the head)."""
    need = missing(window)
    if need is None:
        return note(say("run.ready.demo" if _is_demo(window) else "run.ready", lang))
    way = goto(OPTIONS[need.options[0]])
    button = f'<button type="button" class="rw-link" {way}>{esc(say(need.words, lang))}</button>'
    return f'<p class="rw-note is-plain">{esc(say("run.choose", lang))} {button}</p>'


def _is_demo(window: Window) -> bool:
    """Both the pictures and the model are the demo's own."""
    demo = window.project / "demo"
    chosen = [str(window.settings.get(need.options[0]) or "") for need in (PICTURES, BASE)]
    try:
        return all(window.paths.confined(path).is_relative_to(demo) for path in chosen)
    except UserError:
        return False
