"""The buckets: a table of them, and for each one its own field of images with what is cut away dimmed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.catalog import Size
from core.data.plan.plan import Place, Plan
from core.data.plan.thumbnails import bucket_rows, is_enlarged, label
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


def places(plan: Plan) -> dict[Place, list[int]]:
    """The images of each data set and bucket, by index; those held out too."""
    found: dict[Place, list[int]] = {}
    for index, image in enumerate(plan.images):
        found.setdefault(image.place, []).append(index)
    return {place: found[place] for place in sorted(found)}


def shown(plan: Plan, more: Mapping[int, int]) -> list[list[int]]:
    """The images shown of each bucket. more: how many are asked for beyond the first, by its number."""
    whole = places(plan)
    first = max(LEAST, min(FIRST, ALL_FIRST // max(1, len(whole))))
    if len(plan.images) <= FEW:
        first = FEW
    return [indices[: first + more.get(n, 0)] for n, indices in enumerate(whole.values())]


def fields_html(
    plan: Plan,
    record: Mapping[str, Any],
    chosen: Sequence[Sequence[int]],
    files: Mapping[int, str],
    lang: Lang,
) -> str:
    """The fields. record: the plan as JSON values. chosen: as `shown`. files: thumbnails by image."""
    whole = places(plan)
    if not whole:
        return ""
    drawn, above = "", 0
    for n, (place, indices) in enumerate(whole.items()):
        is_open = not above or above + len(chosen[n]) <= _OPEN
        drawn += _field((n, is_open), place, plan, record, (indices, chosen[n]), files, lang)
        above += len(chosen[n])
    is_masked = any(image.mask_path for image in plan.images) or any(s.alpha_mask for s in plan.settings)
    masks = note(say("fields.masks", lang)) if is_masked else ""
    return f'<section class="rw-figures"><h4>{esc(say("fields.title", lang))}</h4>{masks}{drawn}</section>'


def _field(
    which: tuple[int, bool],
    place: Place,
    plan: Plan,
    record: Mapping[str, Any],
    indices: tuple[Sequence[int], Sequence[int]],
    files: Mapping[int, str],
    lang: Lang,
) -> str:
    """which: number of the bucket, and whether it is open. indices: all in it, and those shown."""
    (number, is_open), (inside, chosen) = which, indices
    figures = "".join(
        figure(files[i], _label(plan, i, lang), _prompt(plan, record["images"][i], i, lang))
        for i in chosen
        if i in files
    )
    left = len(inside) - len(chosen)
    more = act(f"more:{number}", say("fields.more", lang, n=min(PAGE, left), left=left)) if left else ""
    head = f"{place[0] + 1} · " * (plan.datasets > 1) + f"{place[1].width} × {place[1].height}"
    facts = [say("fields.count", lang, n=len(inside))]
    enlarged = sum(is_enlarged(plan.images[i]) for i in inside)
    if enlarged:
        facts.append(say("fields.enlarged", lang, n=enlarged))
    return (
        f'<details class="rw-bucket"{" open" if is_open else ""}>'
        f"<summary>{_shape(place[1])}<b>{esc(head)}</b><span>{esc(' · '.join(facts))}</span></summary>"
        f'<div class="rw-field">{figures}</div>{more}</details>'
    )


def _shape(size: Size) -> str:
    """A small outline of the bucket's shape."""
    longest = max(size) / 16
    return f'<i style="width:{size.width / longest:.0f}px;height:{size.height / longest:.0f}px"></i>'


def _label(plan: Plan, index: int, lang: Lang) -> str:
    return label(plan.images[index], lang, index in plan.held)


def _prompt(plan: Plan, row: Mapping[str, Any], index: int, lang: Lang) -> str:
    """The caption that is trained with its tokens."""
    return say("preview.caption", lang, text=plan.images[index].caption, n=row["tokens"])


def bucket_table(plan: Plan, lang: Lang) -> str:
    """The histogram, titled: a row for each bucket with its share of the samples as a bar."""
    headers = [
        say(f"preview.{name}", lang)
        for name in ("size", "share", "train", "reg", "samples", "batches", "cut")
    ]
    rows = bucket_rows(plan)
    has_several = len({row.dataset for row in rows}) > 1
    most = max((row.samples for row in rows), default=1) or 1
    cells = [
        (
            f"{row.dataset + 1} · " * has_several + f"{row.size.width} × {row.size.height}",
            Share(row.samples / most),
            row.train_images,
            row.reg_images,
            row.samples,
            row.batches,
            f"{row.cut:.0%}",
        )
        for row in rows
    ]
    title = f"<h4>{esc(say('fields.table', lang))}</h4>"
    return f'<section class="rw-sizes">{title}{table(headers, cells, frozenset({2, 3, 4, 5, 6}))}</section>'
