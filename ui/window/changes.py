"""Changes of many settings at once, such as by a preset: what each was, and what stood there before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MOST = 20
"""Changes that can be undone, one after the other."""

ACTS = ("preset", "import", "demo", "run", "suited", "next")
"""What changes many settings: words of ui.text, "undo.preset" and so on."""

_LONGEST_NAME = 200


@dataclass(frozen=True)
class Change:
    """act: one of ACTS. name: of the preset, file or run. after, before: what it set and what that replaced,
    by key; keys that had no value of their own are in `after` alone.

    lent, decided, preset: those of the draft before it.
    """

    act: str
    name: str
    after: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] = field(default_factory=dict)
    lent: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    decided: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    preset: str = ""

    def undone(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """These values as they were before it; what it did not touch, and what was typed since, stays."""
        gone = {key for key, value in self.after.items() if key in values and values[key] == value}
        left = {key: value for key, value in values.items() if key not in gone}
        return left | {key: value for key, value in self.before.items() if key in gone}

    def written(self) -> dict[str, Any]:
        return asdict(self)


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a change from old to new values sets, and what that replaces."""
    after = {key: value for key, value in new.items() if key not in old or old[key] != value}
    return after, {key: old[key] for key in after if key in old}


def read(
    found: Any,
    is_plain: Callable[[str, Any], bool],
    pairs: Callable[[Any], Any],
    tables: Callable[[Any], Any],
) -> list[Change]:
    """The changes in a file that anyone may have edited; what is none is left out."""
    changes = []
    for one in found[-MOST:] if isinstance(found, list) else ():
        if not isinstance(one, dict) or one.get("act") not in ACTS:
            continue
        after, before = (one.get(part) for part in ("after", "before"))
        changes.append(
            Change(
                one["act"],
                str(one.get("name") or "")[:_LONGEST_NAME],
                _plain(after, is_plain),
                _plain(before, is_plain),
                pairs(one.get("lent")),
                tables(one.get("decided")),
                one["preset"] if isinstance(one.get("preset"), str) else "",
            )
        )
    return changes


def _plain(found: Any, is_plain: Callable[[str, Any], bool]) -> dict[str, Any]:
    values = found.items() if isinstance(found, dict) else ()
    return {key: value for key, value in values if is_plain(key, value)}
