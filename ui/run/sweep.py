"""The same run with several values of one setting or two: asked for in the page, told before it is added."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import gradio as gr

from core import sweep
from core.config.schema.option import Option
from core.errors import Lang, UserError
from core.sweep import Variant
from ui.parts.html_events import LISTEN, button, fields_of, sent
from ui.parts.localized import Page
from ui.parts.markup import esc, note, problems
from ui.parts.options import OPTIONS
from ui.run import starting
from ui.settings.form import Form
from ui.text import say
from ui.window import Window

FIRST = (
    "train.learning_rate",
    "train.max_train_steps",
    "network.rank",
    "network.alpha",
    "dataset.train_batch_size",
    "optimizer.optimizer_type",
    "optimizer.lr_scheduler",
    "train.seed",
)
"""What people vary most, above all else in the lists."""

_FIELDS = ("key1", "values1", "key2", "values2")
_MOST_NAMED = 8


class Sweep:
    """One piece of HTML below the queue, folded."""

    def __init__(self, window: Window, page: Page, form: Form) -> None:
        self._window, self._form = window, form
        self.part = page.add(
            gr.HTML, {"value": self.show}, elem_id="run-sweep", padding=False, js_on_load=LISTEN
        )

    def show(self, lang: Lang) -> str:
        """The folded fields, as on a page that was just opened."""
        return sweep_html({}, "", lang, is_open=False)

    def act(self, raw: Mapping[str, Any], event: Any, lang: Lang) -> str:
        """What a button says: tell the runs, or add those that were told to the queue."""
        name, on, _ = sent(event)
        fields = {key: text[:2000] for key, text in fields_of(event).items() if key in _FIELDS}
        if name not in ("look", "add"):
            return self.show(lang)
        try:
            made = self._variants(raw, fields, lang)
            if name == "add" and on == _word(made):
                return sweep_html(fields, self._added(made, lang), lang)
        except UserError as e:
            return sweep_html(fields, problems(e.problems, lang), lang)
        doubt, _ = starting.doubt(self._window, self._form, raw, lang)
        return sweep_html(fields, doubt + _preview(made, lang), lang)

    def _variants(self, raw: Mapping[str, Any], fields: Mapping[str, str], lang: Lang) -> tuple[Variant, ...]:
        axes = [sweep.axis(fields.get("key1", ""), fields.get("values1", ""))]
        if fields.get("key2"):
            axes.append(sweep.axis(fields["key2"], fields.get("values2", "")))
        return sweep.variants(self._form.text(raw, lang), axes)

    def _added(self, made: Sequence[Variant], lang: Lang) -> str:
        """Put the runs into the queue, in order."""
        for variant in made:
            self._window.queue.add(variant.text)
        return note(say("sweep.added", lang, n=len(made)), "good")


def _word(made: Sequence[Variant]) -> str:
    """Another word for other runs: what was told is what is added."""
    texts = "\n".join(variant.text for variant in made)
    return hashlib.blake2b(texts.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _preview(made: Sequence[Variant], lang: Lang) -> str:
    """How many runs it will be, and what they are called."""
    rows = "".join(f"<li><b>{esc(variant.name)}</b></li>" for variant in made[:_MOST_NAMED])
    if len(made) > _MOST_NAMED:
        rows += f"<li>{esc(say('sweep.more', lang, n=len(made) - _MOST_NAMED))}</li>"
    act = button("add", _word(made), say("sweep.add", lang, n=len(made)), "is-main")
    return f'<ul class="rw-sweep-runs">{rows}</ul><div class="rw-acts">{act}</div>'


def sweep_html(fields: Mapping[str, str], below: str, lang: Lang, is_open: bool = True) -> str:
    """The fields with what was typed, and what is said of it."""
    first, second = (
        f'<div class="rw-sweep-row">{_list(n, fields.get(f"key{n}", ""), lang)}'
        f'<input name="values{n}" type="text" maxlength="400" placeholder="{esc(say("sweep.hint", lang))}" '
        f'aria-label="{esc(say("sweep.values", lang))}" value="{esc(fields.get(f"values{n}", ""))}"></div>'
        for n in (1, 2)
    )
    look = button("look", "", say("sweep.look", lang), "" if "is-main" in below else "is-main")
    opened = " open" if is_open else ""
    return (
        f'<details class="rw-sweep rw-fields"{opened}><summary>{esc(say("sweep.title", lang))}</summary>'
        f"<p>{esc(say('sweep.lead', lang))}</p>{first}{second}"
        f'<div class="rw-acts">{look}</div>{below}</details>'
    )


def _list(n: int, chosen: str, lang: Lang) -> str:
    """The options that can be varied: the usual ones, then the others by section."""
    usual = [OPTIONS[key] for key in FIRST]
    others = [option for option in OPTIONS.values() if sweep.varied(option) and option.key not in FIRST]
    chosen = chosen or (FIRST[0] if n == 1 else "")
    none = "" if n == 1 else f'<option value="">{esc(say("sweep.none", lang))}</option>'
    rest = "".join(_choice(option, chosen, lang) for option in others)
    label = esc(say("sweep.setting", lang))
    return (
        f'<select name="key{n}" aria-label="{label}">{none}'
        f"{''.join(_choice(option, chosen, lang) for option in usual)}"
        f'<optgroup label="{esc(say("sweep.others", lang))}">{rest}</optgroup></select>'
    )


def _choice(option: Option, chosen: str, lang: Lang) -> str:
    is_chosen = " selected" if option.key == chosen else ""
    return f'<option value="{esc(option.key)}"{is_chosen}>{esc(option.meta.label.of(lang))}</option>'
