"""Pictures brought to one size, or made smaller, in another folder; their captions go along."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from pydantic import TypeAdapter, ValidationError

from core.catalog import INTERPOLATIONS, Size, Words
from core.config.schema.dataset_folders import Resolution
from core.control import RunControl
from core.counting import counted, listed
from core.data import buckets
from core.data.images import decode, load
from core.data.images.verify import look
from core.data.names import is_junk, is_picture, nfc
from core.errors import Lang, Problem, UserError, plain_problem
from core.formats import atomic_write, partial_files
from core.reading import reason

Progress = Callable[[str, int, int], None]
"""Called with (stage, done, total)."""

FITS = {
    "crop": Words(
        "exactly this size, for training without buckets: scaled to cover it, the rest cut at both ends",
        "バケットを使わない学習用に、ちょうどこのサイズにします（はみ出した部分は両端を切り取り）",
    ),
    "shrink": Words(
        "no more pixels than this size has: large pictures are scaled down, small ones stay",
        "このサイズの画素数以下にします（大きい画像は縮小し、小さい画像はそのまま）",
    ),
}
KINDS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}
"""What a picture may be saved as -> Pillow's name of it."""

_SAVE = {"png": {}, "jpg": {"quality": 95, "subsampling": 0}, "webp": {"quality": 95, "method": 4}}
_LARGEST_SIDE = 16_383
"""Of a WebP file; no trained picture comes near."""


@dataclass(frozen=True)
class ResizeSettings:
    """resolution: pixels. fit: a key of FITS. divisor: with "shrink", sides are cut to multiples of it.

    interpolation: a key of catalog.INTERPOLATIONS. save_as: a key of KINDS. skip_existing: leave out pictures
    that are there already, to go on after a stop.
    """

    resolution: Size
    fit: str = "crop"
    divisor: int = 1
    interpolation: str = "auto"
    save_as: str = "png"
    skip_existing: bool = False


@dataclass(frozen=True)
class Report:
    """What was done. made: the new pictures. captions: text files copied. skipped: there already.

    enlarged: how many were scaled up. cut: the largest share of a picture's area that was cut away, 0 to 1.
    problems: pictures that could not be used, and what is worth a notice.
    """

    made: tuple[Path, ...]
    captions: int
    skipped: int
    enlarged: int
    cut: float
    problems: tuple[Problem, ...]

    def text(self, target: Path, lang: Lang) -> str:
        """The report in plain words, a line for each problem."""
        if lang == "ja":
            first = f"{target}：画像{len(self.made)}枚、キャプションなど{self.captions}個"
            details = [
                f"拡大したもの{self.enlarged}枚" if self.enlarged else "",
                f"切り取りは最大{self.cut:.0%}" if self.cut else "",
                f"すでにあるもの{self.skipped}枚" if self.skipped else "",
            ]
            line = "、".join([first, *filter(None, details)])
        else:
            made = counted(len(self.made), "picture")
            first = f"{target}: {made}, {counted(self.captions, 'caption or other text file')}"
            details = [
                f"{self.enlarged} enlarged" if self.enlarged else "",
                f"up to {self.cut:.0%} cut away" if self.cut else "",
                f"{self.skipped} already there" if self.skipped else "",
            ]
            line = "; ".join([first, *filter(None, details)])
        return "\n".join([line, *(problem.text(lang) for problem in self.problems)])


@dataclass(frozen=True)
class _Job:
    source: Path
    target: Path
    others: tuple[tuple[Path, Path], ...]


def parse_size(text: str) -> Size:
    """ "512" or "768,512" -> pixels. Raises UserError."""
    try:
        size = Size(*TypeAdapter(Resolution).validate_python(text))
    except ValidationError:
        size = Size(0, 0)
    if not all(1 <= side <= _LARGEST_SIDE for side in size):
        raise UserError(
            plain_problem(
                "E-RESIZE-SIZE",
                f"a size is one number or width,height, such as 512 or 768,512; found {text!r}.",
                f"サイズは「512」「768,512」のように数値1つか「幅,高さ」で指定してください（値：{text!r}）。",
            )
        )
    return size


