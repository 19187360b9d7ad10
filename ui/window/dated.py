"""Messages that are true as long as the settings or a run stand as they did: the page sees when they don't.

A piece of HTML bears a word for how its subject stood. Pages ask once a second for the words of now
(ui/run/polling.py), and mark or hide what bears another (script/live.js), whoever changed what.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, Literal

from core.errors import Lang
from ui.parts.markup import esc
from ui.parts.options import OPTIONS
from ui.text import say
from ui.window import Window

Subject = Literal["settings", "dataset", "captions", "run", "start", "queue"]

_OF_CAPTIONS = (
    *(f"dataset.{name}" for name in ("train_data_dir", "reg_data_dir", "dataset_config", "in_json")),
    *(f"dataset.{name}" for name in ("caption_extension", "enable_wildcard")),
    *(f"dataset.{name}" for name in ("caption_prefix", "caption_suffix")),
    "model.max_token_length",
)
_PUT_RIGHT = {"settings": "dated.settings", "dataset": "dated.dataset", "captions": "dated.dataset"}
"""What is marked with a sentence when it is over; the rest goes."""


def dated(window: Window, subject: Subject, html: str, lang: Lang, word: str = "") -> str:
    """HTML that is true as long as its subject stands as it does now, or as by this word; "" for none."""
    if not html:
        return ""
    bears = f'data-dated="{subject} {word or words(window)[subject]}"'
    if subject not in _PUT_RIGHT:
        return f'<div class="rw-dated is-passing" {bears}>{html}</div>'
    said = esc(say(_PUT_RIGHT[subject], lang))
    return (
        f'<div class="rw-dated" {bears}><p class="rw-note is-plain rw-over">{said}</p><div>{html}</div></div>'
    )


def words(window: Window) -> dict[Subject, str]:
    """How each subject stands now, as a word each."""
    kept = window.draft.values
    settings = {key: kept[key] for key in sorted(kept) if key in OPTIONS}
    dataset = {key: value for key, value in settings.items() if key.startswith("dataset.")}
    view, (number, _, status) = window.look()
    return {
        "settings": _word(settings),
        "dataset": _word((dataset, settings.get("model.max_token_length"), window.captions.changes)),
        "captions": _word([settings.get(key) for key in _OF_CAPTIONS]),
        "run": _word((window.token, number, status, len(view.saved), len(view.samples))),
        "start": _word((window.token, number)),
        "queue": _word((window.token, window.queue.look().version)),
    }


def _word(state: Any) -> str:
    return blake2b(repr(state).encode("utf-8", "replace"), digest_size=6).hexdigest()
