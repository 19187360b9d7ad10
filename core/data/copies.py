"""Making `20_sls frog` folders: pictures are copied in, never moved, and nothing is overwritten."""

from __future__ import annotations

import filecmp
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.catalog import Words
from core.data.names import MAX_REPEATS, is_picture, is_text, nfc, parse
from core.errors import Problem, UserError

MAX_NAME_BYTES = 255
"""Longest name of a file or folder on Linux and macOS; Windows takes 255 characters, never less."""

_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


@dataclass(frozen=True)
class CopyPlan:
    """What copying would do. copies: (from, to), captions too. problems: errors mean it can't be done."""

    target: Path
    copies: tuple[tuple[Path, Path], ...]
    problems: tuple[Problem, ...]

    @property
    def is_possible(self) -> bool:
        return bool(self.copies) and not any(problem.is_error for problem in self.problems)

    @property
    def words(self) -> Words:
        """The announcement: "12 files will be copied to `20_sls frog`"."""
        n, name = len(self.copies), self.target.name
        return Words(
            f"{n} file{'' if n == 1 else 's'} will be copied to `{name}`. The originals stay where they are.",
            f"{n}個のファイルを「{name}」にコピーします。元のファイルはそのまま残ります。",
        )


def plan_copy(
    files: Sequence[Path],
    parent: Path,
    repeats: int,
    identifier: str,
    class_: str,
    caption_extension: str = ".caption",
) -> CopyPlan:
    """Where each picture would go below `parent`; identifier is "" for a regularization folder.

    A picture's caption file is copied with it. A picture that is there already, byte for byte, is left out;
    another one of the same name gets a number behind its name. Touches nothing.
    """
    words = " ".join(f"{identifier} {class_}".split())
    target = parent / f"{repeats}_{nfc(words)}"
    problems = _name_problems(repeats, words, target) + _siblings(target)
    if any(problem.is_error for problem in problems):
        return CopyPlan(target, (), tuple(problems))
    taken = {path.name.casefold() for path in target.iterdir()} if target.is_dir() else set()
    copies: list[tuple[Path, Path]] = []
    for source in files:
        problem = _file_problem(source, target)
        if problem is not None:
            problems.append(problem)
            continue
        stem = _free_stem(source, taken)
        for path in (source, *_captions(source, caption_extension)):
            to = target / f"{stem}{path.suffix}"
            taken.add(to.name.casefold())
            copies.append((path, to))
    return CopyPlan(target, tuple(copies), tuple(problems))


def apply_copy(plan: CopyPlan) -> list[Path]:
    """Copy, and give the files made, for `undo`. Raises UserError, everything undone, when a copy fails."""
    if any(problem.is_error for problem in plan.problems):
        raise UserError(*plan.problems)
    made: list[Path] = []
    try:
        plan.target.mkdir(parents=True, exist_ok=True)
        for source, to in plan.copies:
            with source.open("rb") as reader, to.open("xb") as writer:
                made.append(to)
                shutil.copyfileobj(reader, writer)
    except OSError as error:
        undo(made)
        name = Path(error.filename or plan.target).name
        raise UserError(
            Problem(
                "E-COPY",
                f"`{name}` could not be copied: {error.strerror}. Nothing was left behind; try again.",
                f"「{name}」をコピーできませんでした（{error.strerror}）。コピーは取り消しました。もう一度お試しください。",
                path=str(plan.target),
            )
        ) from error
    return made


def undo(made: Sequence[Path]) -> None:
    """Remove just these copies, and their folder when it is empty then."""
    for path in made:
        path.unlink(missing_ok=True)
    for folder in {path.parent for path in made}:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def balance(train_count_with_repeats: int, reg_images: int) -> int:
    """Repeats of the regularization folder by the guide: the most with train >= repeats x reg pictures.

    train_count_with_repeats: repeats x training pictures. At least 1: then some regularization pictures are
    spare.
    """
    return max(1, train_count_with_repeats // reg_images) if reg_images > 0 else 1


def _name_problems(repeats: int, words: str, target: Path) -> list[Problem]:
    if not 1 <= repeats <= MAX_REPEATS:
        return [
            Problem(
                "E-DIR-NAME",
                f"the number of repeats must be 1 to {MAX_REPEATS:,}, not {repeats}.",
                f"繰り返し回数は1〜{MAX_REPEATS:,}にしてください（現在：{repeats}）。",
            )
        ]
    if not words:
        return [
            Problem(
                "E-DIR-NAME",
                "the class is missing: write what the pictures show, such as frog.",
                "classがありません。frogのように、画像に写っているものを入力してください。",
            )
        ]
    bad = _FORBIDDEN.search(words)
    if bad or words.endswith(".") or not is_text(words):
        what = bad[0] if bad else words[-1]
        return [
            Problem(
                "E-DIR-NAME",
                f"a folder's name can't hold {what!r} here. Leave it out.",
                f"フォルダ名のこの位置には {what!r} を使えません。取り除いてください。",
            )
        ]
    length = len(target.name.encode("utf-8"))
    if length > MAX_NAME_BYTES:
        return [
            Problem(
                "E-PATH-LONG",
                f"the folder's name is {length} bytes long; {MAX_NAME_BYTES} are possible. Shorten it.",
                f"フォルダ名が{length}バイトあります（上限{MAX_NAME_BYTES}）。短くしてください。",
            )
        ]
    return []


def _siblings(target: Path) -> list[Problem]:
    """A warning for each folder with the same words and another number: both would be trained."""
    words = parse(target.name)
    if words is None or not target.parent.is_dir():
        return []
    return [
        Problem(
            "W-DIR-SAME",
            f"there is a folder `{path.name}` with the same words already; both will be trained.",
            f"同じ単語のフォルダ「{path.name}」がすでにあります。両方の画像が学習されます。",
            path=str(path),
        )
        for path in sorted(target.parent.iterdir())
        if path.is_dir() and path.name != target.name and (parse(path.name) or (0, ""))[1] == words[1]
    ]


def _file_problem(source: Path, target: Path) -> Problem | None:
    """Why a file is not copied, or None."""
    if not source.is_file():
        return Problem(
            "W-COPY-MISSING",
            f"`{source.name}` is not there any more, and is left out.",
            f"「{source.name}」が見つからないため、コピーしません。",
            path=str(source),
        )
    if not is_picture(source):
        return Problem(
            "W-IMG-FORMAT",
            f"`{source.name}` is no picture of a kind that can be trained, and is left out.",
            f"「{source.name}」は学習できる形式の画像ではないため、コピーしません。",
            path=str(source),
        )
    there = target / source.name
    if there.is_file() and filecmp.cmp(source, there, shallow=False):
        return Problem(
            "W-COPY-SAME",
            f"`{source.name}` is in `{target.name}` already, and is left out.",
            f"「{source.name}」はすでに「{target.name}」にあるため、コピーしません。",
            path=str(source),
        )
    return None


def _captions(picture: Path, extension: str) -> list[Path]:
    """The caption files beside a picture, with its own name: the chosen extension, and .txt."""
    dotted = extension if extension.startswith(".") else f".{extension}"
    found = [picture.with_suffix(suffix) for suffix in dict.fromkeys((dotted, ".txt"))]
    return [path for path in found if path.is_file()]


def _free_stem(source: Path, taken: set[str]) -> str:
    """The picture's name without extension, with a number when that name, under any extension, is taken."""
    stems = {os.path.splitext(name)[0] for name in taken}
    stem, number = nfc(source.stem), 1
    while stem.casefold() in stems:
        number += 1
        stem = f"{nfc(source.stem)} ({number})"
    return stem
