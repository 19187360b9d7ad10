"""Problems and notices of a plan: image sizes, validation, regularization, bucket limits, captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from core.catalog import LANGS, Size, Words
from core.config.schema.dataset import DatasetConfig
from core.counting import NAMED, SHOWN, listed
from core.data import buckets
from core.data.buckets import Fit
from core.data.names import short_name
from core.data.plan import messages
from core.data.plan.regularization import Rotation
from core.data.records import PlannedImage
from core.errors import Message, Problem

MUCH_CUT = 0.75
"""Kept share of an image below which its crop is a notice."""
MUCH_ENLARGED = 2.0
"""Enlargement above which it is a notice."""

FEW = 2
"""Notices of one kind that are shown one by one."""

_WITH_OTHERS = Words(
    "{sentence} The same for {count} more: {names}.",
    "{sentence}同様のものがほかに{count}個あります：{names}。",
)
_MORE = Words("the same for {count} more.", "同様のものがほかに{count}個あります。")


def condensed(notices: Sequence[Problem]) -> tuple[Problem, ...]:
    """The notices; those of a kind about many files are one that names them; no kind has more than SHOWN."""
    kinds: dict[str, list[Problem]] = {}
    for notice in notices:
        kinds.setdefault(notice.code, []).append(notice)
    result: list[Problem] = []
    for same in kinds.values():
        if len(same) <= FEW:
            result += same
        elif all(notice.path for notice in same):
            names = listed([Path(notice.path).name for notice in same[1:]], NAMED)
            result.append(same[0].framed(_WITH_OTHERS, count=len(same) - 1, names=names))
        else:
            result += same[:SHOWN]
            if same[SHOWN:]:
                result.append(same[0].framed(_MORE, count=len(same) - SHOWN))
    return tuple(result)


def no_bucket(path: Path, size: Size, fit: Fit | None, config: DatasetConfig) -> Problem:
    """An image too small or too narrow for any bucket."""
    ratio = max(size) / min(size)
    if fit is None and ratio <= 16:
        return messages.TOO_SMALL(path=path, size=size, step=config.bucket_reso_steps)
    return messages.EXTREME_ASPECT(path=path, size=size, ratio=ratio, kept=fit.kept if fit else 0)


def on_sizes(images: Sequence[PlannedImage], config: DatasetConfig) -> list[Problem]:
    """Images of another size than the resolution where there are no buckets."""
    wrong = [image for image in images if not buckets.is_exact(image.size, config)]
    if not wrong or config.enable_bucket:
        return []
    names = listed([f"{short_name(image.path)} ({image.size})" for image in wrong], NAMED)
    size = Size(*config.resolution)
    return [messages.WRONG_SIZES(size=size, count=len(wrong), names=names)]


def on_fit(images: Sequence[PlannedImage], settings: Sequence[DatasetConfig]) -> list[Problem]:
    """Images of which much is cropped, and images that are much enlarged."""
    fitted = [image for image in images if settings[image.settings].enable_bucket]
    cut = sorted((i for i in fitted if i.fit.kept < MUCH_CUT), key=lambda i: i.fit.kept)
    times = {i: image.fit.enlargement(image.size) for i, image in enumerate(fitted)}
    small = sorted((i for i in times if times[i] > MUCH_ENLARGED), key=lambda i: -times[i])
    problems = []
    if cut:
        names = listed([f"{image.path.name} ({1 - image.fit.kept:.0%})" for image in cut], NAMED)
        problems.append(messages.CROPPED(path=_only(cut), count=len(cut), total=len(images), names=names))
    if small:
        names = listed([f"{fitted[i].path.name} ({fitted[i].size}, ×{times[i]:.1f})" for i in small], NAMED)
        problems.append(
            messages.ENLARGED(
                path=_only([fitted[i] for i in small]), count=len(small), total=len(images), names=names
            )
        )
    return problems


def _only(images: Sequence[PlannedImage]) -> str | Path:
    """The file that a notice is about, where it is about one."""
    return images[0].path if len(images) == 1 else ""


def on_alpha(opaque: Sequence[Path], total: int) -> Problem:
    """Images without transparency where alpha_mask is on."""
    names = listed([path.name for path in opaque])
    problem = messages.OPAQUE(count=len(opaque), total=total, names=names)
    return problem if len(opaque) == total else problem.as_info()


def on_long_captions(counts: Mapping[Path, int], limit: int) -> list[Problem]:
    """Captions longer than the model takes. counts: tokens by image."""
    long = sorted((path for path in counts if counts[path] > limit), key=lambda path: -counts[path])
    if not long:
        return []
    names = listed([f"{path.name} ({counts[path]:,})" for path in long], NAMED)
    path = long[0] if len(long) == 1 else ""
    return [messages.LONG_CAPTIONS(path=path, count=len(long), total=len(counts), limit=limit, names=names)]


def on_validation(
    images: Sequence[PlannedImage], settings: Sequence[DatasetConfig], held: Sequence[int], samples: int
) -> list[Problem]:
    """Whether validation takes all, none, or more than it was asked to. samples: of an epoch's training."""
    asked = [config.validation_split for config in settings if config.validation_split]
    if asked and images and not held:
        return [messages.VALIDATION_EMPTY(share=max(asked))]
    copies = [i for i in held if not settings[images[i].settings].validation_split]
    problems = [messages.VALIDATION_COPIES(count=len(copies))] if copies else []
    return problems + ([messages.VALIDATION_TAKES_ALL(count=len(held))] if held and not samples else [])


