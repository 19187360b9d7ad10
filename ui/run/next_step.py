"""What a window says before its first run: that it can start, or what has still to be chosen."""

from __future__ import annotations

from typing import NamedTuple

from core.errors import Lang, UserError
from ui.parts.markup import esc, goto, leads_to, note
from ui.parts.options import OPTIONS
from ui.settings.demo import is_demos
from ui.text import say
from ui.window import Window


class Need(NamedTuple):
    """What should be chosen before a start. words: what to do. options: any one of them; the first is shown.

    why: what is wrong with what is chosen. place: where a click leads, when not to that option.
    """

    words: str
    options: tuple[str, ...]
    why: str = ""
    place: str = ""


IMAGES = Need("run.choose.images", ("dataset.train_data_dir", "dataset.in_json", "dataset.dataset_config"))
BASE = Need("run.choose.base", ("model.base",))
OWN = Need("run.choose.base.own", ("model.base",), "run.choose.base.why")
REG = Need("run.choose.reg", ("dataset.reg_data_dir",), "run.choose.reg.why")
PROMPTS = Need("run.choose.prompts", ("sample.sample_prompts",), "run.choose.reg.why")
PRESET = Need(
    "run.choose.preset",
    ("dataset.resolution", "train.learning_rate"),
    "run.choose.preset.why",
    leads_to("preset-choice"),
)


def missing(window: Window) -> Need | None:
    """The first thing that has still to be chosen, as the page stands."""
    settings = window.settings
    for need in (IMAGES, BASE):
        if not any(str(settings.get(key) or "").strip() for key in need.options):
            return need
    return None


def leftover(window: Window) -> Need | None:
    """What of the demo is still there beside a user's own images or model; it would train, but badly."""
    settings = window.settings
    own = {need: not _is_demo(window, str(settings.get(need.options[0]) or "")) for need in (IMAGES, BASE)}
    if own[IMAGES] and not own[BASE]:
        return OWN
    if own[BASE] and all(is_demos(window, key) for key in PRESET.options):
        return PRESET
    still = (need for need in (REG, PROMPTS) if is_demos(window, need.options[0]))
    return next(still, None) if own[IMAGES] else None


def invitation_html(window: Window, lang: Lang) -> str:
    """What to do next; what is missing is led to by a click (script/goto.js)."""
    need = missing(window) or leftover(window)
    if need is None:
        chosen = (str(window.settings.get(need.options[0]) or "") for need in (IMAGES, BASE))
        is_demo = all(_is_demo(window, path) for path in chosen)
        return note(say("run.ready.demo" if is_demo else "run.ready", lang))
    way = need.place or goto(OPTIONS[need.options[0]])
    button = f'<button type="button" class="rw-link" {way}>{esc(say(need.words, lang))}</button>'
    why = f"{'。' if lang == 'ja' else '. '}{esc(say(need.why, lang))}" if need.why else ""
    return f'<p class="rw-note is-plain">{esc(say("run.choose", lang))} {button}{why}</p>'


def _is_demo(window: Window, path: str) -> bool:
    """Whether a folder or model is the demo's own."""
    try:
        return bool(path) and window.paths.confined(path).is_relative_to(window.project / "demo")
    except UserError:
        return False
