"""An option as a field of our own HTML, in the look of the cards of the Tools tab."""

from __future__ import annotations

from core.config.schema.kinds import kind
from core.config.schema.option import Option
from core.errors import Lang
from ui.parts.markup import esc, field_text, prose
from ui.settings import widgets
from ui.text import say


def field_html(
    option: Option, lang: Lang, prefix: str, *, is_long: bool = False, classes: str = "", hint: str = ""
) -> str:
    """Its label, field and help. prefix: of the field's id. is_long: its text may have lines.

    classes: more of them, by which it is shown or not. hint: what stands in the field while it is empty.
    """
    name, what = option.name, kind(option)
    shown = "" if option.field.is_required() else widgets.shown(option, option.default)
    given = f'name="{name}" id="{prefix}-{name}"'
    label, words = esc(option.meta.label.of(lang)), prose(option.meta.help.of(lang))
    kinds = f"rw-try-field is-{name} {classes}".strip()
    if what == "check":
        ticked = " checked" if option.default else ""
        field = f'<span><input type="checkbox" value="yes" {given}{ticked}><b>{label}</b></span>'
        return f'<label class="{kinds} is-tick">{field}<small>{words}</small></label>'
    if what == "choice":
        choices = (option.choices or {}).items()
        listed = "".join(
            f'<option value="{esc(value)}"{" selected" if value == option.default else ""}>'
            f"{esc(words.of(lang))}</option>"
            for value, words in choices
        )
        field = f"<select {given}>{listed}</select>"
    elif is_long:
        field = (
            f'<textarea {given} rows="2" maxlength="{widgets.LONGEST}">{field_text(str(shown))}</textarea>'
        )
    else:
        mode = {"decimal": "decimal", "digits": "numeric", "size": "numeric"}.get(what, "text")
        most = 40 if mode != "text" else 1000
        empty = f' placeholder="{esc(hint)}"' if hint else ""
        field = f'<input {given} value="{esc(shown or "")}" inputmode="{mode}" maxlength="{most}"{empty}>'
    return f'<label class="{kinds}"><b>{label}</b>{field}<small>{words}</small></label>'


def act_html(act: str, key: str, lang: Lang, kind: str = "", help_key: str = "", into: str = "") -> str:
    """A button beside the fields. into: "form" for one that is heard by itself (data-into)."""
    title = f' title="{esc(say(help_key, lang))}"' if help_key else ""
    fills = f' data-into="{into}"' if into else ""
    text = esc(say(key, lang))
    return f'<button type="button" class="rw-act {kind}" data-act="{act}"{fills}{title}>{text}</button>'
