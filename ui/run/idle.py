"""When all runs and queued tools are done: the switch, and the countdown with a way to keep it running."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from core.errors import Lang
from core.when_idle import View
from ui.parts.html_events import button, sent
from ui.parts.markup import esc, note
from ui.text import say
from ui.window import Window


def idle_html(window: Window, lang: Lang) -> str:
    """Nothing while it is off and neither a run is under way nor one waits."""
    view = window.when_idle.look()
    queue = window.queue.look()
    has_runs = window.is_training or bool(queue.waiting) or queue.begun is not None
    if view is None or not (has_runs or view.is_on):
        return ""
    checked = " checked" if view.is_on else ""
    switch = (
        f'<label class="rw-keep"><input type="checkbox" data-act="idle"{checked}>'
        f"{esc(_what(view, 'idle.stop', 'idle.command', lang))}</label>"
    )
    if view.left is None:
        return switch
    if view.left == 0 and not view.command:  # what stays on the page once the program is gone
        return note(say("idle.over", lang), "warn")
    said = _what(view, "idle.stopping", "idle.starting", lang, seconds=math.ceil(view.left))
    stay = button("stay", "", _what(view, "idle.stay", "idle.cancel", lang), "is-main")
    return f'<div class="rw-asked">{note(said, "warn")}<div class="rw-acts">{stay}</div></div>{switch}'


def _what(view: View, stop: str, command: str, lang: Lang, **values: Any) -> str:
    """A sentence about the end of the program, or about the command by the name of its program."""
    if not view.command:
        return say(stop, lang, **values)
    return say(command, lang, name=Path(view.command[0]).name, **values)


def act(window: Window, event: Any) -> None:
    """What the switch or the button says; a page can't say what is done."""
    name, on, _ = sent(event)
    if name == "idle":
        window.when_idle.set_on(on == "yes")
    elif name == "stay":
        window.when_idle.keep_running()
