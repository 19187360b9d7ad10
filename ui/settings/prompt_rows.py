"""Sample prompts as rows of fields: the place where script/prompts.js draws them, with its words."""

from __future__ import annotations

import json

from core.catalog import SAMPLERS
from core.config.schema.option import Option
from core.errors import Lang
from core.runs import sample_prompts
from ui.parts.markup import esc
from ui.parts.options import element_id
from ui.text import say

_FIELDS = ("prompt", "negative", "width", "height", "seed", "steps", "guidance", "sampler")
_BUTTONS = ("add", "copy", "remove", "text", "fields", "one", "more")


def rows_html(field: str, size: Option, lang: Lang) -> str:
    """The place of the rows over a text field. field: its element. size: the option with the images' size."""
    words: dict[str, object] = {name: say(f"prompts.{name}", lang) for name in (*_FIELDS, *_BUTTONS)}
    default = ("", say("prompts.sampler.run", lang))
    words["samplers"] = [default, *((name, known.of(lang)) for name, known in SAMPLERS.items())]
    facts = {
        "for": field,
        "size": element_id(size),
        "row-words": json.dumps(words, ensure_ascii=False),
        "steps": f"{sample_prompts.STEPS}",
        "guidance": f"{sample_prompts.GUIDANCE:g}",
        "seed": say("prompts.seed.auto", lang),
    }
    given = " ".join(f'data-{name}="{esc(value)}"' for name, value in facts.items())
    return f'<div class="rw-prompts" {given}></div>'
