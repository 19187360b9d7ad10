"""What a run tells those who do not look at its panel: heading, announcement, title of the tab, notice.

The scripts: script/notice.js reads the tab's part, script/wide.js the heading's button.
"""

from __future__ import annotations

from core.errors import Lang
from ui.parts.markup import esc
from ui.text import say
from ui.window import Window
from ui.window.run_state import RunView

PROGRAM = "Rareword"


def name_of(window: Window) -> str:
    """The output name of the run that is shown, or "" without one."""
    run = window.runner.current
    if run is not None:
        return str(run.config.save.output_name or "last")
    return window.left.story.name if window.left.story else ""


def heading_html(window: Window, lang: Lang) -> str:
    """The panel's heading, and the button that gives it the whole width of the window, or takes it back."""
    name = name_of(window)
    text = say("run.heading.of", lang, name=name) if name else say("run.heading", lang)
    words = "".join(
        f'<span class="{which}">{esc(say(f"run.{which}", lang))}</span>' for which in ("wide", "side")
    )
    return (
        f'<h2 id="run-name">{esc(text)}</h2>'
        f'<button type="button" class="rw-act is-quiet" data-wide>{words}</button>'
    )


def announcement_html(view: RunView, window: Window, lang: Lang) -> str:
    """The state in a sentence, for a live region: read out by a screen reader when it changes."""
    if view.status == "idle":
        return ""
    said = f"{say(f'status.{view.status}', lang)}: {name_of(window)}"
    step = view.ended.step if view.ended else view.pause.step if view.pause else 0
    parts = [said, say("run.sample.step", lang, step=step) if step else ""]
    if view.ended and view.status in ("failed", "refused"):
        parts += view.ended.of(lang).splitlines()[:1]
    return esc(", ".join(part for part in parts if part))


def percent(view: RunView) -> int:
    """Of the steps, rounded down: 100 only when all are done."""
    return view.at_step * 100 // view.total if view.total else 0


def title_of(view: RunView, window: Window, lang: Lang) -> str:
    """The title of the tab: "42% · sls_frog · Rareword", "Done · sls_frog · Rareword"."""
    if view.status == "idle" or (window.runner.current is None and view.status == "interrupted"):
        return PROGRAM
    is_counted = view.status == "running" and view.total
    state = f"{percent(view)}%" if is_counted else say(f"status.{view.status}", lang)
    return " · ".join(part for part in (state, name_of(window), PROGRAM) if part)


def tab_html(view: RunView, number: int, window: Window, lang: Lang) -> str:
    """For script/notice.js: the tab's title, which run there is, whether it goes on, what a notice says."""
    lines = view.ended.of(lang).splitlines() if view.ended else []
    said = lines[0] if lines else say("run.notice.ended", lang, name=name_of(window))
    title = title_of(view, window, lang)
    return (
        f'<i data-tab="{esc(title)}" data-tab-run="{window.token}-{number}" '
        f'data-tab-live="{"yes" if view.is_live else ""}" data-tab-said="{esc(said)}"></i>'
    )


def notify_html(view: RunView, lang: Lang) -> str:
    """The button that asks the browser for leave to tell of the end, or why it can't (script/notice.js)."""
    if not view.is_live:
        return ""
    ask, on, *rest = (
        f'<span class="{which}">{esc(say(f"run.notify.{which}", lang))}</span>'
        for which in ("ask", "on", "asking", "denied", "unable")
    )
    return f'<button type="button" class="rw-link" data-notify>{ask}{on}</button>{"".join(rest)}'
