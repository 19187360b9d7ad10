"""All options of the page as one form: widgets -> TOML text -> checked config, and back."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import gradio as gr

from core.config import base_family
from core.config import check as checker
from core.config.file import toml_text
from core.config.schema.option import Option
from core.errors import ConfigError, Lang, Problem, UserError
from core.runs import sample_prompts
from ui.parts.localized import Page, Wording
from ui.parts.options import OPTIONS
from ui.settings import datasets, widgets
from ui.settings.messages import TOO_LONG
from ui.settings.picking import Picking
from ui.window.paths import Paths, file_name

STANDS_IN = "-"
"""A whole run file names a model and images; parts of one can be checked without."""

WRITTEN = ("save.output_dir", "log.logging_dir")
"""Options that name a folder which the run writes to."""


class Form:
    """The options' components by key. Values go in and out as {"section.name": value}."""

    def __init__(self, paths: Paths, picking: Picking | None = None) -> None:
        self._paths, self._picking = paths, picking
        self.components: dict[str, Any] = {}
        self.cards: dict[str, Sequence[Option]] = {}

    def draw(self, page: Page, option: Option, words: Mapping[str, Wording] | None = None) -> Any:
        """Make the one component of an option. words: in place of those of its declaration."""
        if option.key in self.components:
            raise ValueError(f"{option.key} is on the page already")
        component = widgets.make(page, option, self._paths.offered(option), words=words)
        self.components[option.key] = component
        if self._picking is not None:
            self._picking.draw(page, option.key)
        return component

    @property
    def inputs(self) -> set[Any]:
        """What a handler needs to read the form."""
        return set(self.components.values())

    def raw(self, data: Mapping[Any, Any]) -> dict[str, Any]:
        """What stands in each widget, as it was typed: {"section.name": widget value}."""
        return {key: data[component] for key, component in self.components.items()}

    def collect(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """The form as values of a run file, paths absolute. Raises UserError for a path that is not allowed.

        Options that have no effect beside the others are left out.
        """
        read = self.facts(raw)
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for key, option in OPTIONS.items():
            if key not in raw or not option.is_used(read):
                continue
            try:
                values[key] = self._value(option, raw[key])
            except UserError as e:
                problems += e.problems
        if problems:
            raise ConfigError(*problems)
        return values

    @staticmethod
    def read(raw: Mapping[str, Any]) -> dict[str, Any]:
        """What stands in the widgets as values, not looked at any closer."""
        return {key: widgets.read(option, raw[key]) for key, option in OPTIONS.items() if key in raw}

    def facts(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """As `read`, with the family of the base model where its file tells it: see `Option.is_used`."""
        values = self.read(raw)
        try:
            base = self._paths.model(str(values.get("model.base") or ""))
        except UserError:
            return values
        family = base_family.of(base, values.get("model.family", "auto"))
        return values | ({"model.family": family.name} if family else {})

    def _value(self, option: Option, typed: Any) -> Any:
        if isinstance(typed, str) and len(typed) > widgets.LONGEST:
            raise UserError(TOO_LONG(key=option.key))
        value = widgets.read(option, typed)
        if option.key == "sample.sample_prompts" and (file := sample_prompts.file_of(value)) is not None:
            return [self._paths.absolute(str(file), option.key)]  # the guide's way: a file of prompts
        if option.key == "log.log_prefix" and value:
            return file_name(value, option.key)
        if option.meta.path and isinstance(value, str) and value and not self._is_word(option, value):
            if option.meta.path == "model":
                return self._paths.model(value, option.key)
            is_written = option.key in WRITTEN
            path = (self._paths.writable if is_written else self._paths.confined)(value, option.key)
            if not self._paths.is_local:
                datasets.refuse_outside(self._paths, option.key, path)  # it may name further files
            return str(path)
        if option.meta.path and isinstance(value, list):
            return [str(self._paths.confined(path, option.key)) for path in value]
        return value

    @staticmethod
    def _is_word(option: Option, value: str) -> bool:
        return option.key == "save.resume" and value == "auto"

    def text(self, raw: Mapping[str, Any], lang: Lang) -> str:
        """The run file that the form describes. Raises UserError."""
        return toml_text.dumps(self.collect(raw), lang)

    def check(self, raw: Mapping[str, Any], lang: Lang) -> tuple[str, checker.Checked]:
        """The run file and what it says, checked. Raises UserError with every problem."""
        text = self.text(raw, lang)
        return text, checker.check(text, reads_base=True)

    def part(self, raw: Mapping[str, Any], *names: str) -> checker.Checked:
        """Sections or single options of the form, checked with defaults for all else. Raises UserError.

        A base model and images that are not among them do not need to be set.
        """
        chosen = {key: value for key, value in raw.items() if {key, key.split(".")[0]} & {*names}}
        values = {"model.base": STANDS_IN, "dataset.train_data_dir": STANDS_IN} | self.collect(chosen)
        return _checked(toml_text.dumps(values))

    def fill(self, values: Mapping[str, Any]) -> dict[Any, dict[str, Any]]:
        """Updates that show these values; options that are not named stay as they are."""
        return {component: gr.update(value=shown) for key, component, shown in self._shown(values)}

    def shown(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The widget values that stand for these values of a run file."""
        return {key: shown for key, _, shown in self._shown(values)}

    def _shown(self, values: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
        for key, component in self.components.items():
            if key in values:
                option = OPTIONS[key]
                value = values[key]
                if option.meta.path and isinstance(value, str) and value:
                    value = self._paths.short(value)
                elif option.meta.path and isinstance(value, list | tuple):
                    value = [self._paths.short(path) for path in value]
                yield key, component, whole(widgets.shown(option, value))

    def restore(self, raw: Mapping[str, Any]) -> dict[Any, dict[str, Any]]:
        """Updates that put back widget values of an earlier `raw`."""
        return {
            component: gr.update(value=_as_text(OPTIONS[key], raw[key]))
            for key, component in self.components.items()
            if key in raw
        }


@functools.lru_cache(maxsize=16)
def _checked(text: str) -> checker.Checked:
    """Remembered, since most parts of the form are as they were when one field is typed into."""
    return checker.check(text)


def _as_text(option: Option, value: Any) -> Any:
    """Numbers that an earlier version has kept as numbers, as the fields of today hold them."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return widgets.shown(option, value) if is_number and widgets.is_text(option) else value


def whole(shown: Any) -> Any:
    """Text without halves of characters, which a file may hold and no browser can be sent."""
    return shown.encode("utf-8", "replace").decode("utf-8") if isinstance(shown, str) else shown
