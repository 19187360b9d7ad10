"""What a page asks to be done to images and folders, done: it names them by keys, never by paths."""

from __future__ import annotations

import base64
import binascii
import functools
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.caption_editor.session import key_of as key_of
from core.data.curate import curation
from core.data.curate.curation import Curation, Item
from core.data.curate.moves import place_after
from core.data.curate.rewrite import Edit
from core.data.health.findings import Finding
from core.data.plan.plan import Plan
from core.data.sources import masks
from core.data.undo import Change, Outcome
from core.errors import Problem, UserError
from ui.dataset import cures
from ui.window import Window, messages

MOST_KEYS = 20_000
_TURNS = {"right": 1, "left": 3}


@dataclass(frozen=True)
class Asked:
    """An act as a page has sent it. keys: of what it is about. on: what else it needs, as text."""

    do: str
    keys: tuple[str, ...] = ()
    on: str = ""
    values: Mapping[str, str] | None = None


def understood(text: Any) -> Asked | None:
    """What a page has sent; None for what is no act."""
    try:
        sent = json.loads(text) if isinstance(text, str) and text.startswith("{") else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(sent, dict) or not isinstance(sent.get("do"), str):
        return None
    keys, on, values = sent.get("keys"), sent.get("on"), sent.get("values")
    return Asked(
        sent["do"],
        tuple(str(key) for key in keys[:MOST_KEYS]) if isinstance(keys, list) else (),
        on if isinstance(on, str) else "",
        {str(k): str(v) for k, v in values.items()} if isinstance(values, dict) else None,
    )


class ImageActs:
    """The acts on the images of a plan."""

    def __init__(self, window: Window) -> None:
        self._window = window

    @functools.cached_property
    def curation(self) -> Curation:
        """The acts of this window, one after the other whatever page asks for them."""
        return Curation(self._window.workspace, self.may_change)

    @property
    def last(self) -> Change | None:
        """The act that the page's Undo takes back."""
        return self.curation.last

    def may_change(self, path: Path) -> None:
        """Raises UserError for the demo's images, and for paths that may not be written."""
        real = Path(os.path.realpath(path))
        if real.is_relative_to(os.path.realpath(self._window.project / "demo")):
            raise UserError(messages.DEMO_IMAGES())
        self._window.paths.writable(str(path))

    def is_open(self, folder: Path) -> bool:
        """Whether the images of a folder may be changed."""
        try:
            self.may_change(folder / "image")
        except UserError:
            return False
        return os.access(folder, os.W_OK)

    def done(self, asked: Asked, plan: Plan, findings: Sequence[Finding]) -> Outcome | None:
        """The outcome of an act; None where it is none, or about what the plan does not hold."""
        if asked.do == "undo":
            return self._undone(asked.on)
        if asked.do == "include":
            return self._on(_left_out(plan), asked, plan)
        if asked.do == "cure":
            steps = [
                step for one in findings if (step := cures.cure(one, plan)) and asked.on in (one.kind, "all")
            ]
            return self._cured(steps, plan)
        return self._on([*items(plan), *(Item(path) for path in cures.broken(plan))], asked, plan)

    def _undone(self, number: str) -> Outcome | None:
        last = self.last
        if last is None or number != str(last.number):
            raise UserError(messages.UNDO_OVER())
        outcome = self.curation.undo(last.number)
        for one in last.files if outcome.change else ():
            if one.path.is_dir():
                self._window.copies.moved(place_after(one), one.path)
        return outcome

    def _cured(self, steps: Sequence[cures.Cure], plan: Plan) -> Outcome | None:
        chosen: list[tuple[str, Sequence[Item]]] = []
        seen: set[Path] = set()
        for step in steps:
            # An image may have several faults; one that is gone already needs no second cure.
            paths = [path for path in step.paths if path not in seen]
            seen |= set(paths)
            chosen += [(step.act, of_paths(plan, paths))] if paths else []
        if len(chosen) < 2:
            return self._apply(chosen[0][0], "", chosen[0][1], plan) if chosen else None
        return self.curation.cure(chosen, plan.config.caption_extension)

    def _on(self, offered: Iterable[Item], asked: Asked, plan: Plan) -> Outcome | None:
        wanted = set(asked.keys)
        chosen = [item for item in offered if key_of(item.image) in wanted]
        return self._apply(asked.do, asked.on, chosen, plan) if chosen else None

    def _apply(self, act: str, on: str, chosen: Sequence[Item], plan: Plan) -> Outcome | None:
        if not chosen:
            return None
        does, extension = self.curation, plan.config.caption_extension
        if act == "exclude":
            return does.exclude(chosen, extension)
        if act == "trash":
            return does.trash(chosen, extension)
        if act == "include":
            return does.include(chosen, extension)
        if act == "upright":
            return does.edit(chosen, Edit())
        if act in _TURNS:
            return does.edit(chosen, Edit(quarters=_TURNS[act]))
        crop = _box(on) if act == "crop" else None
        return does.edit(chosen[:1], Edit(crop=crop)) if crop else None


def holds(plan: Plan, asked: Asked) -> bool:
    """Whether a plan knows an image of an act on single ones; of other acts it is taken for granted."""
    if not asked.keys or asked.do not in ("exclude", "trash", "crop", *_TURNS):
        return True
    return bool(set(asked.keys) & {key_of(item.image) for item in items(plan)})


def _box(text: str) -> tuple[float, float, float, float] | None:
    """ "0.1 0.2 0.9 1" as shares of left, top, right, bottom; None where they are none."""
    try:
        left, top, right, bottom = (float(part) for part in text.split())
    except ValueError:
        return None
    is_box = 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    return (left, top, right, bottom) if is_box else None


def items(plan: Plan) -> list[Item]:
    """Each image of a plan once, with its mask where that is of no other image; none that metadata names."""
    uses = Counter(mask for _, mask in {(image.path, image.mask_path) for image in plan.images} if mask)
    return [
        Item(path, mask if mask and uses[mask] == 1 else None)
        for path, mask in {
            image.path: image.mask_path for image in plan.images if not plan.settings[image.settings].in_json
        }.items()
    ]


def _left_out(plan: Plan) -> list[Item]:
    """The excluded images of a plan's folders, each with the mask that was left out with it."""
    places = {image.path.parent: plan.settings[image.settings].conditioning_data_dir for image in plan.images}
    found, taken = list[Item](), set[Path]()
    for folder, images in curation.excluded(dict.fromkeys(folder.path for folder in plan.folders)).items():
        place = places.get(folder, plan.config.conditioning_data_dir)
        for image in images:
            mask = masks.excluded(image, Path(place)) if place else None
            found.append(Item(image, None if mask in taken else mask))
            taken |= {mask} if mask else set()
    return found


def of_paths(plan: Plan, paths: Sequence[Path]) -> list[Item]:
    """The images of these paths, each with its mask; also of files that are in no plan."""
    known = {item.image: item for item in items(plan)}
    return [known.get(path, Item(path)) for path in paths]


def image_bytes(text: str, most: int) -> bytes | None:
    """The bytes of a data URL; None for what is none or longer than `most` bytes."""
    head, _, data = text.partition(",")
    if head != "data:image/png;base64" or len(data) > most * 4 // 3 + 4:
        return None
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return None


def told(outcome: Outcome | None) -> tuple[Problem, ...]:
    """What is to be said about an act."""
    return (messages.IMAGES_GONE(),) if outcome is None else outcome.problems
