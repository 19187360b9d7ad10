"""What an earlier window has left, as the page opens: values that it can't show are put aside, and said."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.errors import Lang, UserError
from core.models.sd import hub
from ui.parts.markup import esc, note
from ui.parts.options import LEVELS, OPTIONS
from ui.parts.page import worded
from ui.settings.form import LONGEST, WRITTEN
from ui.settings.widgets import LARGEST_EXACT, kind, plain_type
from ui.text import say
from ui.window import Window

_PATIENCE = 0.5
"""Seconds that a drive has to say whether files are there; a page is not kept waiting for one that sleeps."""
_MOST_NAMED = 8
_MOST_LETTERS = 60


def can_show(key: str, value: Any) -> bool:
    """Whether the field of an option can hold a value: what is wrong otherwise is told by the checker."""
    if key == "level":
        return value in LEVELS
    option = OPTIONS.get(key)
    if option is None:
        return False
    what, is_optional = kind(option), plain_type(option)[1]
    if what == "check":
        return isinstance(value, bool)
    if what == "choice":
        choices = [None] if is_optional else []
        return any(
            value is one or (type(value) is type(one) and value == one) for one in (*choices, *_of(key))
        )
    if value is None:
        return True
    if what == "whole":
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return is_number and math.isfinite(value) and abs(value) <= LARGEST_EXACT
    return isinstance(value, str) and len(value) <= LONGEST and _is_text(value)


def _of(key: str) -> tuple[Any, ...]:
    return tuple(OPTIONS[key].meta.choices or ())


def _is_text(value: str) -> bool:
    """Whether a browser can be sent it: half of a pair of surrogates can't be."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class Kept:
    """What was found as the window opened."""

    def __init__(self, window: Window) -> None:
        self._damaged = window.draft.damaged
        self._refused, self._copy = window.draft.refuse(can_show)
        self._gone = _gone(window)

    def html(self, lang: Lang) -> str:
        """What there is to say, "" for nothing."""
        said = []
        if self._damaged is not None:
            why, aside = self._damaged
            said.append(say("kept.damaged", lang, why=worded(why, lang), file=aside.name))
        if self._refused:
            named = [f"{_label(key, lang)}: {_shortened(value)}" for key, value in self._refused.items()]
            key = "kept.refused" if self._copy else "kept.refused.only"
            file = self._copy.name if self._copy else ""
            said.append(say(key, lang, settings=_listed(named, lang), file=file))
        if self._gone:
            named = [f"{_label(key, lang)}: {path}" for key, path in self._gone.items()]
            said.append(say("kept.gone", lang, files=_listed(named, lang)))
        if not said:
            return ""
        close = f'<button type="button" class="rw-act" data-dismiss>{esc(say("kept.close", lang))}</button>'
        told = "".join(note(line) for line in said)
        return f'<section class="rw-kept" role="alert">{told}<div class="rw-acts">{close}</div></section>'


def _label(key: str, lang: Lang) -> str:
    return worded(OPTIONS[key].meta.label, lang) if key in OPTIONS else _shortened(key)


def _shortened(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _MOST_LETTERS else f"{text[:_MOST_LETTERS]}…"


def _listed(named: list[str], lang: Lang) -> str:
    """The first of them, and how many more there are."""
    more = len(named) - _MOST_NAMED
    mark = "、" if lang == "ja" else ", "
    return mark.join(named[:_MOST_NAMED]) + (say("kept.more", lang, n=more) if more > 0 else "")


def _gone(window: Window) -> dict[str, str]:
    """Files and folders that the settings name and that are not there: the settings stay as they are."""
    found: dict[str, str] = {}

    def look() -> None:
        found.update((key, text) for key, text, path in _named(window) if not path.exists())

    looking = threading.Thread(target=look, name="rareword-kept", daemon=True)
    looking.start()
    looking.join(_PATIENCE)
    return {} if looking.is_alive() else found


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
