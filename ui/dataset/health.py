"""The health of the dataset as it is shown: each kind of trouble with its images, why, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.catalog import Words
from core.data.health.findings import Finding, can_stay_small
from core.data.names import short_name
from core.data.plan.plan import Plan
from core.errors import Lang
from ui.parts.images import figure
from ui.parts.markup import esc, note
from ui.text import say

SHOWN = 8
"""Images of a finding that are shown; the others are named."""

_NAMED = 20


def shown(findings: Sequence[Finding]) -> set[int]:
    """Indices of the images that are shown."""
    return {index for one in findings for group in _groups(one) for index in group}


@dataclass(frozen=True)
class Shown:
    """What findings are drawn with.

    files: thumbnails by image. limit: tokens a caption may have. wrap: puts what can be done to an image
    around it. cure: the button of a finding's cure, as HTML. all: that of all cures together.
    """

    plan: Plan
    files: Mapping[int, str]
    limit: int
    wrap: Callable[[int, str], str]
    cure: Callable[[Finding], str]
    all: str


def health_html(findings: Sequence[Finding], shown: Shown, lang: Lang) -> str:
    """A section with everything found."""
    plan = shown.plan
    images = len({image.path for image in plan.images})
    if not images and not findings:
        return ""
    is_good = all(one.tone == "plain" for one in findings)
    summary = say("health.good" if is_good else "health.some", lang, n=images)
    summary = note(summary, "good" if is_good else "plain")
    drawn = "".join(_finding(one, shown, lang) for one in findings)
    title = esc(say("health.title", lang))
    return f'<section class="rw-health"><h3>{title}</h3>{summary}{shown.all}{drawn}</section>'


def act(name: str, on: str, text: str) -> str:
    """A button that the preview answers to (script/images.js)."""
    about = f'data-preview-do="{esc(name)}" data-preview-on="{esc(on)}"'
    return f'<button type="button" class="rw-act" {about}>{esc(text)}</button>'


def _finding(one: Finding, shown: Shown, lang: Lang) -> str:
    plan = shown.plan
    key = f"health.{one.kind}"
    has_button = one.kind == "small" and can_stay_small(plan)
    button = act("set", "small", say("health.small.button", lang)) if has_button else ""
    drawn = "".join(_images(one, shown, lang))
    more = _more(one, plan, lang)
    listed = "".join(f"<li>{_file(path, reason.of(lang))}</li>" for path, reason in one.files[:_NAMED])
    is_open = " open" if one.tone != "plain" else ""
    return (
        f'<details class="rw-finding is-{one.tone}" data-fold="{one.kind}"{is_open}>'
        f"<summary><b>{one.count}</b><span>{esc(say(key, lang))}</span></summary>"
        f"<p>{esc(say(f'{key}.why', lang, limit=shown.limit))} {button}</p>"
        + (f"<ul>{listed}</ul>" if listed else "")
        + (f'<div class="rw-field">{drawn}</div>' if drawn else "")
        + f"{more}{shown.cure(one)}</details>"
    )


def _file(path: Path, reason: str) -> str:
    """Why a file is no image, with its folder and name in the place of the whole path."""
    name = esc(short_name(path))
    text = esc(reason.replace(str(path), short_name(path)))
    return text.replace(name, f"<b>{name}</b>", 1) if name in text else f"<b>{name}</b> {text}"


def _more(one: Finding, plan: Plan, lang: Lang) -> str:
    """The names of the images that are not shown, as far as a user reads them."""
    drawn = {index for group in _groups(one) for index in group}
    rest = [plan.images[i].path.name for group in one.groups for i in group if i not in drawn]
    rest += [path.name for path, _ in one.files[_NAMED:]]
    if not rest:
        return ""
    names = ", ".join(rest[:_NAMED]) + (" …" if rest[_NAMED:] else "")
    return f'<p class="rw-left">{esc(say("health.more", lang, n=len(rest), names=names))}</p>'


def _images(one: Finding, shown: Shown, lang: Lang) -> Iterator[str]:
    plan, files = shown.plan, shown.files
    for group in _groups(one):
        figures = "".join(
            shown.wrap(
                i,
                figure(files[i], short_name(plan.images[i].path), one.details.get(i, Words("", "")).of(lang)),
            )
            for i in group
            if i in files
        )
        yield f'<div class="rw-copies">{figures}</div>' if len(group) > 1 else figures


def _groups(one: Finding) -> list[tuple[int, ...]]:
    """The groups that are shown: whole ones while there is room, a very large one cut."""
    result: list[tuple[int, ...]] = []
    room = SHOWN
    for group in one.groups:
        if room < min(2, len(group)):
            break
        result.append(group[:room])
        room -= len(group)
    return result