def on_buckets(settings: Sequence[DatasetConfig]) -> list[Problem]:
    """Bucket limits that are off the step."""
    problems: list[Problem] = []
    for config in settings:
        given = (config.min_bucket_reso, config.max_bucket_reso)
        used = buckets.effective_range(*given, config.bucket_reso_steps)
        if config.enable_bucket and not config.bucket_no_upscale and used != given:
            facts: dict[str, Any] = {
                "smallest": used[0],
                "largest": used[1],
                "min": given[0],
                "max": given[1],
            }
            problems.append(messages.ROUNDED_RANGE(**facts, step=config.bucket_reso_steps))
    return list(dict.fromkeys(problems))


def on_regularization(
    images: Sequence[PlannedImage], dataset: int, rotations: Sequence[Rotation], train: int
) -> list[Problem]:
    """Whether regularization images of a dataset are spare, used several times or never."""
    inside = {i for i, image in enumerate(images) if image.is_reg and image.dataset == dataset}
    samples = sum(images[i].repeats for i in inside)
    if not samples or samples == train:
        return []
    if not train:
        is_alone = len(inside) == sum(image.dataset == dataset for image in images) < len(images)
        return [messages.REG_ALONE(dataset=dataset + 1, count=len(inside))] if is_alone else []
    if samples < train:
        return [messages.REG_REUSE(train=train, reg=samples)]
    first = {index for rotation in rotations for index in rotation.of(1)}
    ever = {index for rotation in rotations if rotation.take for index in rotation.images}

    def names(indices: set[int]) -> Words:
        return listed([short_name(images[i].path) for i in sorted(indices)])

    spare, never = names((inside - first) & ever), Words("", "")
    if inside - ever:
        listed_ = names(inside - ever)
        never = Words(
            f" Never used: {listed_.en}.",
            f"まったく使用されないもの：{listed_.ja}。",
            f"完全没有用到：{listed_.of('zh')}。",
        )
    return [messages.REG_SURPLUS(train=train, reg=samples, spare=spare, never=never)]


def on_copies(images: Sequence[PlannedImage]) -> list[Problem]:
    """Files of the same bytes: among training or regularization images, or in both."""
    files: dict[str, dict[Path, bool]] = {}
    for image in images:
        files.setdefault(image.content, {})[image.path] = image.is_reg
    groups: dict[Message, list[Words]] = {}
    for same in files.values():
        if len(same) > 1:
            is_in_both = len(set(same.values())) == 2
            message = messages.DUPLICATES_IN_REG if is_in_both else messages.DUPLICATES
            groups.setdefault(message, []).append(listed([short_name(path) for path in same]))
    return [message(names=_grouped(found)) for message, found in groups.items()]


_GROUPS = 3
"""Groups of duplicates that are named."""


def _grouped(names: Sequence[Words]) -> Words:
    """The names of one group or several, the first ones of many."""
    if len(names) == 1:
        return names[0]
    shown, more = names[:_GROUPS], len(names) - _GROUPS
    ends = (f"; and {more} more", f"；ほか{more}組", f"；另有{more}组") if more > 0 else ("", "", "")
    marks = zip(LANGS, ("; ", "；", "；"), ends, strict=True)
    return Words(*(mark.join(one.of(lang) for one in shown) + end for lang, mark, end in marks))
