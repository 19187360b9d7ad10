"""The menu at the end of the head's row, and what is said of a change of many settings, with Undo."""

from __future__ import annotations

from core.errors import Lang
from ui.parts.html_events import button
from ui.parts.markup import esc
from ui.text import say
from ui.window.changes import Change

POPOVER = """
const become = () => {
  const box = element.closest('.rw-popover');
  if (!box) { setTimeout(become, 50); return; }  // drawn, but not in the page yet
  box.setAttribute('popover', 'auto');
  box.setAttribute('role', 'dialog');
  box.setAttribute('aria-label', box.querySelector('h2')?.textContent ?? '');
};
become();
"""
"""Makes a column a popover of the browser's own: above the page, closed by Escape or a click beside it."""


def menu_html(undo: str, can_undo: bool, has_login: bool, lang: Lang) -> str:
    """The button and what it opens. undo: the words on that entry."""
    off = "" if can_undo else " disabled"
    files = esc(say("preset.more", lang))
    html = (
        f'<button type="button" class="rw-act rw-open-files">{files}</button>'
        f'<button type="button" class="rw-act" data-act="undo" data-into="form"{off}>{esc(undo)}</button>'
        + button("reset", "", say("file.reset", lang), fills=True).replace(
            "<button ", '<button id="file-reset" '
        )
    )
    # Pressed by script/head.js for buttons elsewhere that take a model.
    html += '<button type="button" id="use-model" data-act="use" data-into="form" hidden></button>'
    if has_login:
        html += f'<a class="rw-act" href="logout">{esc(say("login.out", lang))}</a>'
    more = esc(say("head.menu", lang))
    return (
        f'<button type="button" class="rw-act is-icon" popovertarget="menu-box" title="{more}" '
        f'aria-label="{more}">⋯</button>'
        f'<div id="menu-box" popover role="dialog" aria-label="{more}">{html}</div>'
    )


def undo_text(change: Change, lang: Lang) -> str:
    """A change in a few words, as what can be undone."""
    is_pasted = change.act == "import" and not change.name
    return say("undo.import.text" if is_pasted else f"undo.{change.act}", lang, name=change.name)


def undo_html(lang: Lang) -> str:
    """The button beside what was done."""
    return f'<div class="rw-acts">{button("undo", "", say("undo.button", lang), fills=True)}</div>'


def done_html(text: str, lang: Lang) -> str:
    """What was done, with Undo; it goes by itself after a while, and the menu has the same."""
    if not text:
        return ""
    undo = button("undo", "", say("undo.button", lang), fills=True)
    close = esc(say("head.close", lang))
    off = f'<button type="button" class="rw-act is-quiet" data-put-away aria-label="{close}">×</button>'
    return f'<div class="rw-done" role="status"><span>{esc(text)}</span>{undo}{off}</div>'


def apply_html(name: str, lang: Lang) -> str:
    """The button that applies the preset which is looked at, and closes the list."""
    return (
        '<button type="button" id="preset-apply" class="rw-act is-full" data-act="apply" data-into="form" '
        f'data-on="{esc(name)}" popovertarget="preset-box" popovertargetaction="hide">'
        f"{esc(say('preset.apply', lang))}</button>"
    )
