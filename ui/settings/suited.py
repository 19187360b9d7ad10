"""What of the settings still suits models of another family than the chosen one: told, and set at a click."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

import gradio as gr

from core.config import base_family
from core.config.check import typed
from core.errors import Lang, UserError
from core.families import FAMILIES
from core.formats.identify import Identity
from core.models import suited
from ui.parts.localized import QUICK, Page, texts
from ui.parts.markup import heading, note
from ui.parts.options import OPTIONS
from ui.settings.difference import changes, changes_table
from ui.settings.form import Form
from ui.text import say
from ui.window import Window
from ui.window.error_page import guarded


class SuitedCard:
    """The offer under the base model. What was declined is kept with the window, for each family."""

    def __init__(self, window: Window, form: Form) -> None:
        self._window, self._form = window, form
        self.parts: dict[str, Any] = {}

    def draw(self, page: Page) -> None:
        """The card, which is not there while there is nothing to offer."""
        parts = self.parts
        with gr.Column(visible=False, elem_id="suited", elem_classes=["rw-offer"]) as parts["box"]:
            parts["text"] = gr.HTML(elem_id="suited-text", padding=False)
            with gr.Row(elem_classes=["rw-buttons", "is-small"]):
                for part, variant in (("apply", "primary"), ("keep", "secondary")):
                    words = texts(value=f"suited.{part}")
                    parts[part] = page.add(
                        gr.Button, words, variant=variant, size="md", elem_id=f"suited-{part}"
                    )

    def show(self, raw: Mapping[str, Any], lang: Lang) -> dict[Any, Any]:
        """The offer for these settings, or none."""
        base = self._base(raw)
        offered = self._offered(base, raw)
        html = ""
        if base is not None and offered:
            kin = FAMILIES[base.family].words.of(lang)
            html = heading(say("suited.title", lang, family=kin)) + note(say("suited.lead", lang))
            html += changes_table(changes(raw, offered), lang, "diff.proposed")
        return {self.parts["box"]: gr.update(visible=bool(html)), self.parts["text"]: html}

    def is_offered(self, raw: Mapping[str, Any]) -> bool:
        """Whether something of these settings suits another family, and nobody has declined to change it."""
        return bool(self._offered(self._base(raw), raw))

    @property
    def shown(self) -> list[Any]:
        """The components that `show` sets."""
        return [self.parts["box"], self.parts["text"]]

    def connect(self, lang: Any) -> list[Any]:
        """Bind the buttons. Gives the events after which the page has to tell anew."""
        form, window = self._form, self._window
        act = {"apply": (self.apply, [*form.components.values()]), "keep": (self.keep, self.shown)}

        def bind(part: str) -> Any:
            handler, outputs = act[part]
            answer = guarded(lambda d: handler(form.raw(d), d[lang]), window)
            return self.parts[part].click(answer, {lang, *form.inputs}, outputs, **QUICK)

        return [bind(part) for part in act]

    def apply(self, raw: Mapping[str, Any], lang: Lang) -> Any:
        """Set what is offered; what stood there is remembered for the way back to another family."""
        offered = self._offered(self._base(raw), raw)
        if not offered:
            return gr.skip()
        draft = self._window.draft
        lent = draft.lent
        for key, value in offered.items():
            if lent.pop(key, None) != (raw.get(key), value):  # else it is back where it was
                lent[key] = (value, raw.get(key))
        base = self._base(raw)
        name = FAMILIES[base.family].marks.name if base else ""
        draft.change("suited", name, offered, lent, draft.preset)
        return self._form.restore(offered)

    def keep(self, raw: Mapping[str, Any], lang: Lang) -> dict[Any, Any]:
        """Leave everything as it is, and offer the same not again for models of this family."""
        base = self._base(raw)
        if base is not None:
            draft = self._window.draft
            draft.decide(base.family, {key: raw.get(key) for key in self._offered(base, raw)})
        return self.show(raw, lang)

    @functools.cached_property
    def _demo(self) -> dict[str, Any]:
        return _values(self._form.shown(self._window.demo_values()))

    def _base(self, raw: Mapping[str, Any]) -> Identity | None:
        """What the base model is; None where that is not known, or is set against the file."""
        named = str(raw.get("model.family") or "auto")
        try:
            base = base_family.identity(self._window.paths.model(str(raw.get("model.base") or "")))
        except UserError:
            return None
        return base if base is not None and named in ("auto", base.family) else None

    def _offered(self, base: Identity | None, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Widget values of the options that suit the base model better, which nobody has decided about.

        What an offer for another family has replaced comes back before a default does.
        """
        if base is None or base.family not in FAMILIES:
            return {}
        draft, values = self._window.draft, _values(raw)
        found = suited.proposals(base, values, self._demo)
        offered = self._form.shown(found)
        for key, (brought, own) in draft.lent.items():
            is_free = key in found or key not in FAMILIES[base.family].defaults
            is_back = key in values and raw[key] == brought != own
            if is_back and is_free and not suited.proposals(base, _values({key: own}), self._demo):
                offered[key] = own
        decided = draft.decided.get(base.family, {})
        left = {key: value for key, value in offered.items() if decided.get(key, _OPEN) != raw[key]}
        return left if changes(raw, left) else {}


_OPEN = object()
"""Of an option that nobody has decided about; None is a value."""


def _values(shown: Mapping[str, Any]) -> dict[str, Any]:
    """What these widgets hold, of the options that are concerned and hold what they may."""
    read = {key: value for key, value in Form.read(shown).items() if key in suited.concerned()}
    config, wrong = typed(read)
    bad = {problem.key for problem in wrong}
    return {key: OPTIONS[key].value_in(config) for key in read if key not in bad}
