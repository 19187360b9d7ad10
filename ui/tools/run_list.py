"""How the list of past runs looks, and the head of each run that was ticked."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path

from core.errors import Lang, UserError
from core.formats.header import read_header
from core.runs.past_runs import PastRun, Record
from core.runs.result_names import LINEAGE
from core.sinks import duration
from ui.parts.html_events import button
from ui.parts.markup import esc, facts, note
from ui.parts.numbers import minute
from ui.text import WORDS, say
from ui.window.paths import Paths

RESUMABLE = ("interrupted", "stopped", "failed")
AGAIN = (*RESUMABLE, "refused")
"""How a run ended that may be run again from its beginning."""


def name_of(run: PastRun) -> str:
    """What the page calls a run: no path, and the same after a restart."""
    return hashlib.blake2b(str(run.folder).encode("utf-8", "replace"), digest_size=8).hexdigest()


def list_html(
    runs: Sequence[PastRun], removed: Sequence[PastRun], chosen: Collection[str], folder: str, lang: Lang
) -> str:
    """The list with a box to tick for each run, and below it what was removed."""
    if not runs:
        return note(say("runs.none", lang, folder=folder)) + _removed_html(removed, lang)
    keys = ("runs.head.run", "runs.head.steps", "run.loss", "runs.head.time", "runs.head.what")
    heads = "".join(f"<span>{esc(say(key, lang))}</span>" for key in keys)
    rows = "".join(_row(run, name_of(run) in chosen, lang) for run in runs)
    return (
        f'<div class="rw-past"><div class="rw-past-head" aria-hidden="true">{heads}</div>'
        f'<ul tabindex="-1">{rows}</ul><p class="rw-past-count">{esc(say("runs.count", lang, n=len(runs)))}'
        f"</p></div>{_removed_html(removed, lang)}"
    )


def _row(run: PastRun, is_chosen: bool, lang: Lang) -> str:
    method = say("runs.whole", lang) if run.method == "none" else {"lora": "LoRA"}.get(run.method, run.method)
    base = Path(run.base.replace("\\", "/")).name
    what = " · ".join(part for part in (method, base) if part)
    steps, loss, clock = _numbers(run)
    checked = " checked" if is_chosen else ""
    return (
        f'<li><label class="is-{esc(run.status)}"><span class="rw-past-run">'
        f'<input type="checkbox" data-run="{name_of(run)}"{checked}>{_title(run, lang)}</span>'
        f"<span>{steps}</span><span>{loss}</span><span>{clock}</span>"
        f'<span class="rw-past-what">{esc(what)}</span></label></li>'
    )


def _numbers(run: PastRun) -> tuple[str, str, str]:
    """Steps, loss and time."""
    steps = f"{run.step:,} / {run.total:,}" if run.total else f"{run.step:,}"
    return steps, "" if run.loss is None else f"{run.loss:.4f}", duration(run.seconds)


def _title(run: PastRun, lang: Lang) -> str:
    """Name, start and how it ended."""
    key = f"status.{run.status}"
    status = say(key if key in WORDS else "status.interrupted", lang)
    return f"<b>{esc(run.name)}</b><time>{minute(run.started)}</time><em>{esc(status)}</em>"


def _removed_html(removed: Sequence[PastRun], lang: Lang) -> str:
    if not removed:
        return ""
    items = "".join(
        f"<li><b>{esc(run.name)}</b> <time>{minute(run.started)}</time>"
        f"{button('back', name_of(run), say('runs.back', lang))}</li>"
        for run in removed
    )
    title = esc(say("runs.trash.many", lang, n=len(removed)))
    return f'<details class="rw-removed"><summary>{title}</summary><ul>{items}</ul></details>'


def head_html(record: Record, number: int, asked: bool, paths: Paths, lang: Lang) -> str:
    """One run that was ticked: how it ended, its numbers, and what can be done with it.

    number: its colour, from 1. asked: whether the page asks if the run shall be removed.
    """
    run = record.run
    message = ""
    if run.status == "interrupted":
        message = note(say("runs.interrupted", lang))
    elif run.ended is not None and run.status in ("failed", "refused"):
        message = note(run.ended.of(lang).strip(), "bad")
    names = (say(key, lang) for key in ("runs.head.steps", "run.loss", "runs.head.time"))
    numbers = facts(pair for pair in zip(names, _numbers(run), strict=True) if pair[1])
    places = {"runs.folder": paths.short(str(run.folder))}
    if run.model:
        model = run_model(run)
        path = paths.short(str(model or run.model))
        places = {"runs.model": path if model else say("runs.model.gone", lang, path=path), **places}
    where = "".join(
        f"<div><dt>{esc(say(key, lang))}</dt><dd>{esc(path)}</dd></div>" for key, path in places.items()
    )
    return (
        f'<article class="rw-chosen r{number}"><header>{_title(run, lang)}</header>{numbers}{message}'
        f'<dl class="rw-places">{where}</dl>{_acts(record, asked, paths, lang)}</article>'
    )


def run_model(run: PastRun) -> Path | None:
    """Where the run's model lies, or None: in its output folder, also when that was moved since.

    A later run of the same name leaves it beside its own as name.old-1; the file itself tells whose it is.
    """
    name = run.model.replace("\\", "/").rsplit("/", 1)[-1]
    path = run.output_dir / name
    if name in ("", ".", ".."):
        return None
    if path.suffix != ".safetensors":
        return path if path.exists() else None
    places = [path, *sorted(run.output_dir.glob(f"{glob.escape(path.stem)}.old-*{path.suffix}"))]
    return next((place for place in places if _is_by(place, run.folder.name)), None)


def _is_by(path: Path, run: str) -> bool:
    """Whether a file is of this run, or does not tell. One that was resumed bears the name of the first."""
    try:
        lineage = read_header(path).metadata.get(LINEAGE)
    except (UserError, OSError):
        return False
    return lineage is None or lineage <= run


def _acts(record: Record, asked: bool, paths: Paths, lang: Lang) -> str:
    run, name = record.run, name_of(record.run)
    if asked:
        folder = paths.short(str(run.folder.parent / ".trash"))
        return (
            f'<div class="rw-asked">{note(say("runs.trash.sure", lang, folder=folder))}<div class="rw-acts">'
            + button("trash-yes", name, say("runs.trash.yes", lang), "is-bad")
            + button("trash-no", name, say("runs.trash.no", lang))
            + "</div></div>"
        )
    acts = button("load", name, say("runs.load", lang), "is-main", fills=True) if record.values else ""
    if run.status in RESUMABLE and record.state is not None and record.values:
        acts += button("resume", name, say("run.resume", lang, step=record.state[1]))
    if run.status in AGAIN and record.values:
        acts += button("again", name, say("runs.again", lang))
    if run.status != "running":
        acts += button("trash", name, say("runs.trash", lang), "is-quiet")
    return f'<div class="rw-acts">{acts}</div>'
