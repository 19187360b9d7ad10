"""How a run looks: status line, progress, numbers and outcome as HTML."""

from __future__ import annotations

import re
from itertools import starmap, zip_longest
from pathlib import Path

from core.catalog import Words
from core.config.schema.run import OPTIONS
from core.counting import size_text
from core.errors import LANGS, Lang
from core.events import Saved
from core.sinks import duration, waiting
from ui.parts.job_progress import stage_text
from ui.parts.markup import bar, capital, esc, facts, note, problems
from ui.parts.numbers import LONG_STEP, minute, short_text
from ui.run.faults import wrong
from ui.run.messages import ENDED
from ui.run.next_step import after_html, invitation_html, leftover, missing
from ui.run.stopping import room_html
from ui.text import say
from ui.window import Window
from ui.window.run_state import RunView, rates

MOST_NOTICES = 20

_PLACE = re.compile(r"(?:(?:line \d+|\d+行目): )?(\w+\.\w+): ")
"""What stands before the sentence about an option of the run's own file."""


def head_html(view: RunView, lang: Lang, now: float, window: Window) -> str:
    """Status, how far it is, what it is doing and the progress bar: what stays in sight (style/panel.css)."""
    name = _status(view, window)
    status = say(f"status.{name}", lang)
    clock = (
        f'<time title="{esc(say("run.elapsed", lang))}">{duration(view.elapsed(now))}</time>'
        if view.started
        else ""
    )
    classes = f"rw-status is-{esc(view.status)}{' is-live' if view.is_live else ''}"
    if name in ("waiting", "almost"):
        classes += " is-open"
    html = (
        f'<div class="{classes}"><i></i><strong>{esc(status)}</strong>'
        f"<span>{esc(_detail(view, lang))}</span>{clock}</div>" + _pocket_html(view, status, lang)
    )
    if view.status == "idle":
        return html + (_left(window, lang) or invitation_html(window, lang))
    html += _left(window, lang) + room_html(view, lang)
    stage = view.stage if view.is_live else None
    if _is_preparing(view):
        html += bar(None)
    elif stage is not None and stage.total > 1 and view.step is None:
        html += bar(stage.done / stage.total)
    elif view.total and view.status != "refused":
        html += bar(view.at_step / view.total)
    elif view.is_live:
        html += bar(None)
    return html if view.is_live else html + after_html(window, lang)


def _status(view: RunView, window: Window) -> str:
    """The state; before the first run, whether it could start."""
    if view.status != "idle":
        return view.status
    if missing(window) is not None or (leftover(window) is None and wrong(window)):
        return "waiting"
    return "almost" if leftover(window) is not None else "idle"


def _pocket_html(view: RunView, status: str, lang: Lang) -> str:
    """The run in a line, beside the buttons at the foot of a narrow window (run.css); a link to the whole."""
    far = _far(view) or _doing(view, lang)
    return (
        f'<a class="rw-pocket is-{esc(view.status)}" href="#rw-run"><i></i>'
        f"<b>{esc(status)}</b><span>{esc(far)}</span></a>"
    )


def _left(window: Window, lang: Lang) -> str:
    """What the window before this one left, while this one has not had a run yet."""
    if window.runner.current is not None:
        return ""
    story, unfinished = window.left.story, window.left.unfinished
    html = ""
    if story is not None:
        html = note(say("run.last", lang, name=story.name, when=minute(story.started)))
    if unfinished is not None:
        html += note(say("run.unfinished", lang, name=unfinished.name, step=unfinished.step))
    return html


def _pause(view: RunView, lang: Lang) -> str:
    """What a pause does with the memory."""
    if view.status == "pausing":
        return note(say("run.pausing", lang))
    if view.status != "paused" or view.pause is None:
        return ""
    freed = view.pause.freed_bytes
    if not freed:
        return note(say("run.paused.kept", lang))
    return note(say("run.paused.freed", lang, size=size_text(freed)))


def _is_preparing(view: RunView) -> bool:
    """Before the first step, between the stages that are counted."""
    return view.status == "starting" and view.stage is None


def _far(view: RunView) -> str:
    """The step of how many, as "120 / 300"; "" before the first one."""
    is_before = view.status == "refused" or (view.status == "starting" and not view.at_step)
    return "" if is_before or not view.total else f"{view.at_step:,} / {view.total:,}"


def _detail(view: RunView, lang: Lang) -> str:
    """How far it is and what goes on, as "120 / 300 · 0:50 left" or "Encoding images 3/12 · 0:40 left"."""
    left, doing = view.seconds_left, _doing(view, lang)
    if not doing and view.status == "running" and left is not None:
        doing = say("run.stage.left", lang, time=duration(left))
    return " · ".join(text for text in (_far(view), doing) if text)


