"""What Start and Add to queue do: nothing runs twice, and no result is put aside without being asked."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.config import check
from core.config.file import toml_text
from core.config.schema.save import SaveConfig
from core.errors import Lang, UserError
from core.forecast import disk
from core.runs import result_names
from ui.parts.html_events import button
from ui.parts.markup import esc, goto, leads_to, note, problems
from ui.parts.options import OPTIONS
from ui.run.next_step import OWN, PRESET, REG, leftover, uses_html
from ui.settings.form import Form
from ui.settings.suited import SuitedCard
from ui.text import say
from ui.window import Window
from ui.window.dated import Subject

Answer = tuple[str, Subject]
"""A message as HTML, and what it is about."""

_MOST_NAMED = 3
ANYWAY = {"start": "start-anyway", "queue": "queue-anyway"}
"""What a person presses -> what says that it is meant in spite of a doubt."""

ANSWERS = ("start-new", "start-same", "queue", *ANYWAY.values())
"""What the buttons of a question say."""


def start(window: Window, form: Form, raw: Mapping[str, Any], lang: Lang, act: str = "") -> Answer:
    """Start what the form says, or ask: when results of its name or a run are there, or when something of
    the demo or for other models is left beside the user's own. Raises UserError.

    act: the answer to that question, "" when nothing was asked yet. Gives what the page says, and of what.
    """
    text = form.text(raw, lang)
    if act in ("queue", "queue-anyway"):
        return queue(window, form, raw, lang, act)
    if (hindrance := window.may_start()) is not None:  # before anything is asked
        raise UserError(hindrance)
    if window.is_training:
        return _offer_queue(lang), "run"
    said, acts = ("", "") if act else doubt(window, form, raw, lang)
    if said:
        return _asked(said, acts, "start", lang), "settings"
    save = check.check(text).config.save
    if act in ("", "start-anyway") and result_names.existing(save):
        return _ask(save, lang), "settings"
    free = result_names.free(save) if act == "start-new" else save.output_name or "last"
    is_new = act == "start-new" and free != (save.output_name or "last")
    try:
        window.runner.start(text, [f"save.output_name={toml_text.toml_value(free)}"] if is_new else [])
    except UserError as e:
        if any(problem.code == "E-RUN-BUSY" for problem in e.problems):
            return _offer_queue(lang), "run"
        raise
    return (note(say("start.as", lang, name=free), "good") if is_new else ""), "start"


def queue(window: Window, form: Form, raw: Mapping[str, Any], lang: Lang, act: str = "") -> Answer:
    """Put what the form says at the end of the queue, or ask what Start asks; see start. Raises UserError.

    A disk without room is asked about too: it may have some when the turn of this run comes.
    """
    text = form.text(raw, lang)
    if act != ANYWAY["queue"]:
        said, acts = doubt(window, form, raw, lang)
        if (lacking := disk.lacking(check.check(text).config)) is not None:
            said += problems([lacking], lang)
        if said:
            return _asked(said, acts, "queue", lang), "settings"
    added = window.queue.add(text)
    values = {"name": added.run.name, "n": len(window.queue.look().waiting), "wanted": added.wanted}
    if added.is_again:
        return note(say("queue.added.already", lang, name=added.run.name)), "queue"
    key = "queue.added.as" if added.wanted else "queue.added"
    return note(say(key, lang, **values), "good"), "queue"


def doubt(window: Window, form: Form, raw: Mapping[str, Any], lang: Lang) -> tuple[str, str]:
    """That it would train with what is the demo's still, or for models of another family; "" where not so.

    With it the buttons that lead to what can be chosen instead. Both are HTML.
    """
    need = leftover(window)
    name = {OWN: "base", PRESET: "preset", REG: "reg"}.get(need) if need is not None else None
    way = (need.place or goto(OPTIONS[need.options[0]])) if need is not None else ""
    if name is None and SuitedCard(window, form).is_offered(raw):
        name, way = "family", leads_to("suited", "model")
    if name is None:
        return "", ""
    acts = uses_html(window, lang) if need is OWN else ""
    choose = esc(say(f"start.choose.{name}", lang))
    acts += f'<button type="button" class="rw-act is-main" {way}>{choose}</button>'
    return note(say(f"start.doubt.{name}", lang), "warn"), acts


def _asked(said: str, acts: str, pressed: str, lang: Lang) -> str:
    """A doubt as a question. pressed: "start" or "queue"."""
    acts += button(ANYWAY[pressed], "", say(f"{pressed}.anyway", lang))
    return f'<div class="rw-asked">{said}<div class="rw-acts">{acts}</div></div>'


def _offer_queue(lang: Lang) -> str:
    said, act = note(say("start.busy", lang)), button("queue", "", say("run.queue", lang))
    return f'<div class="rw-asked">{said}<div class="rw-acts">{act}</div></div>'


def _ask(save: SaveConfig, lang: Lang) -> str:
    """Results of this name are there: start under another, or the same with the earlier ones kept."""
    found = [path.name for path in result_names.existing(save)]
    listed = ", ".join(found[:_MOST_NAMED])
    if len(found) > _MOST_NAMED:
        listed += say("start.more", lang, n=len(found) - _MOST_NAMED)
    name, free = save.output_name or "last", result_names.free(save)
    said = note(say("start.taken", lang, files=listed, folder=Path(save.output_dir).name))
    acts = button("start-new", "", say("start.new", lang, name=free), "is-main")
    acts += button("start-same", "", say("start.same", lang, name=name))
    below = note(say("start.same.info", lang, name=name))
    return f'<div class="rw-asked">{said}<div class="rw-acts">{acts}</div>{below}</div>'
