"""What Stop does: a state is kept; while that waits for room on the disk, it may be given up, when asked."""

from __future__ import annotations

from core.errors import Lang, UserError
from ui.parts.html_events import button
from ui.parts.markup import note
from ui.run import messages
from ui.text import say
from ui.window import Window
from ui.window.dated import Subject
from ui.window.run_state import RunView

ANSWER = "stop-unsaved"
"""What the button of the question says."""


def stop(window: Window, lang: Lang, answer: str = "") -> tuple[str, Subject]:
    """Stop with a state saved; a run that waits for room is asked about first, for its work would be lost.

    answer: to that question, "" when nothing was asked yet. Raises UserError when no run is under way.
    """
    run = window.runner.current
    if run is None or run.is_over:
        raise UserError(messages.NOT_RUNNING())
    view, _ = window.look()
    if not waits_for_room(view):
        run.control.stop(save=True)
    elif answer == ANSWER:
        run.control.stop(save=False)
    else:
        act = button(ANSWER, "", say("run.unsaved", lang), "is-bad")
        said = note(say("run.unsaved.ask", lang), "warn")
        return f'<div class="rw-asked">{said}<div class="rw-acts">{act}</div></div>', "run"
    return "", "run"


def waits_for_room(view: RunView) -> bool:
    """Whether the last save waits for room on the disk."""
    return view.is_live and view.stage is not None and view.stage.stage == "room"


def room_html(view: RunView, lang: Lang) -> str:
    """What a user can do about that."""
    return note(say("run.room", lang), "warn") if waits_for_room(view) else ""


def button_of(view: RunView, lang: Lang) -> dict[str, object]:
    """How the button stands: pressed once it waits for the run, unless there is something to be decided."""
    is_stopping, waits = view.status == "stopping", waits_for_room(view)
    key = "run.stop.unsaved" if waits else "run.stopping" if is_stopping else "run.stop"
    is_seen = is_stopping or view.status in ("starting", "running", "pausing", "paused")
    return {"visible": is_seen, "value": say(key, lang), "interactive": waits or not is_stopping}
