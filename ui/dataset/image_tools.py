"""How the acts on images are drawn: a box and a menu for each image, the bar below them, what is left out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from core.catalog import Size
from core.counting import size_text
from core.data.undo import Change
from core.errors import Lang
from core.trash import Held
from ui.dataset.image_acts import key_of
from ui.parts.images import figure
from ui.parts.markup import esc, leads_to
from ui.text import say

MENU = ("exclude", "trash", "left", "right", "crop", "mask")
_MANY = ("exclude", "trash", "left", "right")
_ALONE = ("include", "trash")
"""Acts on an excluded image."""

_WORDS = (
    *("images.cancel", "crop.title", "crop.help", "crop.ratio", "crop.free", "crop.apply", "mask.title"),
    *("mask.help", "mask.brush", "mask.eraser", "mask.size", "mask.fill", "mask.clear", "mask.invert"),
    *("mask.undo", "mask.apply", "images.selected"),
)


def tile(drawn: str, path: Path, size: Size, plain: str, mask: str, lang: Lang) -> str:
    """A drawn image with its box and menu. plain, mask: addresses of both at full view, mask "" for none."""
    name = esc(path.name)
    return (
        f'<div class="rw-image-tile" data-key="{key_of(path)}" data-name="{name}" data-plain="{esc(plain)}" '
        f'data-mask="{esc(mask)}" data-pixels="{size.width} {size.height}">'
        f'<input type="checkbox" data-pick aria-label="{esc(say("images.select", lang, name=path.name))}">'
        f"{dots(path, lang)}{drawn}</div>"
    )


def dots(path: Path, lang: Lang) -> str:
    """The button that opens the menu of an image."""
    label = esc(say("images.menu", lang, name=path.name))
    about = f'data-menu aria-haspopup="menu" aria-label="{label}"'
    return f'<button type="button" class="rw-dots" {about}>⋯</button>'


def menu_words(has_mask: bool, lang: Lang) -> str:
    """What script/images.js is to know of the menu and its dialogs, as attributes."""
    menu = {act: say(f"images.{act}", lang) for act in MENU if has_mask or act != "mask"}
    words = {key: say(key, lang, **({"name": "#"} if "title" in key else {})) for key in _WORDS}
    return f'data-menu-words="{esc(json.dumps(menu))}" data-image-words="{esc(json.dumps(words))}"'


def tools_html(last: Change | None, said: str, has_mask: bool, lang: Lang, in_trash: Held) -> str:
    """The bar below the images: what can be done to those that are selected, and the last act with Undo.

    said: HTML about the act just done. has_mask: whether masks can be painted. in_trash: what lies there.
    """
    buttons = "".join(_button(act, say(f"images.{act}", lang)) for act in _MANY)
    buttons += (
        f'<button type="button" class="rw-act" data-select="all">{esc(say("images.all", lang))}</button>'
    )
    buttons += f'<button type="button" class="rw-act" data-select="">{esc(say("images.none", lang))}</button>'
    last_act = _last(last, lang) + _trash(in_trash, lang)
    return (
        f'<div class="rw-image-bar" {menu_words(has_mask, lang)}>'
        f'<div class="rw-image-acts" data-chosen hidden><b data-count></b>{buttons}</div>'
        f'<div class="rw-image-last" role="status">{said}{last_act}</div></div>'
    )


def _last(last: Change | None, lang: Lang) -> str:
    if last is None:
        return ""
    about = last.about or say("images.files", lang, n=len(last.files))
    text = say("captions.about", lang, what=say(f"images.kind.{last.kind}", lang), about=about)
    at = time.strftime("%H:%M", time.localtime(last.at))
    undo = _button("undo", say("images.undo", lang), str(last.number))
    return f"<p><span>{esc(text)} <em>{at}</em></span>{undo}</p>"


def _trash(held: Held, lang: Lang) -> str:
    """How much lies in the trash, and the way to the card that empties it."""
    if not held.files:
        return ""
    told = say("trash.held", lang, n=held.files, size=size_text(held.bytes))
    way = f'<button type="button" class="rw-act is-quiet" {leads_to("trash-card", "tools")}>'
    empty = f"{way}{esc(say('trash.empty', lang))}</button>"
    return f"<p><span>{esc(say('trash.line', lang, held=told))}</span>{empty}</p>"


def _button(act: str, text: str, on: str = "", style: str = "") -> str:
    return (
        f'<button type="button" class="rw-act {style}" data-image-do="{esc(act)}" data-image-on="{esc(on)}">'
        f"{esc(text)}</button>"
    )


def excluded_html(
    found: Mapping[Path, Sequence[Path]],
    thumb: Callable[[Path], str],
    may: Callable[[Path], bool],
    lang: Lang,
) -> str:
    """The images that are left out, folder by folder. thumb: a small image's file, "" where there is none."""
    drawn = "".join(
        _left_out(path, thumb(path), may(folder), lang) for folder, paths in found.items() for path in paths
    )
    if not drawn:
        return ""
    n = sum(len(paths) for paths in found.values())
    count = esc(say("fields.count", lang, n=n))
    return (
        '<details class="rw-bucket is-excluded" data-fold="excluded">'
        f"<summary><b>{esc(say('images.excluded', lang))}</b><span>{count}</span></summary>"
        f"<p>{esc(say('images.excluded.why', lang))}</p>"
        f'<div class="rw-field">{drawn}</div></details>'
    )


