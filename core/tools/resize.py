"""Images brought to one size, or made smaller, in another folder; their captions go along."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from PIL import Image
from pydantic import BeforeValidator, Field

from core.catalog import INTERPOLATIONS, Size, Words
from core.config.schema.dataset_folders import parse_resolution
from core.config.schema.option import Choice, Section, opt
from core.counting import counted
from core.data import buckets
from core.data.images import decode, load
from core.data.images.verify import verify
from core.data.names import is_image, is_junk, nfc, parse
from core.errors import Problem, UserError
from core.formats import atomic_write, partial_files
from core.reading import reason
from core.tools.messages import (
    RESIZE_COPY,
    RESIZE_NESTED,
    RESIZE_NO_FOLDER,
    RESIZE_NO_IMAGES,
    RESIZE_SAME_NAME,
    RESIZE_SMALL,
)
from core.tools.tool import Card, Outcome, Tool, Work

FITS = {
    "crop": Words(
        "exactly this size, for training without buckets: scaled to cover it, then cropped centrally",
        "ちょうどこのサイズ（バケットを使わない学習用。はみ出した部分は中央を残して切り抜きます）",
    ),
    "shrink": Words(
        "at most as many pixels as this size: large images are scaled down, small ones stay",
        "このサイズの画素数以下（大きい画像は縮小し、小さい画像はそのまま）",
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
        ("Folder of images", "画像のフォルダー"),
        (
            "Folders inside it, such as 20_sls frog, keep their names.",
            "「20_sls frog」などの中のフォルダーも、そのままの名前で処理します。",
        ),
        path="folder",
    )
    fit: Annotated[str, Choice(FITS)] = opt(
        "crop", ("Fit", "合わせ方"), ("How images are fitted to the size.", "画像をサイズに合わせる方法。")
    )
    resolution: Annotated[tuple[Side, Side], BeforeValidator(parse_resolution)] = opt(
        ...,
        ("Size", "サイズ"),
        ("In pixels: 512, or width,height such as 448,640.", "ピクセル数：512、または幅,高さ（例：448,640）"),
    )
    target: str = opt(
        ...,
        ("Name of the new folder", "新しいフォルダーの名前"),
        ("Where the images are saved.", "画像の保存先。"),
        path="folder",
    )
    divisor: Annotated[int, Choice(_DIVISORS)] = opt(
        1,
        ("Multiple of", "辺の倍数"),
        ("With shrink, sides are cropped to it.", "縮小のとき、各辺をこの倍数に切り抜きます。"),
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


@dataclass
class Report:
    """What was done. made: the new images. captions: text files copied. existing: images left as they were.

    enlarged: how many were scaled up. cut: the largest share of an image's area that was cropped, 0 to 1.
    problems: images that could not be used, and warnings.
    """

    made: list[Path] = field(default_factory=list)
    captions: int = 0
    existing: int = 0
    enlarged: int = 0
    cut: float = 0.0
    problems: list[Problem] = field(default_factory=list)

    def words(self, target: Path) -> Words:
        """The report in one line; the problems are not in it."""
        made = counted(len(self.made), "image")
        parts = [
            (
                f"{target}: {made}, {counted(self.captions, 'caption or other text file')}",
                f"{target}：画像{len(self.made)}枚、キャプションなど{self.captions}個",
            )
        ]
        if self.enlarged:
            parts.append((f"{self.enlarged} enlarged", f"拡大したもの{self.enlarged}枚"))
        if self.cut:
            parts.append((f"up to {self.cut:.0%} cropped", f"切り抜きは最大{self.cut:.0%}"))
        if self.existing:
            parts.append((f"{self.existing} already there", f"すでにあるもの{self.existing}枚"))
        en, ja = zip(*parts, strict=True)
        return Words("; ".join(en), "、".join(ja))


def run(settings: ResizeSettings, work: Work) -> Outcome:
    """Resize a folder. Raises what `resize_folder` does."""
    report, target = resize_folder(settings, work), Path(settings.target)
    is_data_set = any(parse(folder.name) for folder in target.iterdir() if folder.is_dir())
    return Outcome(
        (report.words(target),), problems=tuple(report.problems), made=target if is_data_set else None
    )


TOOL = Tool(
    "resize",
    Words("Resize and crop images", "画像のリサイズと切り抜き"),
    ResizeSettings,
    "core.tools.resize:run",
    Card(
        Words(
            "For training without buckets, or to make large images smaller. Copies with their captions go "
            "to a new folder; the originals stay. Existing copies are kept.",
            "バケットを使わない学習の準備や、大きな画像の縮小に使います。"
            "画像とキャプションを新しいフォルダーに保存します（元の画像はそのまま）。"
            "すでにあるものは飛ばします。",
        ),
        Words("Resize", "リサイズ"),
        output="target",
        folder="resized",
        offers="dataset.train_data_dir",
        values={"resolution": (512, 512)},
        group="images",
    ),
)


@dataclass(frozen=True)
class _Job:
    """An image, the place of the new one, and what goes along: (text file, the place of its copy)."""

    source: Path
    target: Path
    texts: tuple[tuple[Path, Path], ...]


def resize_folder(settings: ResizeSettings, work: Work) -> Report:
    """Write every image of the source and the folders in it to the target, upright and in sRGB.

    The shape of an image is kept: what does not fit is cropped, never squashed. Folders keep their names, and
    text files of an image's name are copied. The originals are only read; nothing is overwritten.
    Raises UserError when nothing may or can be written, ResourceFault when the disk is full, StopRun when it
    is stopped (the images already written are whole).
    """
    jobs, report = _jobs(settings), Report()
    for folder in {job.target.parent for job in jobs}:
        partial_files.sweep(folder)
    for done, job in enumerate(jobs):
        work.at("resize", done, len(jobs))
        if job.target.exists():
            report.existing += 1
        elif _resize(job, settings, report):
            report.made.append(job.target)
            for old, new in job.texts:
                try:
                    _copy(old, new)
                    report.captions += 1
                except OSError as error:
                    report.problems.append(RESIZE_COPY(path=old, name=old.name, reason=reason(error)))
    work.progress("resize", len(jobs), len(jobs))
    if not report.made and not report.existing:
        raise UserError(*report.problems)
    return report


def _jobs(settings: ResizeSettings) -> list[_Job]:
    """Every image with the place it goes to. Raises UserError when one can't go there."""
    source, target = Path(settings.source), Path(settings.target)
    if not source.is_dir():
        raise UserError(RESIZE_NO_FOLDER(path=source))
    inside, outside = target.resolve(), source.resolve()
    if inside.is_relative_to(outside) or outside.is_relative_to(inside):
        raise UserError(RESIZE_NESTED(path=target, source=source))
    atomic_write.refuse_below_file(target / source.name)
    jobs: dict[str, _Job] = {}
    for folder, below, names in os.walk(source):  # links to folders are not followed
        below[:] = sorted(name for name in below if not is_junk(name))
        place = target / Path(folder).relative_to(source)
        files = [Path(folder, name) for name in sorted(names) if not is_junk(name)]
        for image in filter(is_image, files):
            texts = (file for file in files if _goes_along(file, image))
            new = place / f"{image.stem}.{settings.save_as}"
            job = _Job(image, new, tuple((text, place / text.name) for text in texts))
            other = jobs.setdefault(str(new).casefold(), job).source
            if other != image:
                same = RESIZE_SAME_NAME(path=image, folder=folder, other=other.name, target=new.name)
                raise UserError(same)
    if not jobs:
        raise UserError(RESIZE_NO_IMAGES(path=source))
    return list(jobs.values())


