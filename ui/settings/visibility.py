"""What is on the page at a time: options that apply at the chosen level, and any option by searching."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from typing import Any

from core.config.schema import conditions
from core.config.schema.conditions import unmet
from core.config.schema.option import Option
from core.errors import LANGS, Lang
from core.families import FAMILIES
from ui.parts.localized import worded
from ui.parts.markup import esc, goto, note, prose
from ui.parts.options import IN_HEAD, LEVELS, OPTIONS, element_id
from ui.settings.form import Form
from ui.settings.picking import PICKED
from ui.text import say

MOST_FOUND = 10
LONGEST_QUERY = 80


def hidden_style(form: Form, raw: Mapping[str, Any], level: str) -> str:
    """A style sheet that hides the options without effect, and cards of which nothing is shown.

    A sheet and not the components' own visibility: one small update, also for tabs that are not open yet.
    """
    values = form.facts(raw)
    unused = {key for key, option in OPTIONS.items() if not option.is_used(values)}
    reach = LEVELS.index(level) if level in LEVELS else 0

    def is_shown(option: Option) -> bool:
        return option.key not in unused and LEVELS.index(option.meta.level) <= reach

    names = [element_id(OPTIONS[key]) for key in sorted(unused)]
    names += [f"{element_id(OPTIONS[key])}-pick" for key in sorted(unused) if key in PICKED]
    names += [name for name, options in form.cards.items() if not any(map(is_shown, options))]
    return (
        f"<style>{','.join(f'#{name}' for name in names)}{{display:none!important}}</style>" if names else ""
    )


def _plain(text: str) -> str:
    """For comparing: full and half width, capitals and - _ alike."""
    return unicodedata.normalize("NFKC", text).casefold().replace("_", " ").replace("-", " ")


def matching_options(query: str) -> list[Option]:
    """The options that hold every word of the query in name, label or help of any language, best first."""
    asked = _plain(query[:LONGEST_QUERY]).split()
    if not asked:
        return []
    ranked = []
    for n, option in enumerate(OPTIONS.values()):
        meta = option.meta
        labels, helps = (map(words.of, LANGS) for words in (meta.label, meta.help))
        name = _plain(" ".join((option.key, *labels, *meta.sd_scripts)))
        rest = _plain(" ".join((*helps, *(str(name) for name in option.choices or ()))))
        if all(word in name or word in rest for word in asked):
            ranked.append((sum(word not in name for word in asked), LEVELS.index(meta.level), n, option))
    return [option for *_, option in sorted(ranked, key=lambda hit: hit[:3])]


def search_html(form: Form, query: Any, raw: Mapping[str, Any], lang: Lang) -> str:
    """What a query finds, each to be gone to by a click (script/goto.js)."""
    text = str(query or "")
    if not text.strip():
        return ""
    hits = matching_options(text)
    if not hits:
        return note(say("find.none", lang, text=text[:LONGEST_QUERY].strip()))
    values = form.facts(raw)
    items = "".join(_item(option, values, lang) for option in hits[:MOST_FOUND])
    more = len(hits) - MOST_FOUND
    return f'<ul class="rw-found">{items}</ul>' + (note(say("find.more", lang, n=more)) if more > 0 else "")


def _item(option: Option, values: Mapping[str, Any], lang: Lang) -> str:
    meta = option.meta
    label, help_text = meta.label.of(lang), meta.help.of(lang)
    target, why = _reachable(option, values, lang)
    names = ["head.top"] if option.key in IN_HEAD else [f"tab.{option.tab}", f"group.{option.meta.group}"]
    place = " · ".join(say(name, lang) for name in names)
    hint = f"<em>{esc(why)}</em>" if why else f"<span>{prose(help_text)}</span>"
    return (
        f'<li><button type="button" {goto(target)}><b>{esc(label)}</b> '
        f"<code>{esc(option.key)}</code><small>{esc(place)}</small>{hint}</button></li>"
    )


def _reachable(option: Option, values: Mapping[str, Any], lang: Lang) -> tuple[Option, str]:
    """The option itself, or the one that must be set first with a sentence that says so."""
    method, family = values.get("network.method"), str(values.get("model.family", "auto"))
    if not option.is_of(family):
        return OPTIONS["model.base"], say("find.family", lang, family=FAMILIES[family].words.of(lang))
    if option.meta.methods and method not in option.meta.methods:
        return OPTIONS["network.method"], say(
            "find.method",
            lang,
            methods=", ".join(say(f"head.method.{name}", lang) for name in option.meta.methods),
        )
    need = unmet(option.meta.needs, values)
    if need is None:
        return option, ""
    first = OPTIONS[need[0].key]
    said = say("find.needs", lang, needs=worded(conditions.words(need), lang))
    return _reachable(first, values, lang)[0], said
