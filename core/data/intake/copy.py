"""Making `20_sls frog` folders: images are copied in, never moved, and nothing is overwritten."""

from __future__ import annotations

import filecmp
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from core.catalog import Words
from core.config import path_lengths
from core.counting import listed
from core.data.intake import folder_name, messages
from core.data.intake.gather import Item
from core.data.names import parse
from core.errors import Problem, UserError

_CHUNK = 1 << 20


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

    @property
    def words(self) -> Words:
        """The announcement: "12 files will be copied to `20_sls frog`"."""
        n, name = len(self.copies), self.target.name
        return Words(
            f"{n} file{'' if n == 1 else 's'} will be copied to `{name}`. The originals stay where they are.",
            f"{n}個のファイルを「{name}」にコピーします。元のファイルはそのまま残ります。",
        )


@dataclass(frozen=True)
class Copied:
    """A copy that was made. digest: BLAKE2b of its bytes, 16 bytes in hex."""

    path: Path
    digest: str


@dataclass
class Comparer:
    """Tells whether two files are the same byte for byte; reads a pair again only after one has changed.

    A plan is made anew with every letter that is typed.
    """

    _known: dict[tuple[object, ...], bool] = field(default_factory=dict)

    def __call__(self, one: Path, other: Path) -> bool:
        try:
            key = (str(one), *_signature(one), str(other), *_signature(other))
            if key not in self._known:
                self._known[key] = filecmp.cmp(one, other, shallow=False)
        except OSError:
            return False
        return self._known[key]


def _signature(path: Path) -> tuple[int, int]:
    state = path.stat()
    return state.st_size, state.st_mtime_ns


def plan_copy(
    items: Sequence[Item],
    parent: Path,
    repeats: object,
    identifier: str,
    class_: str,
    same: Callable[[Path, Path], bool] | None = None,
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
    copies, more = _placed(items, target, same or Comparer())
    return CopyPlan(target, tuple(copies), (*problems, *more, *_too_long([to for _, to in copies])))


def plan_as_they_are(
    items: Sequence[Item],
    parents: Mapping[bool, Path],
    is_reg: bool,
    same: Callable[[Path, Path], bool] | None = None,
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
        placed, more = _placed(inside, target, same or Comparer())
        copies += placed
        problems += more
    if loose:
        names = f"{loose[0]} ..." if len(loose) > 1 else loose[0]
        problems.append(messages.LOOSE_IMAGES(count=len(loose), names=names))
    problems += _too_long([to for _, to in copies])
    return CopyPlan(parents[is_reg], tuple(copies), tuple(problems))


def _placed(
    items: Sequence[Item], target: Path, same: Callable[[Path, Path], bool]
) -> tuple[list[tuple[Path, Path]], list[Problem]]:
    """Where the files go in one folder, and what is said about those that stay behind."""
    there = {path.name.casefold(): path for path in target.iterdir()} if target.is_dir() else {}
    stems = {os.path.splitext(name)[0] for name in there}
    copies: list[tuple[Path, Path]] = []
    known: list[str] = []
    for item in items:
        twin = there.get(item.name.casefold())
        if twin is not None and same(item.image, twin):
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


def apply_copy(plan: CopyPlan, made: Callable[[Copied], None] | None = None) -> list[Copied]:
    """Copy; `made` is told of each copy. Raises UserError, everything undone, when a copy fails."""
    if any(problem.is_error for problem in plan.problems):
        raise UserError(*plan.problems)
    copied: list[Copied] = []
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
            copied.append(Copied(to, digest.hexdigest()))
            if made is not None:
                made(copied[-1])
    except OSError as error:
        remove(begun)
        file = Path(error.filename or plan.target).name
        raise UserError(messages.COPY_FAILED(path=plan.target, file=file, reason=error.strerror)) from error
    return copied


def remove(files: Sequence[Path]) -> None:
    """Remove just these files, and their folders when they are empty then."""
    for path in files:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in files}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def balance(train_count_with_repeats: int, reg_images: int) -> int:
    """Repeats of the regularization folder by the guide: the most with train >= repeats x reg images.

    train_count_with_repeats: repeats x training images. At least 1: then some regularization images are
    spare.
    """
    return max(1, train_count_with_repeats // reg_images) if reg_images > 0 else 1


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
