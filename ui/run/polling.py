"""A run as it goes on, for pages that ask once a second: what they do not show yet, as HTML.

The page's own script (script/live.js) asks for it, past Gradio, whose every answer costs a browser about a
third of a second of work, however little is in it. What is Gradio's on the panel, its buttons above all,
changes seldom: the answer names how that stands now (`news`), and the page asks for it only when it differs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, NamedTuple

from core.errors import Lang
from ui.parts.chart import loss_chart, rates_chart
from ui.parts.markup import esc, note
from ui.parts.samples import MOST_STEPS, sample_grid
from ui.run import machine
from ui.run.after import acts_of_result, best_html
from ui.run.announce import announcement_html, heading_html, name_of, notify_html, percent, tab_html
from ui.run.idle import idle_html
from ui.run.log import acts_html, log_html
from ui.run.next_step import invitation_html
from ui.run.queue_html import work_html
from ui.run.status_html import head_html, notices_html, numbers_html, outcome_html, smoothing_html
from ui.run.stopping import waits_for_room
from ui.run.tab_states import states, states_html
from ui.text import say
from ui.window import Window
from ui.window.dated import words
from ui.window.results import at, download_html
from ui.window.run_state import RunView, log_lines

PREFIX = "live"
"""From the page, wherever that is served."""
MOST_COLUMNS = 2000
"""Of samples, however many a page asks for."""


class Part(NamedTuple):
    """One piece of the panel. state: what its HTML depends on."""

    state: tuple[Any, ...]
    draw: Callable[[], str]


def place(name: str, element: str = "div") -> str:
    """Where the page's script puts a part."""
    return f'<{element} id="run-{name}" data-live="{name}"></{element}>'


def news(window: Window) -> str:
    """A word for how everything stands that Gradio draws on the panel: another one when any of it changes."""
    view, (number, _, status) = window.look()
    run = window.runner.current
    prompts = None if run is None else run.control.sample_lines
    of_run = (number, status, *_left(window), len(view.saved), view.ended is not None, prompts)
    card = (window.queue.look().version, window.is_training, waits_for_room(view))
    return _word((window.token, *of_run, *card))


def answer(window: Window, lang: Lang, has: Mapping[str, str], columns: int = MOST_STEPS) -> dict[str, Any]:
    """What a page lacks. has: part -> the word it was sent with. columns: of the samples, at most.

    Gives {"news": word, "dated": {subject: word}, "parts": {part: [word, HTML]}, "others": number of the last
    change of settings that another page has made, "taken": number of the last of its own that was kept,
    "tools": word for the tools that the queue has begun}.
    """
    now = news(window)  # first: what changes in between is then sent once more
    view, (number, read, status) = window.look()
    run = (window.token, lang, number, status, *_left(window))
    sent: dict[str, list[str]] = {}
    for name, part in _parts(window, view, lang, run, read).items():
        word = _word(part.state)
        if has.get(name) != word:
            sent[name] = [word, part.draw()]
    most = max(MOST_STEPS, min(columns, MOST_COLUMNS))
    word = _word((*run, len(view.samples), most))
    if has.get("samples") != word:
        html, is_whole = sample_grid(view.samples, window.thumbs, lang, most)
        # Small images are made a few at a time: the grid comes again until all are there.
        sent["samples"] = [word if is_whole else "", html]
    page = has.get("page", "")
    others, taken = window.draft.written_by_others(page), window.draft.taken(page)
    told = {"others": others, "taken": taken, "tools": _tools_of_queue(window)}
    return {"news": now, "dated": words(window), "parts": sent, **told}


def _parts(window: Window, view: RunView, lang: Lang, run: tuple[Any, ...], read: int) -> dict[str, Part]:
    now = time.time()
    curves = (*run, view.steps_taken, view.total)
    rare = (*run, view.logged_events - view.steps_taken)
    number, load = run[2], window.load.ask(machine.output_folder(window), window.is_training)
    return {
        "heading": Part((lang, name_of(window)), lambda: heading_html(window, lang)),
        "said": Part(run, lambda: announcement_html(view, window, lang)),
        "tab": Part((*run, percent(view)), lambda: tab_html(view, number, window, lang)),
        "notify": Part((lang, view.is_live), lambda: notify_html(view, lang)),
        "numbers": _as_drawn(numbers_html(view, lang)),
        "machine": _as_drawn(machine.line_html(load, lang)),
        "machine-more": _as_drawn(machine.more_html(load, lang)),
        **_work_of_queue(window, lang),
        "idle": Part((lang, idle := idle_html(window, lang)), lambda: idle),
        "tabs": _as_drawn(states_html(states(window, lang))),
        "lost": Part((lang,), lambda: note(say("run.lost", lang), "bad")),
        "head": Part(
            (*run, read, int(now) if view.is_live else invitation_html(window, lang)),
            lambda: head_html(view, lang, now, window),
        ),
        "outcome": Part(rare, lambda: _outcome(window, view, lang)),
        "chart": Part(curves, lambda: loss_chart(view.losses, view.total, lang, view.validation)),
        "smoothing": Part((lang,), lambda: smoothing_html(lang)),
        "rates": Part(curves, lambda: rates_chart(view.rates, view.total, lang)),
        "notices": Part(rare, lambda: notices_html(view, lang)),
        "log-title": Part((lang,), lambda: esc(say("run.log", lang))),
        "log": Part((*run, view.logged_events), lambda: log_html(log_lines(view, lang))),
        "log-acts": Part((lang,), lambda: acts_html(lang, f"{PREFIX}/log")),
    }


def _as_drawn(html: str) -> Part:
    """A small part that is sent when it reads otherwise, since its rounded numbers change seldom."""
    return Part((html,), lambda: html)


def _work_of_queue(window: Window, lang: Lang) -> dict[str, Part]:
    """The tool that the queue has begun; no part while there is none, for pages have no place for it then."""
    begun = window.queue.look().begun
    return {"work": _as_drawn(work_html(begun, lang))} if begun is not None else {}


def _tools_of_queue(window: Window) -> str:
    """A word for what was begun and what has ended last."""
    view = window.queue.look()
    begun = view.begun.entry.id if view.begun else ""
    return _word((begun, view.finished[0].entry.id if view.finished else ""))


def _left(window: Window) -> tuple[bool, bool]:
    """Whether a window before this one left something; found out in the background."""
    return window.left.story is not None, window.left.unfinished is not None


def _outcome(window: Window, view: RunView, lang: Lang) -> str:
    """How the run ended, with what can be done with its newest model."""
    result = at(window, view.model_path)
    link = download_html(result.address if result else "", lang)
    acts = acts_of_result(window, view, result.id if result else "", lang)
    return outcome_html(view, lang, link, acts) + best_html(window, view, lang)


def _word(state: tuple[Any, ...]) -> str:
    return blake2b(repr(state).encode(), digest_size=6).hexdigest()
