"""Option -> component and back: the only map from the types of the run file to what is on the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import gradio as gr

from core.catalog import Words
from core.config.schema import numbers
from core.config.schema.kinds import kind, plain_type
from core.config.schema.option import Option, lines_of
from core.errors import Lang
from ui.parts.localized import Page, Wording
from ui.parts.numbers import decimal_text
from ui.parts.options import element_id, method_classes

LONGEST = 20_000
"""Characters in one field; whatever is longer was not typed by a user."""

EMPTY = Words("not set", "指定なし")


def choice_list(option: Option) -> Callable[[Lang], list[tuple[str, Any]]]:
    """Shown words and stored values of a choice, in a language."""
    choices = option.choices or {}

    def listed(lang: Lang) -> list[tuple[str, Any]]:
        return [(words.of(lang), value) for value, words in choices.items()]

    return listed


def make(
    page: Page,
    option: Option,
    paths: Sequence[tuple[str, str]] = (),
    tool_id: str = "",
    value: Any = None,
    words: Mapping[str, Wording] | None = None,
) -> Any:
    """The component of an option, holding its default. paths: what a path option offers to pick.

    tool_id: element id of the option of a tool, which is no part of the form. value, words: in place of those
    of the declaration.
    """
    if value is None and not option.field.is_required():
        value = option.default
    own = words or {}
    said: dict[str, Wording] = {"label": option.meta.label, "info": option.meta.help}
    classes = [f"lv-{option.meta.level}", *method_classes(option.meta.methods)]
    classes += [] if tool_id else ["opt"]
    what = kind(option)
    if what == "path":
        picked = "folder" if option.meta.path == "run" else option.meta.path
        classes += [f"is-{picked}", *(["is-optional"] if plain_type(option)[1] else [])]
    if what == "lines" and option.meta.path:
        classes += ["rw-browsable", f"is-{option.meta.path}"]
    common = {
        "value": shown(option, value),
        "elem_id": tool_id or element_id(option),
        "elem_classes": [*classes, f"is-{what}"],
        "interactive": True,
    }
    if what == "check":
        return page.add(gr.Checkbox, said, **common)
    if what == "choice":
        is_few = option.key in ("network.method", "resize.fit")
        shape = gr.Radio if is_few else gr.Dropdown
        extra = {} if is_few else {"filterable": False}
        return page.add(shape, {**said, "choices": choice_list(option), **own}, **common, **extra)
    if what == "path":
        return page.add(
            gr.Dropdown, said, choices=list(paths), allow_custom_value=True, filterable=True, **common
        )
    if what == "lines":
        return page.add(gr.Textbox, said, lines=3, max_lines=12, **common)
    placeholder = {"placeholder": EMPTY} if plain_type(option)[1] else {}
    return page.add(gr.Textbox, {**said, **placeholder}, max_lines=1, **common)


def shown(option: Option, value: Any) -> Any:
    """A value of the run file as its component shows it."""
    what = kind(option)
    if not is_text(option):
        return value
    if value is None:
        return None if what == "path" else ""
    if isinstance(value, str):
        return value  # from another program's settings, where numbers may be text
    if what == "size" and isinstance(value, Sequence):
        width, height = value
        return str(width) if width == height else f"{width},{height}"
    if what == "lines" and isinstance(value, Sequence):
        return "\n".join(value)
    if what == "decimal":
        return decimal_text(value)
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))  # numbers that stand in one field, such as the weights of blocks
    if what == "share" and isinstance(value, float):
        return f"{(Decimal(repr(value)) * 100).normalize():f}%"
    return str(value)


def is_text(option: Option) -> bool:
    """Whether its component holds text, also for numbers."""
    return kind(option) not in ("check", "choice")


def can_hold(option: Option, value: Any) -> bool:
    """Whether the component can show a widget value and hand the same back, as it does half-typed text."""
    what = kind(option)
    if what == "check":
        return isinstance(value, bool)
    if what == "choice":
        return value in [value for value in option.choices or {} if type(value) is type(value)]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return math.isfinite(value) if isinstance(value, float) else True  # as earlier versions kept numbers
    return value is None or (isinstance(value, str) and len(value) <= LONGEST and _is_text(value))


def _is_text(text: str) -> bool:
    """Whether a browser can be sent it: half of a pair of surrogates can't be."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def read(option: Option, value: Any) -> Any:
    """What a component holds, as a value for the run file; None is "not set".

    What can't be read as the option's type stays as it is, so that the checker can name it.
    """
    what = kind(option)
    is_optional = plain_type(option)[1]
    if what in ("check", "choice"):
        return value
    text = "" if value is None else str(value)
    if what == "lines":
        return lines_of(text)
    if what == "text":
        return None if is_optional and not text.strip() else text
    text = text.strip()
    if not text:
        return None if is_optional else ""
    if what in ("decimal", "digits", "size"):
        number = _READERS[what](text)
        return text if number is None else number  # what is no number is named by the checker
    return text


_READERS: Mapping[str, Callable[[str], Any]] = {
    "digits": numbers.whole,
    "decimal": numbers.decimal,
    "size": numbers.sides,
}
