"""What is open on each tab, in a word or two on the tab itself: images and model, settings with faults."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from core.catalog import MOVED
from core.config import base_family
from core.data.sources import folders
from core.errors import Lang, UserError
from core.models import hub
from ui.parts.markup import esc
from ui.run.faults import known, shown, wrong
from ui.run.next_step import is_demo
from ui.text import say
from ui.window import Window

_RECENT = 5
"""Seconds for which images are not counted again."""


class State(NamedTuple):
    """text: on the tab. title: the same in a sentence. tone: done, demo or open."""

    text: str
    title: str
    tone: str


def states(window: Window, lang: Lang) -> dict[str, State]:
    """Tab -> how it stands."""
    found = {"dataset": _images(window, lang), "model": _model(window, lang)}
    faults = Counter(option.tab for option in wrong(window))
    for tab in ("training", "lora"):
        found[tab] = _settings(faults[tab], lang)
    if shown(window).get("network.method") == "none":
        found["lora"] = _state("unused", "done", lang)
    return found


def states_html(found: Mapping[str, State]) -> str:
    """For script/tabs.js, which writes them on the tabs."""
    return "".join(
        f'<i data-tab-of="{tab}" data-tab-tone="{tone}" title="{esc(title)}">{esc(text)}</i>'
        for tab, (text, title, tone) in found.items()
    )


def _state(key: str, tone: str, lang: Lang, **gaps: object) -> State:
    return State(say(f"tab.is.{key}", lang, **gaps), say(f"tab.is.{key}.title", lang, **gaps), tone)


def _images(window: Window, lang: Lang) -> State:
    settings = window.settings
    if settings.get("dataset.dataset_config") or settings.get("dataset.in_json"):
        return _state("listed", "done", lang)
    path = str(settings.get("dataset.train_data_dir") or "").strip()
    if not path:
        return _state("none", "open", lang)
    if is_demo(window, path):
        return _state("demo", "demo", lang)
    n = known(window, "images", (path, int(time.monotonic() / _RECENT)), lambda: _count(window, path))
    return _state("images", "done" if n else "open", lang, n=n)


def _count(window: Window, path: str) -> int:
    """Images in the folders below one; 0 where it may not be read or is not there."""
    try:
        found = folders.scan(Path(window.paths.confined(path)), is_reg=False).folders
    except (UserError, OSError):
        return 0
    return sum(len(folder.images) for folder in found)


def _model(window: Window, lang: Lang) -> State:
    text = str(window.settings.get("model.base") or "").strip()
    if not text:
        return _state("none", "open", lang)
    if is_demo(window, text):
        return _state("demo", "demo", lang)
    try:
        base = window.paths.model(text)
    except UserError:
        return _state("missing", "open", lang)
    if base in MOVED and hub.fetched(base) is None:
        return _state("missing", "open", lang)
    family = base_family.of(base, str(window.settings.get("model.family") or "auto"))
    if family is not None:
        return _state("family", "done", lang, name=family.marks.name)
    if hub.is_id(base):
        return _state("hub", "done", lang)
    return _state("unknown" if Path(base).exists() else "missing", "open", lang)


def _settings(n: int, lang: Lang) -> State:
    return _state("faults", "open", lang, n=n) if n else _state("checked", "done", lang)
