"""Images brought to one size, or made smaller, in another folder; their captions go along."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import numpy as np
from PIL import Image
from pydantic import BeforeValidator, Field

from core.catalog import INTERPOLATIONS, Size, Words
from core.config.schema.dataset_folders import parse_resolution
from core.config.schema.option import Choice, Section, opt
from core.counting import counted, listed
from core.data import buckets
from core.data.images import decode, load
from core.data.images.verify import look
from core.data.names import is_image, is_junk, nfc
from core.errors import Problem, UserError
from core.formats import atomic_write, partial_files
from core.reading import reason
from core.tools.messages import (
    RESIZE_COPY,
    RESIZE_EXISTS,
    RESIZE_NESTED,
    RESIZE_NO_FOLDER,
    RESIZE_NO_IMAGES,
    RESIZE_SAME_NAME,
    RESIZE_SMALL,
)
from core.tools.tool import Card, Outcome, Tool, Work

FITS = {
    "crop": Words(
        "exactly this size, for training without buckets: scaled to cover it, the rest cut at both ends",
        "バケットを使わない学習用に、ちょうどこのサイズにします（はみ出した部分は両端を切り取り）",
    ),
    "shrink": Words(
        "no more pixels than this size has: large images are scaled down, small ones stay",
        "このサイズの画素数以下にします（大きい画像は縮小し、小さい画像はそのまま）",
    ),
}
KINDS = {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}
"""What an image may be saved as -> Pillow's name of it."""

_SAVE = {"png": {}, "jpg": {"quality": 95, "subsampling": 0}, "webp": {"quality": 95, "method": 4}}
_LARGEST_SIDE = 16_383
"""Of a WebP file; no trained image comes near."""


_DIVISORS = {n: Words(str(n), str(n)) for n in (1, 8, 64)}
_TYPES = {name: Words(kind, kind) for name, kind in KINDS.items()}

Side = Annotated[int, Field(ge=1, le=_LARGEST_SIDE)]


class ResizeSettings(Section):
    """What is resized, to what size, and how it is saved."""

    source: str = opt(
        ...,
        ("Folder of images", "画像のフォルダ"),
        (
            "Folders inside it, such as 20_sls frog, keep their names.",
            "「20_sls frog」などの中のフォルダも、そのままの名前で処理します。",
        ),
        path="folder",
    )
    fit: Annotated[str, Choice(FITS)] = opt(
        "crop", ("How", "方法"), ("How an image is brought to the size.", "画像をサイズに合わせる方法。")
    )
    resolution: Annotated[tuple[Side, Side], BeforeValidator(parse_resolution)] = opt(
        ...,
        ("Size", "サイズ"),
        ("In pixels: 512, or width,height such as 448,640.", "ピクセル数：512、または幅,高さ（例：448,640）"),
    )
    target: str = opt(
        ...,
        ("Name of the new folder", "新しいフォルダの名前"),
        ("Where the images are saved.", "画像の保存先。"),
        path="folder",
    )
    divisor: Annotated[int, Choice(_DIVISORS)] = opt(
        1,
        ("Multiple of", "辺の倍数"),
        ("With shrink, sides are cropped to it.", "縮小のとき、各辺をこの倍数に切り取ります。"),
        level="advanced",
    )
    interpolation: Annotated[str, Choice(INTERPOLATIONS)] = opt(
        "auto",
        ("Interpolation", "補間方法"),
        ("How pixels are computed.", "画素の計算方法。"),
        level="advanced",
    )
    save_as: Annotated[str, Choice(_TYPES)] = opt(
        "png", ("Save as", "保存形式"), ("Type of the new images.", "新しい画像の形式。"), level="advanced"
    )
    skip_existing: bool = opt(
        False,
        ("Skip existing images", "すでにある画像を飛ばす"),
        ("To go on after a stop.", "停止した続きから処理します。"),
        level="advanced",
    )


@dataclass(frozen=True)
class Report:
    """What was done. made: the new images. captions: text files copied. skipped: there already.

    enlarged: how many were scaled up. cut: the largest share of an image's area that was cropped, 0 to 1.
    problems: images that could not be used, and warnings.
    """

    made: tuple[Path, ...]
    captions: int
    skipped: int
    enlarged: int
    cut: float
    problems: tuple[Problem, ...]

    def words(self, target: Path) -> Words:
        """The report in one line; the problems are not in it."""
        made = counted(len(self.made), "image")
        en = [f"{target}: {made}, {counted(self.captions, 'caption or other text file')}"]
        ja = [f"{target}：画像{len(self.made)}枚、キャプションなど{self.captions}個"]
        if self.enlarged:
            en.append(f"{self.enlarged} enlarged")
            ja.append(f"拡大したもの{self.enlarged}枚")
        if self.cut:
            en.append(f"up to {self.cut:.0%} cropped")
            ja.append(f"切り取りは最大{self.cut:.0%}")
        if self.skipped:
            en.append(f"{self.skipped} already there")
            ja.append(f"すでにあるもの{self.skipped}枚")
        return Words("; ".join(en), "、".join(ja))


def run(settings: ResizeSettings, work: Work) -> Outcome:
    """Resize a folder. Raises what `resize_folder` does."""
    report = resize_folder(settings, work)
    return Outcome((report.words(Path(settings.target)),), problems=report.problems)


TOOL = Tool(
    "resize",
    Words("Resize and crop images", "画像のリサイズと切り抜き"),
    ResizeSettings,
    "core.tools.resize:run",
    Card(
        Words(
            "For training without buckets, or to make large images smaller. Copies with their captions go to "
            "a new folder; the originals stay as they are.",
            "バケットを使わない学習の準備や、大きな画像の縮小に使います。"
            "画像とキャプションを新しいフォルダに保存します。元の画像はそのままです。",
        ),
        Words("Resize", "リサイズ"),
        output="target",
        folder="resized",
        values={"resolution": (512, 512), "skip_existing": True},
    ),
)