def _doing(view: RunView, lang: Lang) -> str:
    """What is going on besides steps."""
    if _is_preparing(view):
        return say("stage.prepare", lang)
    if not view.is_live or view.stage is None:
        return ""
    if view.stage.path:
        return waiting(view.stage.path, lang)
    text, left = stage_text(view.stage, lang), view.stage_left
    return text if left is None else f"{text} · {say('run.stage.left', lang, time=duration(left))}"


def numbers_html(view: RunView, lang: Lang) -> str:
    """What a pause does, and what was measured last."""
    return _pause(view, lang) + facts(_numbers(view, lang))


def _numbers(view: RunView, lang: Lang) -> list[tuple[str, str]]:
    step, seconds = view.step, view.seconds_per_step
    texts: dict[str, str] = {}
    if step and view.plan:
        texts["run.epoch"] = f"{step.epoch} / {view.plan.epochs}"
    if step:
        texts["run.loss"] = f"{step.loss:.4f}"
        if view.validation:
            texts["run.validation"] = f"{view.validation.last_y:.4f}"
        texts["run.lr"] = rates(step.lr)
    if seconds and view.is_live:
        texts["run.speed"] = _speed(seconds, lang)
    if step and view.is_live and (size := step.vram_bytes or step.ram_bytes):
        texts["run.memory" if step.vram_bytes else "run.ram"] = size_text(size)
    return [(say(key, lang), text) for key, text in texts.items()]


def _speed(seconds: float, lang: Lang) -> str:
    """How fast it goes, by the seconds of a step."""
    if seconds < 0.5:
        return say("run.per.second", lang, n=f"{1 / seconds:.1f}")
    if seconds < LONG_STEP:
        return say("run.per.step", lang, n=short_text(seconds))
    return say("run.per.step.long", lang, time=duration(seconds))


def outcome_html(view: RunView, lang: Lang, link: str = "", acts: str = "") -> str:
    """How the run ended and where the result lies, or what it has saved last. link: HTML that fetches it.

    acts: HTML of what can be done with the result.
    """
    parts = []
    if view.status == "interrupted":
        parts.append(note(say("run.interrupted", lang, step=view.at_step), "warn"))
    # Which the head and the result say; an end before the last step has its reason.
    is_plainly_done = view.status == "done" and view.model_path and not (view.ended and view.ended.code)
    if view.ended is not None and view.ended.status == "stopped" and view.state_path and view.model_path:
        parts.append(note(say("run.result.stopped", lang, step=view.ended.step)))  # the log names the files
    elif view.ended is not None and not is_plainly_done:
        tone = {"done": "good", "stopped": "plain"}.get(view.ended.status, "bad")
        lines = zip_longest(*(view.ended.of(lang).splitlines() for lang in LANGS), fillvalue="")
        parts += [_ended_html(line, tone, lang) for line in starmap(Words, lines) if line.of(lang)]
    if view.model is not None:
        parts.append(_model_html(view, view.model, lang, link, acts))
    return "".join(parts)


def _model_html(view: RunView, model: Saved, lang: Lang, link: str, acts: str) -> str:
    path = Path(model.path)
    if view.is_live:
        said = esc(say("run.saved.last", lang, name=path.name, step=model.step))
        return f'<p class="rw-note is-plain">{said}{link}</p>'
    last = view.ended.step if view.ended else view.at_step
    earlier = say("run.result.earlier", lang, step=model.step, last=last) if last > model.step else ""
    return (
        f'<div class="rw-result"><span>{esc(say("run.result.step", lang, step=model.step))}</span>'
        f"<strong>{esc(path.name)}</strong><code>{esc(path)}</code>{note(earlier)}"
        f'<div class="rw-acts">{link}{acts}</div></div>'
    )


def _ended_html(line: Words, tone: str, lang: Lang) -> str:
    """How a run ended; of what went wrong with a link to the option that it is about: see Problem.text.

    The lines of the run file, which the window wrote, are nobody's.
    """
    text = line.of(lang)
    place = _PLACE.match(text) if tone == "bad" else None
    if place is None or place[1] not in OPTIONS:
        return note(capital(line.en, line.ja) if lang == "en" else text, tone)
    return problems([ENDED(sentence=_in(lang, text[place.end() :]), key=place[1])], lang)


def _in(lang: Lang, text: str) -> Words:
    """A text of one language, which is no name: that would be the same in both."""
    return Words(**{"en": "", "ja": "", lang: text})


def notices_html(view: RunView, lang: Lang) -> str:
    """What a user should know of the run, each thing once."""
    notices = {(w.code, w.problem.en): w.problem for w in view.warned}
    return problems(list(notices.values())[:MOST_NOTICES], lang)


def smoothing_html(lang: Lang) -> str:
    """How much the loss is smoothed; chosen in the page itself (script/chart.js), which says what is now."""
    return (
        f'<label class="rw-smoothing">{esc(say("run.smoothing", lang))}'
        '<input type="range" min="0" max="10" step="1" value="5"></label>'
    )
