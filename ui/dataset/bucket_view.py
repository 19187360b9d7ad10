"""The buckets: a table of them, and for each one its own field of images with what is cut away dimmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from core.catalog import Size
from core.data.plan.plan import Plan
from core.data.plan.thumbnails import is_enlarged, label
from core.data.records import BucketKey
from core.errors import Lang
from ui.dataset.health import act
from ui.parts.images import figure
from ui.parts.markup import Share, esc, note, table
from ui.text import say

FIRST, LEAST, ALL_FIRST = 24, 6, 240
"""Images shown of a bucket at first: at most, at least, and of all buckets together."""
FEW = 120
"""So many images are shown all at once."""
PAGE = 48
"""More of them by each click."""

_OPEN = 36
"""The fields of so many images are open at first; the others open by a click."""


def shown(plan: Plan, more: Mapping[int, int]) -> list[list[int]]:
    """The images shown of each bucket. more: how many are asked for beyond the first, by its number."""
    whole = plan.by_bucket(range(len(plan.images)))
    first = max(LEAST, min(FIRST, ALL_FIRST // max(1, len(whole))))
    if len(plan.images) <= FEW:
        first = FEW
    return [indices[: first + more.get(n, 0)] for n, indices in enumerate(whole.values())]


def fields_html(
    plan: Plan,
    record: Mapping[str, Any],
    chosen: Sequence[Sequence[int]],
    files: Mapping[int, str],
    wrap: Callable[[int, str], str],
    lang: Lang,
) -> str:
    """The fields. record: the plan as JSON values. chosen: as `shown`. files: thumbnails by image.

    wrap: puts what can be done to an image around it.
    """
    whole = plan.by_bucket(range(len(plan.images)))
    if not whole:
        return ""
    drawn, above = "", 0
    for n, (key, indices) in enumerate(whole.items()):
        is_open = not above or above + len(chosen[n]) <= _OPEN
        drawn += _field((n, is_open), key, plan, record, (indices, chosen[n]), (files, wrap), lang)
        above += len(chosen[n])
    is_masked = any(image.mask_path for image in plan.images) or any(s.alpha_mask for s in plan.settings)
    masks = note(say("fields.masks", lang)) if is_masked else ""
    return f'<section class="rw-figures"><h3>{esc(say("fields.title", lang))}</h3>{masks}{drawn}</section>'


def _field(
    which: tuple[int, bool],
    key: BucketKey,
    plan: Plan,
    record: Mapping[str, Any],
    indices: tuple[Sequence[int], Sequence[int]],
    drawn: tuple[Mapping[int, str], Callable[[int, str], str]],
    lang: Lang,
) -> str:
    """which: number of the bucket, and whether it is open. indices: all in it, and those shown.

    drawn: files and wrap of `fields_html`.
    """
    (number, is_open), (inside, chosen), (files, wrap) = which, indices, drawn
    figures = "".join(
        wrap(
            i,
            figure(
                files[i],
                label(plan.images[i], lang, i in plan.held),
                say("preview.caption", lang, text=plan.images[i].caption, n=record["images"][i]["tokens"]),
            ),
        )
        for i in chosen
        if i in files
    )
    left = len(inside) - len(chosen)
    more = act("more", str(number), say("fields.more", lang, n=min(PAGE, left), left=left)) if left else ""
    facts = [say("fields.count", lang, n=len(inside))]
    enlarged = sum(is_enlarged(plan.images[i]) for i in inside)
    if enlarged:
        facts.append(say("fields.enlarged", lang, n=enlarged))
    return (
        f'<details class="rw-bucket" data-fold="{esc(_head(plan, *key))}"{" open" if is_open else ""}>'
        f"<summary>{_shape(key[1])}<b>{_head(plan, *key)}</b><span>{esc(' · '.join(facts))}</span></summary>"
        f'<div class="rw-field">{figures}</div>{more}</details>'
    )


def _shape(size: Size) -> str:
    """A small outline of the bucket's shape."""
    longest = max(size) / 16
    return f'<i style="width:{size.width / longest:.0f}px;height:{size.height / longest:.0f}px"></i>'


def bucket_table(plan: Plan, lang: Lang) -> str:
    """The histogram, titled: a row for each bucket with its share of the samples as a bar."""
    headers = [
        say(f"preview.{name}", lang)
        for name in ("size", "share", "train", "reg", "samples", "batches", "cut")
    ]
    most = max((bucket.samples for bucket in plan.buckets), default=1) or 1
    rows = []
    for bucket in plan.buckets:
        images = [plan.images[index] for index in bucket.images]
        reg_images = sum(image.is_reg for image in images)
        cut = sum(1 - image.fit.kept for image in images) / len(images)
        rows.append(
            (
                _head(plan, bucket.dataset, bucket.size),
                Share(bucket.samples / most),
                len(images) - reg_images,
                reg_images,
                bucket.samples,
                bucket.batches,
                f"{cut:.0%}",
            )
        )
    title = f"<h3>{esc(say('fields.table', lang))}</h3>"
    return f'<section class="rw-sizes">{title}{table(headers, rows, frozenset({2, 3, 4, 5, 6}))}</section>'


def _head(plan: Plan, dataset: int, size: Size) -> str:
    """ "640 × 512", with the number of the dataset before it where there are several."""
    return f"{dataset + 1} · " * (plan.datasets > 1) + f"{size.width} × {size.height}"