def resize_folder(
    source: Path,
    target: Path,
    settings: ResizeSettings,
    progress: Progress | None = None,
    control: RunControl | None = None,
) -> Report:
    """Write every picture of `source` and the folders in it to `target`, upright and in sRGB.

    The shape of a picture is kept: what does not fit is cut, never squashed. Folders keep their names, and
    text files of a picture's name are copied. The originals are only read; nothing is overwritten.
    Raises UserError when nothing may or can be written, ResourceFault when the disk is full, StopRun when
    `control` says so (the pictures already written are whole).
    """
    _check(settings)
    jobs = _jobs(source, target, settings)
    made: list[Path] = []
    problems: list[Problem] = []
    captions, enlarged, skipped, cut = 0, 0, 0, 0.0
    for folder in {job.target.parent for job in jobs}:
        partial_files.sweep(folder)
    for done, job in enumerate(jobs):
        if control is not None:
            control.check()
        if progress is not None:
            progress("resize", done, len(jobs))
        if job.target.exists():
            skipped += 1
            continue
        found, fit, size = _resized(job, settings)
        problems += found
        if fit is None or size is None:
            continue
        made.append(job.target)
        enlarged += fit.enlargement(size) > 1
        cut = max(cut, 1 - fit.kept)
        for old, new in job.others:
            try:
                _copy(old, new)
                captions += 1
            except OSError as error:
                problems.append(_not_copied(old, error))
    if progress is not None:
        progress("resize", len(jobs), len(jobs))
    if not made and not skipped:
        raise UserError(*problems)
    return Report(tuple(made), captions, skipped, enlarged, cut, tuple(problems))


def _check(settings: ResizeSettings) -> None:
    assert settings.fit in FITS and settings.save_as in KINDS, settings
    assert settings.interpolation in INTERPOLATIONS and settings.divisor >= 1, settings


def _jobs(source: Path, target: Path, settings: ResizeSettings) -> list[_Job]:
    """Every picture with the place it goes to. Raises UserError when one can't go there."""
    if not source.is_dir():
        raise UserError(_no_folder(source))
    inside, outside = target.resolve(), source.resolve()
    if inside.is_relative_to(outside) or outside.is_relative_to(inside):
        raise UserError(_nested(source, target))
    jobs = []
    for folder, names in _folders(source):
        place = target / folder.relative_to(source)
        pictures = [Path(name) for name in names if is_picture(Path(name))]
        texts = [Path(name) for name in names if not is_picture(Path(name)) and _is_text(Path(name))]
        for picture in pictures:
            others = tuple((folder / t, place / t) for t in texts if nfc(t.stem) == nfc(picture.stem))
            jobs.append(_Job(folder / picture, place / f"{picture.stem}.{settings.save_as}", others))
    if not jobs:
        raise UserError(_nothing(source))
    _refuse_collisions(jobs, settings)
    return jobs


def _is_text(path: Path) -> bool:
    """Whether a file beside a picture goes along: captions and tags, but no other tool's cache."""
    return path.suffix.lower() not in (".npz", ".safetensors")