def _left_out(path: Path, file: str, is_open: bool, lang: Lang) -> str:
    shown = figure(file, path.name) if file else f'<p class="rw-left">{esc(path.name)}</p>'
    buttons = "".join(_button(act, say(f"images.{act}", lang)) for act in _ALONE) if is_open else ""
    inner = f'{shown}<div class="rw-acts">{buttons}</div>'
    return f'<div class="rw-image-tile" data-key="{key_of(path)}">{inner}</div>'


def cure_html(kind: str, act: str, paths: Sequence[Path], lang: Lang) -> str:
    """The button of a cure, which opens its plan: what happens to which files, and one to do it."""
    names = "".join(f"<li>{esc(name)}</li>" for name in listed(paths, lang))
    summary = esc(say(f"cure.{act}", lang, n=len(paths)))
    return (
        f'<details class="rw-cure" data-fold="cure-{kind}"><summary class="rw-act">{summary}</summary>'
        '<div class="rw-plan">'
        f"<p>{esc(say(f'cure.plan.{act}', lang))}</p><ul>{names}</ul>"
        f"{_button('cure', say('cure.do', lang), kind, 'is-main')}</div></details>"
    )


def cure_all_html(plans: Iterable[tuple[str, int]], lang: Lang) -> str:
    """All cures at once, with how many files each is about. plans: act and number of files."""
    lines = "".join(f"<li>{esc(say(f'cure.{act}', lang, n=n))}</li>" for act, n in plans)
    summary = esc(say("cure.all", lang))
    return (
        f'<details class="rw-cure" data-fold="cure-all"><summary class="rw-act">{summary}</summary>'
        f'<div class="rw-plan"><ul>{lines}</ul>{_button("cure", say("cure.do", lang), "all", "is-main")}'
        "</div></details>"
    )


_NAMED = 12


def listed(paths: Sequence[Path], lang: Lang) -> list[str]:
    """The names of files, the first ones of many."""
    names = [path.name for path in paths[:_NAMED]]
    return [*names, say("make.more", lang, n=len(paths) - _NAMED)] if len(paths) > _NAMED else names


def captions_html(show: str, lang: Lang) -> str:
    """A button that opens the caption card with these captions alone."""
    which = say(
        "captions.about", lang, what=say("cure.captions", lang), about=say(f"captions.show.{show}", lang)
    )
    button = f'<button type="button" class="rw-act" data-captions-of="{esc(show)}">{esc(which)}</button>'
    return f'<p class="rw-acts">{button}</p>'


def copy_html(source: str, lang: Lang) -> str:
    """A button that enters a folder as the source of the card that copies images."""
    text = esc(say("cure.copy", lang))
    button = f'<button type="button" class="rw-act" data-copy-from="{esc(source)}">{text}</button>'
    return f'<p class="rw-acts">{button}</p>'
