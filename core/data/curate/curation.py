"""What a user does to images: each act is one change of many files, written down first, and can be undone."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.data.curate import messages, sidecars
from core.data.curate.moves import WRITTEN, Moves, is_lost, moved, swapped
from core.data.curate.rewrite import Edit, rewritten
from core.data.names import EXCLUDED, is_image
from core.data.undo import Change, FileChange, History, Outcome
from core.errors import Problem, UserError
from core.reading import reason
from core.trash import OF_IMAGES, Held, empty, held

Allowed = Callable[[Path], None]
"""Raises UserError where a path may not be changed."""


@dataclass(frozen=True)
class Item:
    """An image with the file of its mask, where that is its own."""

    image: Path
    mask: Path | None = None


@dataclass
class _Act:
    """The changes of an act while they are put together; problems: of files that are left out of it."""

    changes: list[FileChange] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    taken: set[Path] = field(default_factory=set)
    listings: dict[Path, list[Path]] = field(default_factory=dict)

    def beside(self, image: Path) -> list[Path]:
        """The files of an image's folder."""
        folder = image.parent
        if folder not in self.listings:
            try:
                self.listings[folder] = [path for path in folder.iterdir() if not path.is_dir()]
            except OSError:
                self.listings[folder] = []
        return self.listings[folder]

    def free(self, folder: Path, stem: str, suffixes: Iterable[str]) -> str:
        """A name without extension that is free in a folder under all of these."""
        suffixes, name, number = [*suffixes], stem, 1
        while any(self._is_taken(folder / f"{name}{suffix}") for suffix in suffixes):
            number += 1
            name = f"{stem} ({number})"
        self.taken |= {folder / f"{name}{suffix}" for suffix in suffixes}
        return name

    def _is_taken(self, path: Path) -> bool:
        return path in self.taken or os.path.lexists(path)


