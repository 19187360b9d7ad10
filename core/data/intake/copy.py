"""Making `20_sls frog` folders: images are copied in, never moved, and nothing is overwritten."""

from __future__ import annotations

import filecmp
import functools
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from core.config import path_lengths
from core.counting import listed
from core.data.intake import folder_name, messages
from core.data.intake.gather import Item
from core.data.names import parse
from core.errors import Problem, UserError

_CHUNK = 1 << 20
_State = tuple[int, int]
"""Of a file: bytes, and when it was changed last."""


@dataclass(frozen=True)
class CopyPlan:
    """What copying would do. copies: (from, to), captions too. problems: errors mean it can't be done.

    target: the folder, or the one that the folders lie in.
    """

    target: Path
    copies: tuple[tuple[Path, Path], ...]
    problems: tuple[Problem, ...]

    @property
    def is_possible(self) -> bool:
        return bool(self.copies) and not any(problem.is_error for problem in self.problems)

    @property
    def targets(self) -> tuple[Path, ...]:
        """The folders that get files."""
        return tuple(dict.fromkeys(to.parent for _, to in self.copies))


@functools.lru_cache(maxsize=50_000)
def _is_equal(one: Path, one_state: _State, other: Path, other_state: _State) -> bool:
    """Whether two files in these states are equal. A plan is made anew with every letter that is typed."""
    return filecmp.cmp(one, other, shallow=False)


def _is_same(one: Path, other: Path) -> bool:
    """Whether two files are the same byte for byte; a pair is read again only after one has changed."""
    try:
        return _is_equal(one, _state(one), other, _state(other))
    except OSError:
        return False


def _state(path: Path) -> _State:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def plan_copy(
    items: Sequence[Item],
    parent: Path,
    repeats: object,
    identifier: str,
    class_: str,
) -> CopyPlan:
    """Where each image would go below `parent`; identifier is "" for a regularization folder.

    repeats: as typed, a number or its text. An image's caption files are copied with it. An image that is
    there already, byte for byte, is left out; another one of the same name gets a number behind its name.
    Touches nothing.
    """
    problems = folder_name.problems(repeats, identifier, class_)
    if not f"{identifier}{class_}".strip():
        problems.append(messages.CLASS_MISSING())
    target = parent / folder_name.folder_name(repeats, identifier, class_)
    problems += [] if problems else [*_too_long([target]), *_siblings(target)]
    if any(problem.is_error for problem in problems):
        return CopyPlan(target, (), tuple(problems))
    copies, more = _placed(items, target)
    return CopyPlan(target, tuple(copies), (*problems, *more, *_too_long([to for _, to in copies])))


def plan_as_they_are(
    items: Sequence[Item],
    parents: Mapping[bool, Path],
    is_reg: bool,
) -> CopyPlan:
    """Folders called like `20_sls frog` go below a parent as they are.

    parents: for regularization (True) and training images. is_reg: what folders are that do not say it.
    """
    copies: list[tuple[Path, Path]] = []
    problems: list[Problem] = []
    groups: dict[Path, list[Item]] = {}
    loose = [item.name for item in items if not item.folder]
    for item in items:
        if item.folder:
            groups.setdefault(parents[item.is_reg or is_reg] / item.folder, []).append(item)
    for target, inside in groups.items():
        problems += _siblings(target)
        placed, more = _placed(inside, target)
        copies += placed
        problems += more
    if loose:
        names = f"{loose[0]} ..." if len(loose) > 1 else loose[0]
        problems.append(messages.LOOSE_IMAGES(count=len(loose), names=names))
    problems += _too_long([to for _, to in copies])
    return CopyPlan(parents[is_reg], tuple(copies), tuple(problems))


def _placed(items: Sequence[Item], target: Path) -> tuple[list[tuple[Path, Path]], list[Problem]]:
    """Where the files go in one folder, and what is said about those that stay behind."""
    there = {path.name.casefold(): path for path in target.iterdir()} if target.is_dir() else {}
    stems = {os.path.splitext(name)[0] for name in there}
    copies: list[tuple[Path, Path]] = []
    known: list[str] = []
    for item in items:
        twin = there.get(item.name.casefold())
        if twin is not None and _is_same(item.image, twin):
            known.append(item.name)
            continue
        stem, suffix = os.path.splitext(item.name)
        stem = _free_stem(stem, stems)
        stems.add(stem.casefold())
        copies.append((item.image, target / f"{stem}{suffix}"))
        copies += [(text, target / f"{stem}{text.suffix}") for text in item.captions]
    if not known:
        return copies, []
    names = listed([f"`{name}`" for name in known], 1)
    return copies, [messages.ALREADY_COPIED(path=target, count=len(known), names=names)]


def apply_copy(plan: CopyPlan, copied: Callable[[Path, bytes], None] = lambda *_: None) -> None:
    """Copy. Raises UserError, everything undone, when a copy fails.

    copied: called after each file with the copy and the digest of its bytes: BLAKE2b, 16 bytes.
    """
    if any(problem.is_error for problem in plan.problems):
        raise UserError(*plan.problems)
    begun: list[Path] = []
    try:
        for folder in plan.targets:
            folder.mkdir(parents=True, exist_ok=True)
        for source, to in plan.copies:
            digest = hashlib.blake2b(digest_size=16)
            with source.open("rb") as reader, to.open("xb") as writer:
                begun.append(to)
                while chunk := reader.read(_CHUNK):
                    digest.update(chunk)
                    writer.write(chunk)
            copied(to, digest.digest())
    except OSError as error:
        remove(begun)
        file = Path(error.filename or plan.target).name
        raise UserError(messages.COPY_FAILED(path=plan.target, file=file, reason=error.strerror)) from error


def remove(files: Sequence[Path]) -> None:
    """Remove just these files, and their folders when they are empty then."""
    for path in files:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in files}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _too_long(paths: Sequence[Path]) -> list[Problem]:
    """The first path that this system can't have."""
    excesses = (path_lengths.excess(os.path.abspath(path)) for path in paths)
    return [messages.PATH_TOO_LONG(excess=excess) for excess in islice(filter(None, excesses), 1)]


def _siblings(target: Path) -> list[Problem]:
    """A warning for each folder with the same words and another number: both would be trained."""
    words = parse(target.name)
    if words is None or not target.parent.is_dir():
        return []
    return [
        messages.SAME_WORDS(path=path)
        for path in sorted(target.parent.iterdir())
        if path.is_dir() and path.name != target.name and (parse(path.name) or (0, ""))[1] == words[1]
    ]


def _free_stem(stem: str, taken: set[str]) -> str:
    """The name without extension, with a number when that name, under any extension, is taken."""
    free, number = stem, 1
    while free.casefold() in taken:
        number += 1
        free = f"{stem} ({number})"
    return free
