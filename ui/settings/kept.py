"""What an earlier window has left, as the page opens: values that it can't show are put aside, and said."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.catalog import Words
from core.counting import joined
from core.errors import Lang, UserError
from core.models import hub
from ui.parts.markup import esc, note
from ui.parts.options import LEVELS, OPTIONS
from ui.settings.form import WRITTEN
from ui.settings.widgets import can_hold
from ui.text import say
from ui.window import Window

_PATIENCE = 0.5
"""Seconds that a drive has to say whether files are there; a page is not kept waiting for one that sleeps."""
_MOST_NAMED = 8
_MOST_LETTERS = 60


def can_show(key: str, value: Any) -> bool:
    """Whether a page can show a value that was kept; what else may be wrong with it the checker tells."""
    if key == "level":
        return value in LEVELS
    return key in OPTIONS and can_hold(OPTIONS[key], value)


class Kept:
    """What there is to say about what an earlier window has left."""

    def __init__(self, window: Window) -> None:
        self._window = window
        window.draft.refuse(can_show)
        self._gone = _gone(window)

    def html(self, lang: Lang) -> str:
        """Everything there is to say, "" for nothing."""
        draft, lines = self._window.draft, []
        if draft.damaged is not None:
            why, aside = draft.damaged
            lines.append(say("kept.damaged", lang, why=why.of(lang), file=aside.name))
        if draft.refused:
            named = [_refused(key, value, lang) for key, value in draft.refused.items()]
            lines.append(say("kept.refused", lang, settings=_listed(named, lang)))
        if draft.copy is not None:
            lines.append(say("kept.copy", lang, file=draft.copy.name))
        if self._gone:
            named = [f"{_label(key, lang)}: {path}" for key, path in self._gone.items()]
            lines.append(say("kept.gone", lang, files=_listed(named, lang)))
        if not lines:
            return ""
        close = f'<button type="button" class="rw-act" data-dismiss>{esc(say("kept.close", lang))}</button>'
        notes = "".join(note(line) for line in lines)
        return f'<section class="rw-kept" role="alert">{notes}<div class="rw-acts">{close}</div></section>'


def _refused(key: str, value: Any, lang: Lang) -> str:
    """A setting that was left out, with what may stand there."""
    named = (
        f"{_label(key, lang)} “{_shortened(value)}”"
        if lang == "en"
        else f"{_label(key, lang)}「{_shortened(value)}」"
    )
    choices = OPTIONS[key].choices if key in OPTIONS else None
    return named + (say("kept.choices", lang, names=", ".join(map(str, choices))) if choices else "")


def _label(key: str, lang: Lang) -> str:
    return OPTIONS[key].meta.label.of(lang) if key in OPTIONS else _shortened(key)


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"


def _listed(named: list[str], lang: Lang) -> str:
    """The first of them, and how many more there are."""
    more = len(named) - _MOST_NAMED
    first = joined((Words(name, name) for name in named[:_MOST_NAMED]), ja="、")
    return first.of(lang) + (say("kept.more", lang, n=more) if more > 0 else "")


def _gone(window: Window) -> dict[str, str]:
    """Files and folders that the settings name and that are not there: the settings stay as they are."""
    gone: dict[str, str] = {}

    def check() -> None:
        gone.update((key, text) for key, text, path in _named(window) if not path.exists())

    checking = threading.Thread(target=check, name="rareword-kept", daemon=True)
    checking.start()
    checking.join(_PATIENCE)
    return {} if checking.is_alive() else gone


def _named(window: Window) -> Iterator[tuple[str, str, Path]]:
    for key, value in window.draft.values.items():
        option = OPTIONS.get(key)
        if option is None or not option.meta.path or key in WRITTEN or not isinstance(value, str):
            continue
        text = value.strip()
        if not text or (key == "save.resume" and text == "auto"):
            continue
        if option.meta.path == "model" and hub.is_id(text):
            continue
        try:
            yield key, text, window.paths.confined(text)
        except UserError:
            continue  # said by the checker
