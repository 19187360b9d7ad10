"""How the list of runs looks: a row for each, what is opened below it, the head of those that are ticked."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.catalog import METHODS
from core.counting import size_text
from core.errors import Lang
from core.runs import checkpoints, past_runs
from core.runs.past_runs import PastRun, Record
from core.sinks import duration
from ui.parts.html_events import button
from ui.parts.images import url
from ui.parts.markup import esc, facts, leads_to, note
from ui.parts.numbers import minute
from ui.parts.thumbs import Thumbs
from ui.text import WORDS, say
from ui.window.paths import Paths
from ui.window.results import Result, download_html, of_path

RESUMABLE = ("interrupted", "stopped", "failed")
AGAIN = (*RESUMABLE, "refused")
"""How a run ended that may be run again from its beginning."""
SIDE = 128
"""Pixels of the thumbnail of a run."""

MADE_AT_ONCE = 24
"""Small thumbnails that one look makes; others come with the next."""


def name_of(run: PastRun) -> str:
    """What the page calls a run: no path, and the same after a restart."""
    return hashlib.blake2b(str(run.folder).encode("utf-8", "replace"), digest_size=8).hexdigest()


@dataclass(frozen=True)
class Listed:
    """What the list shows. results: what can be fetched, by its real path. chosen: ticked, by name.

    opened, detail: the run whose details stand below its row, and these as HTML.
    """

    runs: Sequence[PastRun]
    removed: Sequence[PastRun]
    results: Mapping[str, Result]
    chosen: Collection[str]
    opened: str = ""
    detail: str = ""


def list_html(listed: Listed, folder: str, thumbs: Thumbs, lang: Lang) -> str:
    """The rows, and below them runs that did not start, those removed, and files of no run."""
    runs = [run for run in listed.runs if run.status != "refused"]
    refused = [run for run in listed.runs if run.status == "refused"]
    thumbnails = _Thumbnails(thumbs)
    rows = "".join(_row(run, listed, thumbnails, lang) for run in runs)
    count = esc(say("runs.count", lang, n=len(runs)))
    shown = (
        f'<ul class="rw-runs" tabindex="-1">{rows}</ul><p class="rw-past-count">{count}</p>' if runs else ""
    )
    return (
        (shown or note(say("runs.none", lang, folder=folder)))
        + _folded(
            "runs.refused", refused, "".join(_row(run, listed, thumbnails, lang) for run in refused), lang
        )
        + _folded("runs.trash.many", listed.removed, _removed_html(listed.removed, lang), lang)
        + _others_html(listed, lang)
    )


class _Thumbnails:
    """The small thumbnails of runs, some of them made now."""

    def __init__(self, thumbs: Thumbs) -> None:
        self._thumbs, self._made = thumbs, 0

    def of(self, run: PastRun) -> str:
        path = past_runs.last_image(run)
        if path is None:
            return '<i class="rw-no-image"></i>'
        try:
            file = self._thumbs.known(path, SIDE)
            if file is None and self._made < MADE_AT_ONCE:
                file, self._made = self._thumbs.of(path, SIDE), self._made + 1
        except OSError:
            file = None  # deleted by its owner, or no image
        return (
            f'<img src="{esc(url(file))}" alt="" loading="lazy">' if file else '<i class="rw-no-image"></i>'
        )


def _folded(key: str, runs: Sequence[PastRun], rows: str, lang: Lang) -> str:
    if not runs:
        return ""
    title = esc(say(key, lang, n=len(runs)))
    return f'<details class="rw-removed"><summary>{title}</summary><ul class="rw-runs">{rows}</ul></details>'


def _row(run: PastRun, listed: Listed, thumbnails: _Thumbnails, lang: Lang) -> str:
    name, is_open = name_of(run), name_of(run) == listed.opened
    checked = " checked" if name in listed.chosen else ""
    compare = esc(say("runs.compare", lang, name=run.shown_name))
    opens = f'data-act="{"close" if is_open else "open"}" data-on="{name}"'
    opens += f' aria-expanded="{str(is_open).lower()}"'
    detail = f'<div class="rw-detail">{listed.detail}</div>' if is_open else ""
    return (
        f'<li class="is-{esc(run.status)}"><div class="rw-run-row">'
        f'<input type="checkbox" data-run="{name}" aria-label="{compare}"{checked}>'
        f'<button type="button" class="rw-run-open" {opens}'
        f' aria-label="{esc(say("runs.open.of", lang, name=run.shown_name))}">'
        f"{thumbnails.of(run)}{_title_html(run, lang)}</button>"
        f"{_numbers_html(run, lang)}{_acts(run, listed, opens, lang)}</div>{detail}</li>"
    )


def _title_html(run: PastRun, lang: Lang) -> str:
    """Name, start, how it ended, method and base model."""
    base = Path(run.base.replace("\\", "/")).name
    what = " · ".join(part for part in (method_text(run, lang), base) if part)
    when = f"<time>{minute(run.started)}</time> · <em>{_status(run, lang)}</em>"
    return f"<span><b>{esc(run.shown_name)}</b><small>{when}</small><small>{esc(what)}</small></span>"


def method_text(run: PastRun, lang: Lang) -> str:
    """The method of a run, in a word or two."""
    if run.method == "none":
        return say("runs.whole", lang)
    return say(f"head.method.{run.method}", lang) if run.method in METHODS else run.method


def _status(run: PastRun, lang: Lang) -> str:
    key = f"status.{run.status}"
    return esc(say(key if key in WORDS else "status.interrupted", lang))


def _numbers(run: PastRun) -> tuple[str, str, str]:
    """Steps, loss and time."""
    steps = f"{run.step:,} / {run.total:,}" if run.total else f"{run.step:,}"
    return steps, "" if run.loss is None else f"{run.loss:.4f}", duration(run.seconds)


def _numbers_html(run: PastRun, lang: Lang) -> str:
    heads = (say(key, lang) for key in ("runs.head.steps", "run.loss", "runs.head.time"))
    pairs = zip(heads, _numbers(run), strict=True)  # one that is missing keeps its column
    cells = "".join(f"<div><dt>{esc(head)}</dt><dd>{esc(value or '–')}</dd></div>" for head, value in pairs)
    return f'<dl class="rw-run-numbers">{cells}</dl>'


def _acts(run: PastRun, listed: Listed, opens: str, lang: Lang) -> str:
    """What is done most with a run: try its model, fetch it, resume."""
    path = checkpoints.newest(run)
    result = of_path(listed.results, path) if path else None
    acts = try_button(result, lang) + download_html(result.address, lang) if result else ""
    state = checkpoints.newest_state(run) if run.status in RESUMABLE else None
    if state is not None:
        acts += button("resume", name_of(run), say("run.resume", lang, step=state[1]))
    words = esc(say("runs.close" if name_of(run) == listed.opened else "runs.open", lang))
    details = f'<button type="button" class="rw-act is-quiet" {opens}>{words}</button>'
    return f'<div class="rw-acts">{acts}{details}</div>'


def try_button(result: Result, lang: Lang) -> str:
    """Leads to the card that generates with this model (script/tools.js)."""
    leads = leads_to("try-it", "tools")
    return (
        f'<button type="button" class="rw-act is-main" data-try="{esc(result.id)}" {leads}>'
        f"{esc(say('runs.try', lang))}</button>"
    )


def _removed_html(removed: Sequence[PastRun], lang: Lang) -> str:
    return "".join(
        f'<li class="rw-plain"><b>{esc(run.shown_name)}</b> <time>{minute(run.started)}</time>'
        f"{button('back', name_of(run), say('runs.back', lang))}</li>"
        for run in removed
    )


def _others_html(listed: Listed, lang: Lang) -> str:
    """Models in the output folders that no listed run has saved."""
    own = {place for run in listed.runs for place in _places_of(run)}
    others = [
        result
        for place, result in listed.results.items()
        if result.kind in ("model", "folder") and place not in own
    ]
    if not others:
        return ""
    rows = "".join(file_html(result, lang) for result in others)
    title = esc(say("runs.others", lang, n=len(others)))
    return f'<details class="rw-removed"><summary>{title}</summary><ul class="rw-runs">{rows}</ul></details>'


def _places_of(run: PastRun) -> list[str]:
    names = {event.path for event in run.saves if event.kind == "model"}
    found = (checkpoints.place_of(run, name) for name in names)
    return [str(path.resolve()) for path in found if path]


def file_html(result: Result, lang: Lang) -> str:
    """A file by itself: its name, kind, size and time, and how to fetch it."""
    kind = say(f"results.kind.{result.kind}", lang)
    tries = try_button(result, lang) if result.path.suffix in (".safetensors", ".ckpt") else ""
    told = f"{esc(kind)} · {esc(size_text(result.size_bytes))} · {minute(result.seconds)}"
    return (
        f'<li class="rw-plain"><span><b>{esc(result.name)}</b><small>{told}</small></span>'
        f'<div class="rw-acts">{tries}{download_html(result.address, lang)}</div></li>'
    )


def message_html(run: PastRun, lang: Lang) -> str:
    """How a run ended, where that was not as it should."""
    if run.status == "interrupted":
        return note(say("runs.interrupted", lang))
    if run.ended is not None and run.status in ("failed", "refused"):
        return note(run.ended.of(lang).strip(), "bad")
    return ""


def head_html(record: Record, number: int, lang: Lang) -> str:
    """One run that was ticked: its numbers and how it ended. number: its colour, from 1."""
    run = record.run
    names = (say(key, lang) for key in ("runs.head.steps", "run.loss", "runs.head.time"))
    numbers = facts(pair for pair in zip(names, _numbers(run), strict=True) if pair[1])
    title = f"<b>{esc(run.shown_name)}</b><time>{minute(run.started)}</time><em>{_status(run, lang)}</em>"
    return (
        f'<article class="rw-chosen r{number}"><header>{title}</header>{numbers}{message_html(run, lang)}'
        f"</article>"
    )


def places_html(run: PastRun, paths: Paths, lang: Lang) -> str:
    """Where the model and the folder of a run lie."""
    places = {"runs.folder": paths.short(str(run.folder))}
    if run.model:
        model = checkpoints.newest(run)
        path = paths.short(str(model or run.model))
        places = {"runs.model": path if model else say("runs.model.gone", lang, path=path), **places}
    where = "".join(
        f"<div><dt>{esc(say(key, lang))}</dt><dd>{esc(path)}</dd></div>" for key, path in places.items()
    )
    return f'<dl class="rw-places">{where}</dl>'
