"""The folders of a dataset as a list: words, repeats, used or not, each changed in the page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.data.curate.curation import Curation
from core.data.intake import folder_name
from core.data.names import EXCLUDED, is_image, parse
from core.data.plan.plan import Plan
from core.data.undo import Outcome
from core.errors import Lang, UserError
from ui.dataset.image_acts import Asked, key_of
from ui.parts.markup import esc
from ui.text import say

_HEADERS = (
    *("folders.on", "preview.folder", "preview.kind", "folders.identifier", "folders.class"),
    *("preview.repeats", "preview.images", "preview.samples"),
)
_NUMBERS = frozenset({6, 7})


@dataclass(frozen=True)
class Concept:
    """A folder such as `20_sls frog`. used: samples of an epoch. is_open: whether it may be renamed here."""

    path: Path
    repeats: int
    words: str
    is_reg: bool
    images: int
    used: int
    is_on: bool = True
    is_open: bool = False
    dataset: str = ""

    @property
    def parts(self) -> tuple[str, str]:
        """Identifier and class; a regularization folder has a class only."""
        first, _, rest = self.words.partition(" ")
        return ("", self.words) if self.is_reg else (first, rest)


def concepts(plan: Plan, record: Sequence[Mapping[str, Any]], may: Callable[[Path], bool]) -> list[Concept]:
    """The folders of a plan, then those that are switched off. record: the plan's folders as JSON values."""
    named = not plan.config.dataset_config and not plan.config.in_json
    parents = {Path(text): is_reg for text, is_reg in _parents(plan) if named}
    used = [
        Concept(
            path := Path(row["path"]),
            row["repeats"],
            row["prompt"],
            row["is_reg"],
            row["images"],
            row["used_per_epoch"],
            is_open=path.parent in parents and may(path),
            dataset=f"{row['dataset'] + 1} · " if "dataset" in row else "",
        )
        for row in record
    ]
    return used + [one for parent, is_reg in parents.items() for one in _switched_off(parent, is_reg, may)]


def _parents(plan: Plan) -> list[tuple[str, bool]]:
    config = plan.config
    return [
        (text, is_reg)
        for text, is_reg in ((config.train_data_dir, False), (config.reg_data_dir, True))
        if text
    ]


def _switched_off(parent: Path, is_reg: bool, may: Callable[[Path], bool]) -> list[Concept]:
    try:
        folders = sorted(path for path in (parent / EXCLUDED).iterdir() if path.is_dir())
    except OSError:
        return []
    found = []
    for path in folders:
        named = parse(path.name)
        if named is not None:
            images = sum(is_image(file) for file in path.iterdir())
            found.append(Concept(path, *named, is_reg, images, 0, is_on=False, is_open=may(path)))
    return found


def concepts_html(rows: Sequence[Concept], lang: Lang) -> str:
    """The list, with fields where a folder may be changed."""
    heads = "".join(
        f'<th class="{"is-number" if n in _NUMBERS else "is-text"}">{esc(say(key, lang))}</th>'
        for n, key in enumerate(_HEADERS)
    )
    body = "".join(_row(one, lang) for one in rows)
    return (
        f'<div class="rw-table rw-concepts"><table><thead><tr>{heads}<th></th></tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _row(one: Concept, lang: Lang) -> str:
    name = one.path.name
    kind = say("preview.reg" if one.is_reg else "preview.train", lang)
    on = esc(say("folders.on.label", lang, name=name))
    box = (
        f'<input type="checkbox" data-folder-on aria-label="{on}"{" checked" * one.is_on}'
        f"{'' if one.is_open else ' disabled'}>"
    )
    used = f"{one.used:,}" if one.is_on else say("folders.off", lang)
    button = ""
    if one.is_open and one.is_on:
        words = esc(say("folders.rename", lang))
        button = f'<button type="button" class="rw-act is-main" data-folder-rename hidden>{words}</button>'
    cells = [
        (box, ""), (esc(f"{one.dataset}{name}"), ""), (esc(kind), ""), *_words(one, lang),
        (f"{one.images:,}", "is-number"), (esc(used), "is-number"), (button, ""),
    ]  # fmt: skip
    drawn = "".join(f'<td class="{style or "is-text"}">{cell}</td>' for cell, style in cells)
    return f'<tr data-folder-key="{key_of(one.path)}" class="{"" if one.is_on else "is-off"}">{drawn}</tr>'


def _words(one: Concept, lang: Lang) -> list[tuple[str, str]]:
    """The cells of identifier, class and repeats: fields where they may be changed."""
    identifier, class_ = one.parts
    values = {"identifier": identifier, "class": class_, "repeats": str(one.repeats)}
    labels = {"identifier": "folders.identifier", "class": "folders.class", "repeats": "preview.repeats"}
    cells = []
    for field, value in values.items():
        is_fixed = not (one.is_open and one.is_on) or (one.is_reg and field == "identifier")
        label = f"{say(labels[field], lang)}: {one.path.name}"
        cell = (
            esc(value)
            if is_fixed
            else (
                f'<input data-folder-field="{field}" value="{esc(value)}" aria-label="{esc(label)}" '
                f'autocomplete="off" spellcheck="false"{" inputmode=numeric" * (field == "repeats")}>'
            )
        )
        cells.append((cell, "is-number" if is_fixed and field == "repeats" else ""))
    return cells


def act(asked: Asked, rows: Sequence[Concept], curation: Curation, masks: str | None) -> Outcome | None:
    """Rename a folder, or switch it off or on; None where the act is about no folder of the list.

    masks: the folder of loss masks, where a folder of the same name is renamed with it. Raises UserError.
    """
    one = next((one for one in rows if one.is_open and key_of(one.path) in asked.keys), None)
    if one is None or one.is_on == (asked.do == "on"):
        return None
    if asked.do == "off":
        return curation.rename("off", [(one.path, one.path.parent / EXCLUDED / one.path.name)])
    if asked.do == "on":
        return curation.rename("on", [(one.path, one.path.parent.parent / one.path.name)])
    values = asked.values or {}
    words = ("" if one.is_reg else values.get("identifier", ""), values.get("class", ""))
    faults = folder_name.problems(values.get("repeats"), *words)
    if faults:
        raise UserError(*faults)
    name = folder_name.folder_name(folder_name.whole(values.get("repeats")), *words)
    pairs = [(one.path, one.path.with_name(name))]
    beside = Path(masks) / one.path.name if masks else None
    if beside is not None and beside.is_dir():
        pairs.append((beside, beside.with_name(name)))
    return curation.rename("name", pairs) if pairs[0][0] != pairs[0][1] else None
