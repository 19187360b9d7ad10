"""The dialog of settings files, drawn in HTML: open one, paste another trainer's, save and own presets."""

from __future__ import annotations

from collections.abc import Sequence

from core.errors import Lang
from ui.parts.html_events import button
from ui.parts.markup import esc, note
from ui.text import say

DOWNLOAD = """(text) => {
  if (text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], {type: 'application/toml'}));
    const named = text.match(/^output_name = ["'](.+)["']$/m);
    link.download = `${named ? named[1].replace(/[\\\\/:*?"<>|]/g, '_') : 'run'}.toml`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
  return '';
}"""
"""Saves the text of a run file where the browser puts what is downloaded."""


def title_html(box: str, title: str, lang: Lang) -> str:
    """The title of a popover, with the button that closes it. title: key of its words."""
    close = esc(say("head.close", lang))
    return (
        f'<div class="rw-dialog-title"><h2>{esc(say(title, lang))}</h2>'
        f'<button type="button" class="rw-act is-quiet" popovertarget="{box}" popovertargetaction="hide" '
        f'aria-label="{close}">×</button></div>'
    )


def open_html(lang: Lang) -> str:
    """What stands above the button that opens a file, which is Gradio's."""
    return f"<h3>{esc(say('files.open', lang))}</h3>{note(say('files.open.lead', lang))}"


def paste_html(lang: Lang) -> str:
    label, hint = esc(say("import.label", lang)), esc(say("import.hint", lang))
    take = button("take", "", say("import.button", lang), fills=True)
    return (
        f"<h3>{esc(say('files.paste', lang))}</h3>"
        '<div id="import-text" class="rw-fields"><textarea name="text" rows="3" spellcheck="false" '
        f'aria-label="{label}" placeholder="{hint}"></textarea>'
        f'<div id="import-take" class="rw-acts">{take}</div></div>'
    )


def own_html(names: Sequence[str], asked: str, renamed: str, lang: Lang) -> str:
    """Saving, and the user's own presets, each to be renamed or deleted."""
    label, hint = esc(say("preset.name", lang)), esc(say("preset.name.hint", lang))
    save = button("save", "", say("file.save", lang))
    keep = button("keep", "", say("preset.save", lang), "is-main")
    rows = "".join(_row(name, name == asked, name == renamed, lang) for name in names)
    listed = f'<ul class="rw-own">{rows}</ul>' if rows else note(say("files.own.none", lang))
    return (
        f'<h3>{esc(say("files.save", lang))}</h3><div id="file-save" class="rw-acts">{save}</div>'
        f'<div id="preset-name" class="rw-acts rw-fields"><input name="text" type="text" maxlength="64" '
        f'aria-label="{label}" placeholder="{hint}">{keep}</div>{listed}'
    )


def replace_html(name: str, lang: Lang) -> str:
    """The question whether to replace a preset of this name."""
    said = note(say("preset.keep.there", lang, name=name), "warn")
    acts = button("replace", name, say("preset.keep.sure", lang, name=name), "is-main")
    acts += button("cancel", "", say("preset.cancel", lang))
    return f'<div class="rw-asked">{said}<div class="rw-acts">{acts}</div></div>'


def _row(name: str, is_asked: bool, is_renamed: bool, lang: Lang) -> str:
    cancel = button("cancel", "", say("preset.cancel", lang))
    if is_renamed:
        label = esc(say("files.new.name", lang))
        field = f'<input name="text" type="text" maxlength="64" value="{esc(name)}" aria-label="{label}">'
        rename = button("rename-to", name, say("preset.rename", lang), "is-main")
        return f'<li id="preset-rename" class="rw-fields">{field}{rename}{cancel}</li>'
    if is_asked:
        sure = button("delete-sure", name, say("preset.delete.sure", lang, name=name), "is-bad")
        return f"<li><span>{esc(name)}</span>{sure}{cancel}</li>"
    rename = button("rename", name, say("preset.rename", lang))
    return f"<li><span>{esc(name)}</span>{rename}{button('delete', name, say('preset.delete', lang))}</li>"