def _folders(source: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folder and those in it, sorted, with their files' names; links to folders are not followed."""
    for folder, below, names in os.walk(source):
        below[:] = sorted(name for name in below if not is_junk(name))
        yield Path(folder), sorted(name for name in names if not is_junk(name))


def _refuse_collisions(jobs: list[_Job], settings: ResizeSettings) -> None:
    """Raises UserError when a file is there already, or two pictures would become one."""
    sources: dict[str, Path] = {}
    for job in jobs:
        other = sources.setdefault(str(job.target).casefold(), job.source)
        if other != job.source:
            raise UserError(_same_name(other, job.source, job.target))
    if settings.skip_existing:
        return
    new = [path for job in jobs for path in (job.target, *(place for _, place in job.others))]
    there = [path for path in new if path.exists()]
    if there:
        raise UserError(_exists(there))


def _resized(job: _Job, settings: ResizeSettings) -> tuple[list[Problem], buckets.Fit | None, Size | None]:
    """Write one picture; its fit and old size, or None when it can't be used."""
    seen = look(job.source)
    if seen.size is None:
        return list(seen.problems), None, None
    if settings.fit == "crop":
        fit: buckets.Fit | None = buckets.cover(seen.size, settings.resolution)
    else:
        fit = buckets.shrink(seen.size, settings.resolution, settings.divisor)
    if fit is None:
        return [*seen.problems, _too_small(job.source, seen.size, settings.divisor)], None, None
    picture = _picture(job.source, fit, settings)
    kind = KINDS[settings.save_as]
    atomic_write.write_file(job.target, lambda file: picture.save(file, kind, **_SAVE[settings.save_as]))
    return list(seen.problems), fit, seen.size


def _picture(source: Path, fit: buckets.Fit, settings: ResizeSettings) -> Image.Image:
    """The picture resized and cut, as transparent as it was; as JPEG, on white."""
    opened = decode.open_picture(decode.read(source))
    assert opened is not None, f"{source} was a picture a moment ago"
    cut = _cut(np.asarray(decode.upright_rgb(opened)), fit, settings)
    opaque = None if settings.save_as == "jpg" else decode.upright_alpha(opened)
    if opaque is None:
        return Image.fromarray(cut)
    alpha = _cut(np.asarray(opaque), fit, settings)
    # The colour that lies on white as the resized picture does.
    share = np.maximum(alpha, 1)[..., None] / 255
    colour = np.clip(np.rint(255 - (255 - cut.astype(np.float64)) / share), 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([colour, alpha]))


def _cut(full: load.Pixels, fit: buckets.Fit, settings: ResizeSettings) -> load.Pixels:
    left, top = fit.crop_left, fit.crop_top
    resized = load.resize(full, fit.resized, settings.interpolation)
    return np.ascontiguousarray(resized[top : top + fit.bucket.height, left : left + fit.bucket.width])


def _copy(old: Path, new: Path) -> None:
    data = decode.read(old)

    def write(file: BinaryIO) -> None:
        file.write(data)

    if not new.exists():
        atomic_write.write_file(new, write, len(data))


def _not_copied(path: Path, error: OSError) -> Problem:
    return plain_problem(
        "W-RESIZE-COPY",
        f"`{path.name}` is not copied: {reason(error).en}.",
        f"「{path.name}」はコピーしませんでした：{reason(error).ja}。",
        path=str(path),
    )


def _no_folder(source: Path) -> Problem:
    return plain_problem(
        "E-RESIZE-SOURCE",
        f"there is no folder {source}. Check the path.",
        f"フォルダ {source} がありません。パスを確認してください。",
        path=str(source),
    )


def _nothing(source: Path) -> Problem:
    return plain_problem(
        "E-RESIZE-SOURCE",
        f"there are no pictures in {source}.",
        f"{source} に画像がありません。",
        path=str(source),
    )


def _nested(source: Path, target: Path) -> Problem:
    return plain_problem(
        "E-RESIZE-TARGET",
        f"{target} and {source} lie in one another. Choose a folder of its own for the new pictures.",
        f"{target} と {source} の一方が他方の中にあります。"
        "新しい画像には別の場所のフォルダを指定してください。",
        path=str(target),
    )


def _exists(paths: list[Path]) -> Problem:
    shown = listed([path.name for path in paths], 5)
    return plain_problem(
        "E-RESIZE-EXISTS",
        f"{paths[0].parent} already holds {shown.en}; nothing is overwritten. "
        "Choose an empty folder, or skip what is there.",
        f"{paths[0].parent} にすでに{shown.ja}があります（上書きはしません）。"
        "空のフォルダを指定するか、すでにあるものを飛ばす設定にしてください。",
        path=str(paths[0]),
    )


def _same_name(one: Path, other: Path, target: Path) -> Problem:
    return plain_problem(
        "E-RESIZE-TWICE",
        f"{one.name} and {other.name} in {one.parent} would both become {target.name}. Rename one of them.",
        f"{one.parent} の{one.name}と{other.name}が、どちらも{target.name}になります。"
        "一方の名前を変えてください。",
        path=str(other),
    )


def _too_small(path: Path, size: Size, divisor: int) -> Problem:
    return plain_problem(
        "W-RESIZE-SMALL",
        f"`{path.name}` ({size.width}x{size.height}) has or gets a side below {divisor} and is left out.",
        f"「{path.name}」（{size.width}x{size.height}）は一辺が{divisor}未満になるため除きました。",
        path=str(path),
    )
