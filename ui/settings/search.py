"""Any option or tool by searching, whatever of it is on the page just now."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from core.catalog import Words
from core.config.schema import conditions
from core.config.schema.conditions import unmet
from core.config.schema.option import Option
from core.errors import LANGS, Lang
from core.families import FAMILIES
from ui.parts.localized import worded
from ui.parts.markup import esc, goto, leads_to, note, prose
from ui.parts.options import IN_HEAD, LEVELS, OPTIONS
from ui.settings.form import Form
from ui.text import say

MOST_FOUND = 10
LONGEST_QUERY = 80


class Place(NamedTuple):
    """What is found beside the options: the element that is gone to, its tab, its name, a line about it."""

    element: str
    tab: str
    name: Words
    line: Words


def _plain(text: str) -> str:
    """For comparing: full and half width, capitals and - _ alike."""
    return unicodedata.normalize("NFKC", text).casefold().replace("_", " ").replace("-", " ")


def matching_options(query: str) -> list[Option]:
    """The options that hold every word of the query in name, label or help of any language, best first."""
    return [option for *_, option in _ranked(_asked(query))]


def _asked(query: str) -> list[str]:
    return _plain(query[:LONGEST_QUERY]).split()


def _ranked(asked: Sequence[str]) -> list[tuple[int, int, int, Option]]:
    """The same with how many words are not in the name, the level and the place among all options."""
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
    return sorted(ranked, key=lambda hit: hit[:3])


def search_html(
    form: Form, query: Any, raw: Mapping[str, Any], lang: Lang, places: Iterable[Place] = ()
) -> str:
    """What a query finds, each to be gone to by a click (script/goto.js).

    places: found by their names and lines; they stand before the options that only speak of what is asked.
    """
    text = str(query or "")
    if not text.strip():
        return ""
    asked = _asked(text)
    ranked, others = _ranked(asked), [place for place in places if _is_named(place, asked)]
    if not ranked and not others:
        return note(say("find.none", lang, text=text[:LONGEST_QUERY].strip()))
    values = form.facts(raw)
    items = [_item(option, values, lang) for *_, option in ranked[:MOST_FOUND]]
    first = sum(not missing for missing, *_ in ranked[:MOST_FOUND])
    items[first:first] = [_place_html(place, lang) for place in others]
    more = len(ranked) - MOST_FOUND
    said = note(say("find.more", lang, n=more)) if more > 0 else ""
    return f'<ul class="rw-found">{"".join(items)}</ul>{said}'


def _is_named(place: Place, asked: Sequence[str]) -> bool:
    text = _plain(" ".join(words.of(lang) for words in (place.name, place.line) for lang in LANGS))
    return bool(asked) and all(word in text for word in asked)


def _place_html(place: Place, lang: Lang) -> str:
    name, line, tab = place.name.of(lang), place.line.of(lang), say(f"tab.{place.tab}", lang)
    return (
        f'<li><button type="button" {leads_to(place.element, place.tab)}><b>{esc(name)}</b> <code></code>'
        f"<small>{esc(tab)}</small><span>{esc(line)}</span></button></li>"
    )


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
