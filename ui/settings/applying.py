"""Presets for this window: found by the page's name for them, what they set here, and put into the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.catalog import Words
from core.config import presets
from core.counting import joined
from core.errors import Lang
from core.families import FAMILIES
from core.models import suited
from ui.parts.markup import esc, note, problems
from ui.settings import preset_samples
from ui.settings.difference import changes, difference_html
from ui.settings.form import WRITTEN, Form
from ui.settings.length import length_of
from ui.settings.menu import apply_html
from ui.settings.preset_list import Around, memory, name_of
from ui.settings.recipe import put, shown_then
from ui.text import say
from ui.window import Window

Update = dict[Any, Any]


class Applying:
    """The presets of a window, over its form and model."""

    def __init__(self, window: Window, form: Form) -> None:
        self._window, self._form = window, form

    def all(self) -> tuple[presets.Preset, ...]:
        """The shipped ones and the user's own."""
        return tuple(presets.presets(self._window.preset_folders)[0])

    def named(self, name: Any) -> presets.Preset | None:
        """The preset of a name that the page sent; a name that is not in the list is nothing."""
        return next((preset for preset in self.all() if name_of(preset) == name), None)

    @property
    def applied(self) -> presets.Preset | None:
        """The one that was put into the form last."""
        return self.named(self._window.draft.preset)

    def is_changed(self, preset: presets.Preset) -> bool:
        """Whether a setting that a preset is about stands otherwise than it says."""
        kept = self._window.draft.values
        wanted = Form.read(self._form.shown(self.values(preset)))
        now = Form.read({key: kept[key] for key in wanted if key in kept})
        return any(wanted[key] != value for key, value in now.items())

    def around(self, base: str = "") -> Around:
        """What decides which presets fit here. base: a model in place of the one on the page."""
        raw = self._form.shown(self._window.first) | dict(self._window.draft.values)
        looked = self._window.preview.result
        length = length_of(self._form, raw, looked.plan if looked else None)
        machine = self._window.looker.machine
        return Around(self.family(base), machine, length.samples if length else None)

    def family(self, base: str = "") -> str:
        """The family of a base model, else of the one on the page; "" while it is not known."""
        settings = self._window.settings
        named = {key: settings.get(key) for key in ("model.base", "model.family")}
        if base:
            named = {"model.base": base, "model.family": "auto"}
        found = str(self._form.facts(named).get("model.family", "auto"))
        return "" if found == "auto" else found

    def values(self, preset: presets.Preset) -> dict[str, Any]:
        """What a preset names; what is written, such as the guide's "logs", below the workspace."""
        written = {
            key: str(self._window.workspace / str(preset.values[key]))
            for key in WRITTEN
            if key in preset.values
        }
        return {**preset.values, **written}

    def samples(self, preset: presets.Preset) -> preset_samples.Samples:
        return preset_samples.of(self._window, self._form, preset, self.values(preset))

    def put(
        self, preset: presets.Preset, act: str, name: str, beside: Mapping[str, Any] | None = None
    ) -> Update:
        """Put a preset into the form. act, name: see Change. beside: what is set with it."""
        values = {**self.values(preset), **self.samples(preset).values, **(beside or {})}
        then = shown_then(self._window, self._form, values)
        updates = put(self._window, self._form, values, act, name, name_of(preset))
        for family in preset.families:
            self._window.draft.decide(family, {key: then[key] for key in suited.concerned()})
        return updates

    def described(self, preset: presets.Preset, raw: Mapping[str, Any], lang: Lang) -> str:
        """Whom a preset is for and why, where its values come from, and what it would change."""
        around = self.around()
        html = f"<h3>{esc(preset.title.of(lang))}</h3>" + apply_html(name_of(preset), lang)
        if not preset.is_for(around.family):
            html += note(say("preset.other.note", lang, families=_names(preset, lang)), "warn")
        if not around.has_room(preset):
            gb = {"n": memory(preset), "has": around.gpu_gb()}
            html += note(say("presets.large.note", lang, **gb), "warn")
        html += note(preset.note.of(lang))
        samples = self.samples(preset)
        then = shown_then(self._window, self._form, {**self.values(preset), **samples.values})
        html += note(preset_samples.told(samples, lang))
        html += difference_html(changes(raw, then), lang)
        if preset.source.of(lang):
            html += note(say("preset.source", lang, text=preset.source.of(lang)))
        return html + (problems(preset.notices, lang) if preset.notices else "")


def _names(preset: presets.Preset, lang: Lang) -> str:
    """The families that a preset is for, by their short names."""
    kin = [FAMILIES[name].marks.name if name in FAMILIES else name for name in preset.families]
    return joined(Words(name, name) for name in kin).of(lang)
