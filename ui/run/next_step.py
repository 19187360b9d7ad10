"""What comes next: that a run can start, or what has still to be chosen; said before and after a run."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from core.catalog import Words
from core.config import base_family
from core.errors import Lang, UserError
from core.families import FAMILIES
from ui.parts.markup import esc, goto, leads_to, note
from ui.parts.options import OPTIONS
from ui.run.faults import wrong
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


_MOST_MODELS = 3
_STOP = Words(". ", "。")

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
    own = {need: not is_demo(window, str(settings.get(need.options[0]) or "")) for need in (IMAGES, BASE)}
    if own[IMAGES] and not own[BASE]:
        return OWN
    if own[BASE] and all(is_demos(window, key) for key in PRESET.options):
        return PRESET
    still = (need for need in (REG, PROMPTS) if is_demos(window, need.options[0]))
    return next(still, None) if own[IMAGES] else None


def invitation_html(window: Window, lang: Lang) -> str:
    """What to do next; what is missing is led to by a click (script/goto.js)."""
    need = needed(window)
    if need is None and (faults := wrong(window)):
        first, n = faults[0], len(faults)
        words = esc(say("run.mend", lang, label=first.meta.label.of(lang)))
        more = esc(say("run.mend.more", lang, n=n - 1)) if n > 1 else ""
        link = f'<button type="button" class="rw-link" {goto(first)}>{words}</button>{more}'
        return f'<p class="rw-note is-plain">{esc(say("run.choose", lang))} {link}</p>'
    if need is None:
        return note(say("run.ready.demo" if _is_all_demo(window) else "run.ready", lang))
    way = need.place or goto(OPTIONS[need.options[0]])
    button = f'<button type="button" class="rw-link" {way}>{esc(say(need.words, lang))}</button>'
    why = _STOP.of(lang) + esc(say(need.why, lang)) if need.why else ""
    said = f'<p class="rw-note is-plain">{esc(say("run.choose", lang))} {button}{why}</p>'
    uses = uses_html(window, lang) if need in (BASE, OWN) else ""
    return said + (f'<div class="rw-acts">{uses}</div>' if uses else "")


def after_html(window: Window, lang: Lang) -> str:
    """What stands in the way of the next run, once one is over."""
    return "" if is_ready(window) else invitation_html(window, lang)


def is_ready(window: Window) -> bool:
    """Whether nothing is missing, of the demo beside one's own, or wrong in the settings."""
    return needed(window) is None and not wrong(window)


def needed(window: Window) -> Need | None:
    """The first thing that is missing or of the demo, as the page stands."""
    return missing(window) or leftover(window)


def uses_html(window: Window, lang: Lang) -> str:
    """Buttons that take a model of the user's own, with a preset for it (script/head.js)."""
    return "".join(
        f'<button type="button" class="rw-act is-main" data-use="{esc(path)}">'
        f"{esc(say('next.use', lang, name=Path(path).name))}</button>"
        for path in own_models(window)
    )


def own_models(window: Window) -> list[str]:
    """Base models in the workspace's folder for them, the newest first, as the page names them."""
    found = []
    try:
        for path in (window.workspace / "models").iterdir():
            base = base_family.identity(str(path)) if path.suffix == ".safetensors" or path.is_dir() else None
            if base is not None and base.kind == "model" and base.family in FAMILIES:
                found.append((path.stat().st_mtime, window.paths.short(str(path))))
    except OSError:
        return []
    return [path for _, path in sorted(found, reverse=True)[:_MOST_MODELS]]


def _is_all_demo(window: Window) -> bool:
    return all(is_demo(window, str(window.settings.get(need.options[0]) or "")) for need in (IMAGES, BASE))


def is_demo(window: Window, path: str) -> bool:
    """Whether a folder or model is the demo's own."""
    try:
        return bool(path) and window.paths.confined(path).is_relative_to(window.project / "demo")
    except UserError:
        return False
