"""How the queue looks: the tool at work, what waits, what holds it, and what came of the tools before."""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import blake2b

from core.catalog import Words
from core.errors import Lang
from core.events import StageProgress
from core.queue import View
from core.queue_entries import Again, Finished, Waiting
from core.queue_tools import Begun
from core.tools.table import TOOLS
from ui.parts.html_events import button
from ui.parts.job_progress import stage_text
from ui.parts.markup import bar, called, esc, note
from ui.text import say

_SHOWN, _LINES = 5, 2
"""Of the tools that are over, and of what each says of its work."""


def name_of(entry: Waiting | Again, lang: Lang) -> str:
    """What a run or the work of a tool is called."""
    return called(TOOLS[entry.tool].words, entry.name, lang) if entry.tool in TOOLS else entry.name


def work_html(begun: Begun, lang: Lang) -> str:
    """How far the tool is that the queue has begun, with the button that stops it."""
    task, (stage, done, total) = begun.task, begun.task.progress
    if task.status == "stopping":
        text, stop = say("job.stopping", lang), ""
    else:
        text = stage_text(StageProgress(stage, done, total), lang) if total > 1 else ""
        stop = button("stop", "", say("job.stop", lang))
    shown = bar(done / total if total else None)
    head = f"<b>{esc(name_of(begun.entry, lang))}</b><span>{esc(text)}</span>"
    return f'<div class="rw-queue-work"><p>{head}</p>{shown}<div class="rw-acts">{stop}</div></div>'


def word_of(html: str) -> str:
    """A word for a part as it is drawn, by which a page knows whether it shows it so."""
    return blake2b(repr((html,)).encode(), digest_size=6).hexdigest()


def _work(begun: Begun | None, lang: Lang) -> str:
    """The place of the work, which ui/run/polling.py keeps up."""
    if begun is None:
        return ""
    html = work_html(begun, lang)
    return f'<div data-live="work" data-live-version="{word_of(html)}">{html}</div>'


def queue_html(view: View, is_training: bool, lang: Lang) -> str:
    """The tool at work, what waits and why, and the tools that are over."""
    reason = view.notice.of(lang) if view.notice else ""
    is_busy = is_training or view.begun is not None
    work, over = _work(view.begun, lang), _finished_html(view.finished, lang)
    if not view.waiting:
        rest = work + note(reason, "warn") + over
        return f'<section class="rw-queue">{rest}</section>' if rest else ""
    many = len(view.waiting)
    rows = "".join(_row(run, n, many, lang) for n, run in enumerate(view.waiting, 1))
    count = say("queue.count", lang, n=many)
    checked = " checked" if view.keeps_going else ""
    keep = (
        f'<label class="rw-keep"><input type="checkbox" data-act="keep"{checked}>'
        f"{esc(say('queue.keep', lang))}</label>"
    )
    return (
        f'<section class="rw-queue">{work}<header><h3>{esc(say("queue.title", lang))}</h3>'
        f"<span>{esc(count)}</span></header>"
        f"{_why(view, is_busy, lang)}{note(reason, 'warn')}<ol>{rows}</ol>"
        f'<div class="rw-acts">{_button(view, is_busy, lang)}</div>{keep}{over}</section>'
    )


def _why(view: View, is_busy: bool, lang: Lang) -> str:
    if view.held == "":
        return note(say("queue.going" if is_busy else "queue.next", lang))
    by_tool = view.held in ("failed", "stopped") and view.again is not None and bool(view.again.tool)
    key = f"queue.held.{view.held}.tool" if by_tool else f"queue.held.{view.held}"
    tone = "plain" if view.held in ("idle", "person") else "warn"
    return note(say(key, lang), tone)


def _button(view: View, is_busy: bool, lang: Lang) -> str:
    if view.held == "":
        return button("hold", "", say("queue.hold", lang))
    go = button("go", "", say("queue.go.after" if is_busy else "queue.go", lang), "is-main")
    if view.again is None:
        return go
    again = _name_of_tool(view.again.tool, lang) if view.again.tool else view.again.name
    return go + button("again", "", say("queue.again", lang, name=again))


def _row(run: Waiting, n: int, many: int, lang: Lang) -> str:
    length = say("epochs.whole" if run.epochs else "queue.steps", lang, n=run.epochs or run.steps)
    name, more = run.name, f"<small>{esc(length)}</small>"
    if run.tool:
        name, more = _name_of_tool(run.tool, lang), _about(run.name)
    moves = button("up", run.id, "↑", "is-sign", title=say("queue.up", lang)) if n > 1 else ""
    moves += button("down", run.id, "↓", "is-sign", title=say("queue.down", lang)) if n < many else ""
    acts = "" if run.tool else button("edit", run.id, say("queue.edit", lang), "is-quiet", fills=True)
    acts += button("remove", run.id, "×", "is-sign", title=say("queue.remove", lang))
    fault = Words(run.fault_en, run.fault_ja, run.fault_zh).of(lang)
    return (
        f'<li><span class="rw-turn">{n}</span>'
        f"<span><b>{esc(name)}</b> {more}</span>"
        f'<span class="rw-moves">{moves}{acts}</span>{note(_sentence(fault), "bad")}</li>'
    )


def _finished_html(finished: Sequence[Finished], lang: Lang) -> str:
    """The tools that are over, folded but where the last one was not done."""
    if not finished:
        return ""
    rows = "".join(_finished_row(one, lang) for one in finished[:_SHOWN])
    opened = "" if finished[0].status == "done" else " open"
    title = esc(say("queue.finished", lang, n=len(finished)))
    forget = button("forget", "", say("queue.forget", lang), "is-quiet")
    return (
        f'<details class="rw-queue-over"{opened}><summary>{title}</summary>'
        f'<ol>{rows}</ol><div class="rw-acts">{forget}</div></details>'
    )


def _finished_row(one: Finished, lang: Lang) -> str:
    at = time.strftime("%H:%M", time.localtime(one.ended))
    said = "".join(note(words.of(lang), "good") for words in one.lines[:_LINES])
    tone = "bad" if one.status == "failed" else "warn"
    said += "".join(note(_sentence(words.of(lang)), tone) for words in one.problems)
    said += note(say("queue.stopped", lang)) if one.status == "stopped" else ""
    repeat = button("repeat", one.entry.id, say("queue.repeat", lang), "is-quiet")
    again = "" if one.status == "done" else repeat
    name = _name_of_tool(one.entry.tool, lang)
    return (
        f"<li><time>{at}</time><span><b>{esc(name)}</b> {_about(one.entry.name)}</span>"
        f'<span class="rw-moves">{again}</span>{said}</li>'
    )


def _name_of_tool(tool: str, lang: Lang) -> str:
    """Its words; its name where another version of the program had it."""
    return TOOLS[tool].words.of(lang) if tool in TOOLS else tool


def _about(name: str) -> str:
    """What a tool works on."""
    return f'<small class="is-about">{esc(name)}</small>' if name else ""


def _sentence(text: str) -> str:
    """A problem as it stands by itself, without the place before it."""
    return text[:1].upper() + text[1:]
