"""The layers that would get an adapter, told on the LoRA tab as the settings stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.config.rules.ruleset import problems_by_family
from core.counting import size_text
from core.errors import Lang
from core.families import FAMILIES
from core.forecast import architecture, layers
from core.forecast.layers import Layers
from ui.parts.chart import part_name
from ui.parts.markup import Share, esc, facts, goto, heading, note, table
from ui.parts.options import OPTIONS
from ui.settings.forecast import config_of
from ui.settings.form import Form
from ui.settings.identity import short_number
from ui.text import say

_NAMES = 12
"""That are shown of each kind."""


def layers_html(form: Form, raw: Mapping[str, Any], lang: Lang) -> str:
    """How many layers are matched, where, how large that is, and their first names.

    Nothing while the settings do not hold: what is wrong is said elsewhere.
    """
    config = config_of(form, raw)
    if config is None or not config.network.is_adapter:
        return ""
    sizes = architecture.of_base(config.model.base)
    family = next(iter(FAMILIES)) if config.model.family == "auto" else config.model.family
    model = sizes or architecture.of_family(family)
    if any(problem.is_error for problem in problems_by_family(config, FAMILIES[model.family])):
        return ""
    found = layers.of(config, model)
    inner = [
        heading(say("layers.title", lang)),
        _counts(found, layers.file_bytes(found, config), lang),
        *(_idle(key, pattern, lang) for key, pattern in found.idle),
        "" if found.adapted else note(say("layers.none", lang), "bad"),
        note(say("layers.oft", lang)) if config.network.method == "oft" else "",
        note(say("layers.from_file", lang)) if config.network.dim_from_weights else "",
        "" if sizes else note(say("forecast.assumed", lang, family=FAMILIES[family].words.of(lang))),
        _blocks(found, lang),
        _names(say("layers.with", lang), [layer.name for layer in found.adapted], lang),
        _names(say("layers.without", lang), found.others, lang),
    ]
    return f'<section class="rw-layers">{"".join(inner)}</section>'


def _counts(found: Layers, size: int, lang: Lang) -> str:
    parts = dict.fromkeys(layer.part for layer in found.adapted)
    each = {part: sum(layer.part == part for layer in found.adapted) for part in parts}
    resting = dict.fromkeys(found.resting, 0)
    return facts(
        (
            (say("layers.all", lang), f"{len(found.adapted):,}"),
            *((_part(part, lang), f"{count:,}") for part, count in (each | resting).items()),
            (say("layers.parameters", lang), short_number(found.numbers) or "0"),
            (say("layers.file", lang), size_text(size)),
        )
    )


def _part(name: str, lang: Lang) -> str:
    said = part_name(name, lang)
    return said[:1].upper() + said[1:]


def _idle(key: str, pattern: str, lang: Lang) -> str:
    """A pattern that matches nothing, and a way to it."""
    option = OPTIONS[key]
    link = f'<button type="button" class="rw-link" {goto(option)}>{esc(option.meta.label.of(lang))}</button>'
    told = esc(say("layers.idle", lang, pattern=pattern))
    return f'<p class="rw-note is-warn">{link} {told}</p>'


def _blocks(found: Layers, lang: Lang) -> str:
    counts = layers.by_block(found)
    if not counts:
        return ""
    most = max(numbers for _, numbers in counts.values())
    head = [say(f"layers.{name}", lang) for name in ("block", "count", "parameters")]
    rows = [
        (f"{_part(part, lang)}: {block}", f"{count:,}", short_number(numbers), Share(numbers / most))
        for (part, block), (count, numbers) in counts.items()
    ]
    drawn = table([*head, ""], rows, frozenset({1, 2}))
    return f"<details><summary>{esc(say('layers.blocks', lang))}</summary>{drawn}</details>"


def _names(title: str, names: Sequence[str], lang: Lang) -> str:
    if not names:
        return ""
    listed = "".join(f"<li><code>{esc(name)}</code></li>" for name in names[:_NAMES])
    left = len(names) - _NAMES
    more = f"<li>{esc(say('layers.more', lang, n=left))}</li>" if left > 0 else ""
    return f"<details><summary>{esc(title)} ({len(names):,})</summary><ul>{listed}{more}</ul></details>"