def _goes_along(file: Path, image: Path) -> bool:
    """Whether a file is the image's caption or tags, and no other image and no other tool's cache."""
    is_other = is_image(file) or file.suffix.lower() in (".npz", ".safetensors")
    return not is_other and nfc(file.stem) == nfc(image.stem)


def _resize(job: _Job, settings: ResizeSettings, report: Report) -> bool:
    """Write one image; False when it can't be used."""
    seen = verify(job.source)
    report.problems += seen.problems
    if seen.size is None:
        return False
    resolution = Size(*settings.resolution)
    if settings.fit == "crop":
        fit: buckets.Fit | None = buckets.cover(seen.size, resolution)
    else:
        fit = buckets.shrink(seen.size, resolution, settings.divisor)
    if fit is None:
        size = f"{seen.size.width}×{seen.size.height}"
        small = RESIZE_SMALL(path=job.source, name=job.source.name, size=size, divisor=settings.divisor)
        report.problems.append(small)
        return False
    image = _render(job.source, fit, settings)
    kind = KINDS[settings.save_as]
    atomic_write.write_file(job.target, lambda file: image.save(file, kind, **_SAVE[settings.save_as]))
    report.enlarged += fit.enlargement(seen.size) > 1
    report.cut = max(report.cut, 1 - fit.kept)
    return True


def _render(source: Path, fit: buckets.Fit, settings: ResizeSettings) -> Image.Image:
    """The image resized and cut, as transparent as it was; as JPEG, on white."""

    def cut(image: Image.Image) -> load.Pixels:
        left, top = fit.crop_left, fit.crop_top
        resized = load.resize(np.asarray(image), fit.resized, settings.interpolation)
        return np.ascontiguousarray(resized[top : top + fit.bucket.height, left : left + fit.bucket.width])

    opened = decode.open_image(decode.read(source))
    assert opened is not None, f"{source} was an image a moment ago"
    colour = cut(decode.upright_rgb(opened))
    opaque = None if settings.save_as == "jpg" else decode.upright_alpha(opened)
    if opaque is None:
        return Image.fromarray(colour)
    alpha = cut(opaque)
    # The colour that lies on white as the resized image does.
    share = np.maximum(alpha, 1)[..., None] / 255
    colour = np.clip(np.rint(255 - (255 - colour.astype(np.float64)) / share), 0, 255).astype(np.uint8)
    return Image.fromarray(np.dstack([colour, alpha]))


def _copy(old: Path, new: Path) -> None:
    data = decode.read(old)
    if not new.exists():
        atomic_write.write_file(new, lambda file: file.write(data), len(data))
