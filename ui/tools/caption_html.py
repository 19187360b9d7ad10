"""How the card looks that has images captioned: the models to choose from, and the settings of each kind."""

from __future__ import annotations

from collections.abc import Sequence

from core.captioners.known import KNOWN
from core.config.schema.option import Option
from core.errors import Lang
from core.forecast.machine import Machine
from core.tools.caption_settings import SENTENCES, TAGS
from ui.parts.markup import esc, note
from ui.text import say
from ui.tools.field_html import act_html, field_html

OTHER = "other"
"""The value of the list's last entry: a model that is named in a field of its own."""

_FIRST = ("existing", "first", "general", "character", "drop", "replace", "length", "prompt")
_NOT_SHOWN = ("source", "model", "caption_extension", "workspace")
"""The first two are drawn here; the extension is that of the data set, the workspace the window's."""


def form_html(options: Sequence[Option], images: str, machine: Machine | None, lang: Lang) -> str:
    """The fields and buttons. images: the folder of training images, taken where no other is typed."""
    by_name = {option.name: option for option in options}
    fields = {
        name: field_html(option, lang, "caption", classes=_shown_for(name))
        for name, option in by_name.items()
        if name not in _NOT_SHOWN
    }
    hint = say("captioner.images", lang, folder=images) if images else ""
    source = field_html(by_name["source"], lang, "caption", hint=hint)
    first = "".join(fields[name] for name in _FIRST)
    more = "".join(html for name, html in fields.items() if name not in _FIRST)
    title = esc(say("captioner.more", lang))
    acts = act_html("go", "captioner.go", lang, "is-main is-full")
    acts += act_html("queue", "run.queue", lang)
    acts += act_html("stop", "job.stop", lang, "is-stop", into="form")
    return (
        f'<div class="rw-captioner rw-fields"><div class="rw-try-fields">{source}'
        f"{_models_html(by_name['model'], lang)}{first}</div>"
        f'<details><summary>{title}</summary><div class="rw-try-fields">{more}</div></details>'
        f"{_memory_html(machine, lang)}"
        f'<div class="rw-acts">{acts}</div></div>'
    )


def _shown_for(name: str) -> str:
    return "for-tags" if name in TAGS else "for-sentences" if name in SENTENCES else ""


def _models_html(option: Option, lang: Lang) -> str:
    """The list of models, and the field for another one, shown only where that is chosen."""
    groups = "".join(
        f'<optgroup label="{esc(say(f"captioner.{kind}", lang))}">'
        + "".join(
            f'<option value="{esc(name)}" data-{kind}{" selected" if name == option.default else ""}>'
            f"{esc(known.words.of(lang))}</option>"
            for name, known in KNOWN.items()
            if (known.manifest is not None) == (kind == "tags")
        )
        + "</optgroup>"
        for kind in ("tags", "sentences")
    )
    other = f'<option value="{OTHER}" data-other>{esc(say("captioner.other", lang))}</option>'
    label, words = esc(option.meta.label.of(lang)), esc(option.meta.help.of(lang))
    named, told = esc(say("captioner.other.label", lang)), esc(say("captioner.other.help", lang))
    return (
        f'<label class="rw-try-field is-model"><b>{label}</b><select name="model" id="caption-model">'
        f"{groups}{other}</select><small>{words}</small></label>"
        f'<label class="rw-try-field is-other"><b>{named}</b>'
        f'<input name="other" id="caption-other" maxlength="1000" spellcheck="false">'
        f"<small>{told}</small></label>"
    )


def _memory_html(machine: Machine | None, lang: Lang) -> str:
    if machine is None:
        return ""
    name = machine.name or say("captioner.computer", lang)
    return note(say("captioner.memory", lang, size=f"{machine.total / 1e9:.0f}", name=name))
