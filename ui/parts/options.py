"""The options as the page orders them: by key, level, card and tab."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from core.config.schema.option import Option
from core.config.schema.run import OPTIONS as OPTIONS

LEVELS = ("basic", "advanced", "expert")

GROUPS = (
    "sources", "sizes", "captions", "images", "model",
    "length", "memory", "optimizer", "loss", "prior", "sample", "save", "metadata", "log",
    "network", "embedding", "blocks",
)  # fmt: skip
"""The cards of the tabs from top to bottom."""


IN_HEAD = frozenset({"network.method"})
"""What is chosen above the tabs."""


def element_id(option: Option) -> str:
    """The page's name for an option: "opt-network-rank"."""
    return f"opt-{option.section}-{option.name.replace('_', '-')}"


def defaults() -> dict[str, Any]:
    """Every option at its default."""
    return {key: option.default for key, option in OPTIONS.items()}


def options_of(*sections: str) -> Sequence[Option]:
    """The options of some sections, the basic ones first, otherwise in the order of declaration."""
    return basic_first(option for option in OPTIONS.values() if option.section in sections)


def basic_first(options: Iterable[Option]) -> list[Option]:
    """By level, otherwise in the order given."""
    return sorted(options, key=lambda option: LEVELS.index(option.meta.level))


def groups_of(tab: str) -> list[tuple[str, list[Option]]]:
    """The options of a tab by group, in the window's order, then any group that it does not name."""
    chosen = [option for option in OPTIONS.values() if option.tab == tab]
    names = dict.fromkeys((*GROUPS, *(option.meta.group for option in chosen)))
    found = ((name, [option for option in chosen if option.meta.group == name]) for name in names)
    return [(name, basic_first(options)) for name, options in found if options]


def method_classes(methods: Iterable[str]) -> list[str]:
    """The classes of what is shown for some training methods only, none where it is for all."""
    listed = [f"for-{method}" for method in methods]
    return ["of-methods", *listed] if listed else []