@dataclass(frozen=True)
class _Job:
    source: Path
    target: Path
    others: tuple[tuple[Path, Path], ...]


def resize_folder(settings: ResizeSettings, work: Work | None = None) -> Report:
    """Write every image of the source and the folders in it to the target, upright and in sRGB.

    The shape of an image is kept: what does not fit is cropped, never squashed. Folders keep their names, and
    text files of an image's name are copied. The originals are only read; nothing is overwritten.
    Raises UserError when nothing may or can be written, ResourceFault when the disk is full, StopRun when it
    is stopped (the images already written are whole).
    """
    work = work or Work()
    jobs = _jobs(Path(settings.source), Path(settings.target), settings)
    made: list[Path] = []
    problems: list[Problem] = []
    captions, enlarged, skipped, cut = 0, 0, 0, 0.0
    for folder in {job.target.parent for job in jobs}:
        partial_files.sweep(folder)
    for done, job in enumerate(jobs):
        work.at("resize", done, len(jobs))
        if job.target.exists():
            skipped += 1
            continue
        more, fit, size = _resized(job, settings)
        problems += more
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
                problems.append(RESIZE_COPY(path=old, name=old.name, reason=reason(error)))
    work.progress("resize", len(jobs), len(jobs))
    if not made and not skipped:
        raise UserError(*problems)
    return Report(tuple(made), captions, skipped, enlarged, cut, tuple(problems))


def _jobs(source: Path, target: Path, settings: ResizeSettings) -> list[_Job]:
    """Every image with the place it goes to. Raises UserError when one can't go there."""
    if not source.is_dir():
        raise UserError(RESIZE_NO_FOLDER(path=source))
    inside, outside = target.resolve(), source.resolve()
    if inside.is_relative_to(outside) or outside.is_relative_to(inside):
        raise UserError(RESIZE_NESTED(path=target, source=source))
    jobs = []
    for folder, names in _folders(source):
        place = target / folder.relative_to(source)
        images = [Path(name) for name in names if is_image(Path(name))]
        texts = [Path(name) for name in names if not is_image(Path(name)) and _is_text(Path(name))]
        for image in images:
            others = tuple((folder / t, place / t) for t in texts if nfc(t.stem) == nfc(image.stem))
            jobs.append(_Job(folder / image, place / f"{image.stem}.{settings.save_as}", others))
    if not jobs:
        raise UserError(RESIZE_NO_IMAGES(path=source))
    _refuse_collisions(jobs, settings)
    return jobs


def _is_text(path: Path) -> bool:
    """Whether a file beside an image goes along: captions and tags, but no other tool's cache."""
    return path.suffix.lower() not in (".npz", ".safetensors")


def _folders(source: Path) -> Iterator[tuple[Path, list[str]]]:
    """The folder and those in it, sorted, with their files' names; links to folders are not followed."""
    for folder, below, names in os.walk(source):
        below[:] = sorted(name for name in below if not is_junk(name))
        yield Path(folder), sorted(name for name in names if not is_junk(name))


def _refuse_collisions(jobs: list[_Job], settings: ResizeSettings) -> None:
    """Raises UserError when a file is there already, or two images would become one."""
    sources: dict[str, Path] = {}
    for job in jobs:
        other = sources.setdefault(str(job.target).casefold(), job.source)
        if other != job.source:
            raise UserError(
                RESIZE_SAME_NAME(
                    path=job.source,
                    folder=other.parent,
                    one=other.name,
                    other=job.source.name,
                    target=job.target.name,
                )
            )
    if settings.skip_existing:
        return
    new = [path for job in jobs for path in (job.target, *(place for _, place in job.others))]
    there = [path for path in new if path.exists()]
    if there:
        names = listed([path.name for path in there], 5)
        raise UserError(RESIZE_EXISTS(path=there[0], folder=there[0].parent, names=names))


def _resized(job: _Job, settings: ResizeSettings) -> tuple[list[Problem], buckets.Fit | None, Size | None]:
    """Write one image; its fit and old size, or None when it can't be used."""
    seen = look(job.source)
    if seen.size is None:
        return list(seen.problems), None, None
    if settings.fit == "crop":
        fit: buckets.Fit | None = buckets.cover(seen.size, Size(*settings.resolution))
    else:
        fit = buckets.shrink(seen.size, Size(*settings.resolution), settings.divisor)
    if fit is None:
        size = f"{seen.size.width}x{seen.size.height}"
        small = RESIZE_SMALL(path=job.source, name=job.source.name, size=size, divisor=settings.divisor)
        return [*seen.problems, small], None, None
    image = _render(job.source, fit, settings)
    kind = KINDS[settings.save_as]
    atomic_write.write_file(job.target, lambda file: image.save(file, kind, **_SAVE[settings.save_as]))
    return list(seen.problems), fit, seen.size


def _render(source: Path, fit: buckets.Fit, settings: ResizeSettings) -> Image.Image:
    """The image resized and cut, as transparent as it was; as JPEG, on white."""
    opened = decode.open_image(decode.read(source))
    assert opened is not None, f"{source} was an image a moment ago"
    cut = _cut(np.asarray(decode.upright_rgb(opened)), fit, settings)
    opaque = None if settings.save_as == "jpg" else decode.upright_alpha(opened)
    if opaque is None:
        return Image.fromarray(cut)
    alpha = _cut(np.asarray(opaque), fit, settings)
    # The colour that lies on white as the resized image does.
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