class Curation:
    """The acts, and their history.

    workspace: holds the trash and the history. may_change: asked about every file before it is moved.
    """

    def __init__(self, workspace: Path, may_change: Allowed) -> None:
        self.trash_folder, self._may_change = workspace / OF_IMAGES, may_change
        self.history = History(workspace / "undo" / "images.jsonl", Moves(), is_lost)

    @property
    def last(self) -> Change | None:
        """What `undo` would take back."""
        return self.history.last

    def exclude(self, items: Sequence[Item], extension: str) -> Outcome:
        """Move images, with what belongs to them, into the folder `excluded` inside of theirs."""
        act = _Act()
        for item in items:
            self._move_all(act, item, extension, _beside)
        return self._apply("exclude", items, act)

    def trash(self, items: Sequence[Item], extension: str) -> Outcome:
        """Move images, with what belongs to them, into the trash of the workspace."""
        act, place = _Act(), self._new_place()
        for item in items:
            self._move_all(act, item, extension, lambda _: place)
        return self._apply("trash", items, act)

    def include(self, items: Sequence[Item], extension: str) -> Outcome:
        """Move excluded images, with what belongs to them, back into the folder they were left out of."""
        act = _Act()
        for item in items:
            self._move_all(act, item, extension, lambda path: path.parent.parent)
        return self._apply("include", items, act)

    def edit(self, items: Sequence[Item], edit: Edit) -> Outcome:
        """Put an edited copy in the place of each image and of its mask; the originals go to the trash."""
        act, place = _Act(), self._new_place()
        for item in items:
            self._rewrite(act, item, edit, place)
        kind = "upright" if edit == Edit() else "crop" if edit.quarters == 0 else "turn"
        return self._apply(kind, items, act)

    def cure(self, steps: Sequence[tuple[str, Sequence[Item]]], extension: str) -> Outcome:
        """Several acts as one: "exclude", "trash" or "upright", each with its images, none in two of them."""
        act, place = _Act(), self._new_place()
        for name, items in steps:
            for item in items:
                if name == "upright":
                    self._rewrite(act, item, Edit(), place)
                else:
                    is_out = name == "exclude"
                    self._move_all(act, item, extension, _beside if is_out else lambda _: place)
        return self._apply("cure", [item for _, items in steps for item in items], act)

    def masks(self, image: Path, masks: Sequence[tuple[Path, bytes]]) -> Outcome:
        """Write mask files; those that are there already go to the trash. image: whose mask was drawn."""
        act, place = _Act(), self._new_place()
        for target, data in masks:
            try:
                if os.path.lexists(target):
                    act.changes.append(self._swap(act, target, data, place))
                else:
                    self._may_change(target)
                    act.changes.append(
                        moved(_written(place / f"{secrets.token_hex(4)}{WRITTEN}", data), target)
                    )
            except UserError as e:
                act.problems += e.problems
        return self._apply("mask", [Item(image)], act)

    def rename(self, kind: str, pairs: Sequence[tuple[Path, Path]]) -> Outcome:
        """Give folders other names or places, all or none. Raises UserError."""
        for source, target in pairs:
            self._may_change(source)
            self._may_change(target)
            if os.path.lexists(target):
                raise UserError(messages.NAME_TAKEN(path=target))
        about = pairs[0][0].name if len(pairs) == 1 else ""
        outcome = self.history.apply(kind, about, [moved(*pair) for pair in pairs])
        if outcome.problems:
            if outcome.change is not None:
                self.history.undo(outcome.change.number)
            raise UserError(*outcome.problems)
        return outcome

    def undo(self, number: int | None = None) -> Outcome:
        """Take back the act of this number, by default the last one; all files of it or none."""
        return self.history.undo(number, is_whole=True)

    def in_trash(self) -> Held:
        """What lies in the trash."""
        return held(self.trash_folder)

    def empty_trash(self) -> None:
        """Delete for good what lies in the trash; what can't be undone without it is off the list of undo.

        Raises UserError when a file is left.
        """
        self._may_change(self.trash_folder)
        try:
            empty(self.trash_folder)
        finally:
            self.history.forget_gone()

    def _apply(self, kind: str, items: Sequence[Item], act: _Act) -> Outcome:
        about = items[0].image.name if len(items) == 1 else ""
        outcome = self.history.apply(kind, about, act.changes)
        return Outcome(outcome.change, outcome.done, outcome.same, (*act.problems, *outcome.problems))

    def _move_all(self, act: _Act, item: Item, extension: str, into: Callable[[Path], Path]) -> None:
        """An image, its captions and caches under one new name; its mask by that name in its own place."""
        image, beside = item.image, act.beside(item.image)
        own = [*sidecars.captions_of(image, beside, extension), *sidecars.caches_of(image, beside)]
        ends = {path: path.name[len(image.stem) :] for path in (image, *own)}
        folder = into(image)
        try:
            for path in (image, folder / image.name, *([item.mask] if item.mask else [])):
                self._may_change(path)
        except UserError as e:
            act.problems += e.problems
            return
        name = act.free(folder, image.stem, ends.values())
        act.changes += [moved(path, folder / f"{name}{end}") for path, end in ends.items()]
        if item.mask is not None:
            stem = item.mask.stem if name == image.stem else name  # a mask is found by its image's name
            act.changes.append(moved(item.mask, _inside(act, into(item.mask), item.mask.with_stem(stem))))

    def _rewrite(self, act: _Act, item: Item, edit: Edit, place: Path) -> None:
        """An edited copy in the place of an image and of its mask; what was there goes to this place."""
        try:
            files = [item.image, *([item.mask] if item.mask else [])]
            act.changes += [self._swap(act, path, rewritten(path, edit), place) for path in files]
        except UserError as e:
            act.problems += e.problems
            return
        stale = sidecars.caches_of(item.image, act.beside(item.image))
        act.changes += [moved(path, _inside(act, place, path)) for path in stale]

    def _swap(self, act: _Act, path: Path, data: bytes, place: Path) -> FileChange:
        """The change of a file to this content. Raises UserError."""
        self._may_change(path)
        new = _written(place / f"{secrets.token_hex(4)}{WRITTEN}", data)
        return swapped(path, new, _inside(act, place, path))

    def _new_place(self) -> Path:
        return self.trash_folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def _beside(path: Path) -> Path:
    return path.parent / EXCLUDED


def excluded(folders: Iterable[Path]) -> Mapping[Path, tuple[Path, ...]]:
    """The images that are left out of each of these folders, sorted by name; folders without any left out."""
    found: dict[Path, tuple[Path, ...]] = {}
    for folder in folders:
        try:
            images = sorted(path for path in (folder / EXCLUDED).iterdir() if is_image(path))
        except OSError:
            continue
        if images:
            found[folder] = tuple(images)
    return found


def _inside(act: _Act, folder: Path, path: Path) -> Path:
    return folder / f"{act.free(folder, path.stem, [path.suffix])}{path.suffix}"


def _written(path: Path, data: bytes) -> Path:
    """A new file with these bytes, safely on the disk. Raises UserError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise UserError(messages.NOT_MOVED(path=path, reason=reason(error))) from error
    return path
